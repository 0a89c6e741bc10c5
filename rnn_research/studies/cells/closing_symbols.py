"""Which symbol closes a concept at each place, and how far its opening lies back.

A quote closes with the quote that opened it, a bracket with its own kind, a comment with the line
break. The opening is where the concept began to hold: of nested brackets the outermost.
"""

from typing import NamedTuple

import numpy as np

from rnn_research.concepts import Concept
from rnn_research.tasks.text.vocabulary import OF_WORDS, OUTSIDE, Vocabulary, split

_ANY = ""  # whatever opened it
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "»": "«", "‘": "’", "「": "」"}  # noqa: RUF001
_BRACKETS = {"in_parentheses": {"(": ")"}, "in_brackets": {"[": "]"}, "in_braces": {"{": "}"}}

CLOSED_BY: dict[str, dict[str, str]] = {
    **{f"{group}.{name}": pair for group in ("python", "code") for name, pair in _BRACKETS.items()},
    "python.in_string": _QUOTES,
    "python.in_triple_quotes": _QUOTES,
    "python.in_comment": {"#": "\n"},
    "python.in_if_header": {_ANY: ":"},
    "python.in_def_header": {_ANY: ":"},
    "code.in_string": {**_QUOTES, "`": "`"},
    "code.in_comment": {"#": "\n", "%": "\n", ";": "\n"},
    "prose.in_quotes": _QUOTES,
    "prose.in_parentheses": {"(": ")"},
    "prose.since_line_break": {_ANY: "\n"},
    "markdown.code": {"`": "`"},
    "markdown.heading": {_ANY: "\n"},
    "markdown.emphasis": {"*": "*", "_": "_"},
    "markdown.link_text": {"[": "]"},
    "markdown.link_url": {"(": ")"},
    "xml.tag": {"<": ">"},
    "xml.value": _QUOTES,
    "latex.inline_math": {"$": "$"},
    "latex.in_braces": {"{": "}"},
    "latex.comment": {"%": "\n"},
}
"""By a concept's name: the character that it opens with, and the one that closes it."""


class Closes(NamedTuple):
    """For every position of a text.

    Attributes:
      symbol_N: the symbol that would close what is open here; ``OUTSIDE`` where nothing is.
      distance_N: how far the next symbol is from the opening, from 1; 0 where nothing is open.
      ends_N: the next symbol does close it.
    """

    symbol_N: np.ndarray
    distance_N: np.ndarray
    ends_N: np.ndarray


def closing_symbols(concept: Concept, text: bytes, vocabulary: Vocabulary) -> Closes | None:
    """What closes a concept.

    Args:
      concept: with one label a symbol of the text.
      text: the text.
      vocabulary: of bytes or code points.

    Returns:
      None for a concept that no one symbol closes, or that never opens with a symbol of the table;
      also for a vocabulary of words.
    """
    pairs = CLOSED_BY.get(concept.name)
    if pairs is None or vocabulary.level in OF_WORDS:
        return None
    characters = split(text, vocabulary.level)
    N, t = len(characters), np.arange(len(characters))
    if concept.kind == "count":  # characters since the opening
        open_N, start_N = np.ones(N, bool), t - concept.labels_N
        ends_N = np.append(concept.labels_N[1:] == 0, False)
    else:
        open_N = np.asarray(concept.labels_N, bool)
        begins_N = open_N & ~np.concatenate([[False], open_N[:-1]])
        start_N = np.maximum.accumulate(np.where(begins_N, t, 0))
        ends_N = open_N & np.append(~open_N[1:], False)
    index = {symbol: i for i, symbol in enumerate(vocabulary.symbols)}
    starts = np.unique(start_N[open_N])
    closers = [pairs.get(characters[start], pairs.get(_ANY, "")) for start in starts]
    closer_S = np.array([index.get(closer, OUTSIDE) for closer in closers], np.int32)
    symbol_N = np.full(N, OUTSIDE, np.int32)
    symbol_N[open_N] = closer_S[np.searchsorted(starts, start_N[open_N])]
    closable_N = symbol_N != OUTSIDE
    if not closable_N.any():
        return None
    # A document or a paragraph can end what nothing closes.
    follows_N = np.append([index.get(symbol, OUTSIDE) for symbol in characters[1:]], OUTSIDE)
    return Closes(symbol_N, np.where(closable_N, t - start_N + 1, 0), ends_N & closable_N & (follows_N == symbol_N))
