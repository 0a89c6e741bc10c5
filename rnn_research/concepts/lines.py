"""Where in its line the reader stands. A line ends in a line feed, and after that one is on the next line."""

import numpy as np

from rnn_research.concepts.concept import Concept, binary, codes, count

TAB = 8  # a tab leads to the next multiple, as in Python's own reading of indentation
NEAR = 5


class _Lines:
    """The lines of a text; ``L`` of them.

    Attributes:
      start_L: where each begins.
      indented_L: where its white space at the start ends.
      blank_L: whether it holds nothing else.
      line_N: the line on which one is after reading each position.
    """

    def __init__(self, text: str):
        code_N = codes(text)
        feed_N = code_N == ord("\n")
        self.start_L = np.concatenate([[0], np.flatnonzero(feed_N) + 1])
        written = np.flatnonzero((code_N != ord(" ")) & (code_N != ord("\t")))
        written = np.append(written, len(code_N))
        self.indented_L = written[np.searchsorted(written, self.start_L)]
        after_L = np.append(code_N, ord("\n"))[self.indented_L]
        self.blank_L = (after_L == ord("\n")) | (after_L == ord("\r"))
        self.line_N = np.cumsum(feed_N)


def indentation(text: str) -> Concept:
    """Columns of white space at the start of the line, of those that have been read."""
    lines = _Lines(text)
    start_N, end_N = lines.start_L[lines.line_N], lines.indented_L[lines.line_N]
    columns_N = np.minimum(np.arange(1, len(text) + 1), end_N) - start_N
    for start, end in zip(lines.start_L, lines.indented_L) if "\t" in text else ():
        if "\t" in text[start:end]:
            column = 0
            for t in range(start, end):
                column = (column // TAB + 1) * TAB if text[t] == "\t" else column + 1
                columns_N[t] = column
            columns_N[end : _end_of_line(text, int(end))] = column
    return count("indentation", columns_N, "Columns of white space read at the line's start; a tab goes to the next 8.")


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def spaces_owed(text: str, in_string_N: np.ndarray | None = None) -> Concept:
    """White space of the line's indentation that is still to be written.

    Args:
      text: the text.
      in_string_N: where one is inside a string; a line that begins there has no indentation.
    """
    lines = _Lines(text)
    due_L = ~lines.blank_L
    if in_string_N is not None and len(text):
        due_L[1:] &= ~in_string_N[lines.start_L[1:] - 1]
    owed_N = lines.indented_L[lines.line_N] - np.arange(1, len(text) + 1)
    owed_N = np.where(due_L[lines.line_N], np.maximum(owed_N, 0), 0)
    return count(
        "spaces_owed",
        owed_N,
        "Characters of the line's indentation still to come; none in blank lines and in strings.",
        ahead=True,
    )


def since_line_break(text: str) -> Concept:
    """How long ago the last line break was."""
    lines = _Lines(text)
    since_N = np.arange(1, len(text) + 1) - lines.start_L[lines.line_N]
    return count("since_line_break", since_N, "Characters read since the last line break, or since the text began.")


def line_position(text: str) -> Concept:
    """The place of each character in its line."""
    lines = _Lines(text)
    t = np.arange(len(text))
    own_line_N = lines.line_N - (codes(text) == ord("\n"))
    return count(
        "line_position", t - lines.start_L[own_line_N] + 1, "Place in the line, from 1; a line break is the last."
    )


def line_break_near(text: str, near: int = NEAR) -> Concept:
    """Whether the next line break is among the next ``near`` characters."""
    t = np.arange(len(text))
    feeds = np.append(np.flatnonzero(codes(text) == ord("\n")), len(text) + near + 1)
    nearest_N = feeds[np.searchsorted(feeds, t, side="right")]
    return binary("line_break_near", nearest_N - t <= near, f"A line break is among the next {near} characters.", True)
