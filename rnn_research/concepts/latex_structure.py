r"""What is open at each place of a LaTeX text: environments, mathematics, quotes, told piece by piece."""

import re
from bisect import bisect_left
from collections import defaultdict

import numpy as np

from rnn_research.concepts.concept import Concept, count
from rnn_research.concepts.spans import running

DISPLAYS = frozenset(
    {
        *("equation", "displaymath", "dmath", "eqnarray", "IEEEeqnarray", "gather", "multline"),
        *("align", "alignat", "flalign", "xalignat"),
    }
)
"""Environments that set mathematics apart; each also with a star."""
_END = re.compile(r"\\end[ ]*\{([^{}\n]*)\}")


class Environments:
    r"""Environments by their ``\begin`` and ``\end``.

    Attributes:
      displays: from the ``}`` of a ``\begin`` of ``DISPLAYS`` to behind that of its ``\end``.
    """

    def __init__(self, text: str) -> None:
        self.displays: list[tuple[int, int]] = []
        self._ends: defaultdict[str, list[int]] = defaultdict(list)
        for found in _END.finditer(text):
            self._ends[found[1]].append(found.start())
        self._stack: list[tuple[str, int]] = []
        self._positions: list[int] = []
        self._changes: list[int] = []

    def begin(self, name: str, end: int) -> bool:
        r"""Reads a ``\begin``; without an ``\end`` it opens nothing. Returns whether it does."""
        opens = bool(self._ends[name]) and self._ends[name][-1] >= end
        if opens:
            self._stack.append((name, end - 1))
            self._positions.append(end - 1)
            self._changes.append(1)
        return opens

    def next_end(self, name: str, position: int) -> int:
        r"""Where the next ``\end`` of this name begins; there is one."""
        return self._ends[name][bisect_left(self._ends[name], position)]

    def end(self, name: str, end: int) -> None:
        r"""Reads an ``\end``, which also ends what is still open within."""
        if name in [opened for opened, _ in self._stack]:
            opened, at = self._stack.pop()
            closed = 1
            while opened != name:
                opened, at = self._stack.pop()
                closed += 1
            self._positions.append(end - 1)
            self._changes.append(-closed)
            if name.rstrip("*") in DISPLAYS:
                self.displays.append((at, end))

    def depth(self, N: int) -> Concept:
        """How many are open after each of ``N`` positions."""
        depth_N = running(N, np.array(self._positions, np.int64), np.array(self._changes))
        return count("environment_depth", depth_N, r"Environments that are open, each from the } of its \begin on.")

    @property
    def displayed(self) -> bool:
        """Whether one is within displayed mathematics."""
        return any(name.rstrip("*") in DISPLAYS for name, _ in self._stack)


class Mathematics:
    r"""Mathematics between ``$``, ``$$``, ``\( \)`` and ``\[ \]``.

    Attributes:
      inlines, displays: from the first character of what opens to behind the last of what closes.
    """

    def __init__(self) -> None:
        self.inlines: list[tuple[int, int]] = []
        self.displays: list[tuple[int, int]] = []
        self._displayed = False
        self._open: tuple[str, int] | None = None

    @property
    def open(self) -> bool:
        """Whether some is open, closed later or not."""
        return self._displayed or self._open is not None

    def within(self, displayed: bool) -> None:
        """At the edge of an environment; within displayed mathematics no other is read."""
        self._displayed = displayed
        if displayed:
            self._open = None

    def dollar(self, start: int, end: int) -> None:
        """Reads ``$`` or ``$$``; within inline mathematics ``$$`` ends it and begins another."""
        if self._displayed:
            return
        if self._open is None:
            self._open = ("$" * (end - start), start)
        elif self._open[0] == "$":
            self.inlines.append((self._open[1], start + 1))
            self._open = ("$", start + 1) if end - start == 2 else None
        elif self._open[0] == "$$" and end - start == 2:
            self.displays.append((self._open[1], end))
            self._open = None

    def bracket(self, symbol: str, start: int) -> None:
        r"""Reads what stands behind the backslash: one of ``( ) [ ]``."""
        if self._displayed:
            return
        if self._open is None and symbol in "([":
            self._open = (symbol, start)
        elif self._open is not None and self._open[0] + symbol in ("()", "[]"):
            (self.inlines if symbol == ")" else self.displays).append((self._open[1], start + 2))
            self._open = None

    def paragraph(self) -> None:
        """At a blank line; what is open was never opened."""
        self._open = None


class Quotes:
    """Quotes of TeX: two backquotes, one, or babel's; apostrophes close nothing.

    Attributes:
      spans: the outermost, from the first character of what opens to behind the last of what closes.
    """

    def __init__(self, text: str) -> None:
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._double: int | None = None
        self._single: int | None = None

    def read(self, marks: str, start: int) -> None:
        """Reads a run of equal marks, or one of babel's."""
        if marks[-1] == "`":
            if len(marks) > 1 and self._double is None:
                self._double = start
            if marks in ("`", "```"):
                self._single = start + len(marks) - 1
            return
        if marks[0] == "'" and len(marks) % 2 and self._single is not None and not self._apostrophe(marks, start):
            self.spans.append((self._single, start + 1))
            self._single = None
            start, marks = start + 1, marks[1:]
        if len(marks) >= 2 or marks == '"':
            self._close_double(start + min(2, len(marks)))

    def paragraph(self, end: int) -> None:
        """At the end of a paragraph, where a double quote that is open ends; a single one was none."""
        if self._double is not None:
            self.spans.append((self._double, end + 1))
        self._double = self._single = None

    def _close_double(self, end: int) -> None:
        if self._double is not None:
            self.spans.append((self._double, end))
        self._double = self._single = None

    def _apostrophe(self, marks: str, start: int) -> bool:
        around = self._text[max(0, start - 1) : start], self._text[start + 1 : start + 2]
        return marks == "'" and all(side.isalnum() for side in around)
