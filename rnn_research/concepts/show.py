"""A text with its labels under it, for the eye."""

import unicodedata

from rnn_research.concepts.concept import Concept

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_VISIBLE = {"\n": "↵", "\t": "→", "\r": "␍"}


def show_labels(text: str, concept: Concept, width: int = 100) -> str:
    """The lines of the text, each with a row of labels under it.

    A binary label is ``#``; a count is a digit in base 36, with ``+`` for 36 and more; a
    category is its index in base 36, named in the first line. No mark is 0.

    Args:
      text: the text, one label a character.
      concept: whose labels.
      width: columns after which a line is broken.

    Raises:
      ValueError: if there are more or fewer labels than characters.
    """
    if len(text) != len(concept.labels_N):
        raise ValueError(f"{len(concept.labels_N)} labels for {len(text)} characters")
    rows = [f"{concept.name}: {concept.description}"]
    if concept.classes:
        rows.append(" ".join(f"{mark}={name}" for mark, name in zip(_DIGITS, concept.classes)))
    upper, lower = "", ""
    for symbol, label in zip(text, concept.labels_N.tolist()):
        shown = _visible(symbol)
        columns = 2 if unicodedata.east_asian_width(shown) in "WF" else 1
        if len(lower) + columns > width:
            rows += [upper, lower.rstrip()]
            upper, lower = "", ""
        upper += shown
        lower += _mark(concept.kind, label).ljust(columns)
        if symbol == "\n":
            rows += [upper, lower.rstrip()]
            upper, lower = "", ""
    return "\n".join([*rows, upper, lower.rstrip()] if upper else rows)


def _visible(symbol: str) -> str:
    if symbol in _VISIBLE:
        return _VISIBLE[symbol]
    return symbol if symbol.isprintable() and not unicodedata.combining(symbol) else "·"


def _mark(kind: str, label: int) -> str:
    if not label:
        return " " if kind != "categorical" else "0"
    if kind == "binary":
        return "#"
    return _DIGITS[label] if label < len(_DIGITS) else "+"
