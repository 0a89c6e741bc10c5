"""Snippets with their labels under them, as ``show_labels`` prints them."""

import numpy as np

from rnn_research.concepts import labels

_VALUES = {" ": 0, "#": 1} | {digit: i for i, digit in enumerate("0123456789abcdefghijklmnopqrstuvwxyz")}


def check(name: str, *rows: str, end: str = "\n", language: str = "") -> None:
    """Holds a concept to its labels.

    Args:
      name: the concept's full name.
      rows: a line of text, then its labels, and so on: ``#`` is 1, a digit itself, a blank 0. The
        label behind the line's end is that of its line break; blanks at the end may be left out.
      end: how lines end; all of its characters have the same label. The last line has none if
        its labels are as long as itself and end in ``|``.
      language: for concepts of code.
    """
    text, expected = "", []
    for line, marks in zip(rows[::2], rows[1::2], strict=True):
        last = marks.endswith("|")
        marks = marks.removesuffix("|").ljust(len(line) + 1)
        assert len(marks) == len(line) + 1, f"labels too long: {marks!r}"
        text += line if last else line + end
        expected += [_VALUES[m] for m in marks[:-1]] + ([] if last else [_VALUES[marks[-1]]] * len(end))
    (concept,) = labels(text, [name], language=language)
    shown = "".join("# "[not v] if v < 2 else format(v, "d")[-1] for v in concept.labels_N.astype(int))
    np.testing.assert_array_equal(concept.labels_N, expected, err_msg=f"{text!r}\n{shown!r}")
