"""Brackets that are open after each character, in text whose brackets may not match."""

import numpy as np

from rnn_research.concepts.concept import Concept, binary, count
from rnn_research.concepts.spans import running

OPENING = {")": "(", "]": "[", "}": "{"}
NAMES = {"(": "parentheses", "[": "brackets", "{": "braces"}


class Nesting:
    """Reads brackets in order.

    A closing bracket closes the nearest one of its kind, and whatever was left open
    within it; without one of its kind it is passed over.

    Attributes:
      stack: the brackets that are open.
    """

    def __init__(self) -> None:
        self.stack: list[str] = []
        self._changes: dict[str, tuple[list[int], list[int]]] = {bracket: ([], []) for bracket in NAMES}

    def open(self, bracket: str, position: int) -> None:
        """Reads an opening bracket."""
        self.stack.append(bracket)
        self._change(bracket, position, 1)

    def close(self, bracket: str, position: int) -> None:
        """Reads a closing bracket."""
        opening = OPENING[bracket]
        while opening in self.stack:
            last = self.stack.pop()
            self._change(last, position, -1)
            if last == opening:
                return

    def clear(self, position: int) -> None:
        """From ``position`` on nothing is open."""
        while self.stack:
            self._change(self.stack.pop(), position, -1)

    def _change(self, bracket: str, position: int, change: int) -> None:
        positions, changes = self._changes[bracket]
        positions.append(position)
        changes.append(change)

    def concepts(self, N: int) -> list[Concept]:
        """``in_parentheses``, ``in_brackets``, ``in_braces`` and ``nesting_depth`` over ``N`` positions."""
        depths = {b: running(N, np.array(p, np.int64), np.array(c)) for b, (p, c) in self._changes.items()}
        inside = [
            binary(f"in_{NAMES[b]}", depth_N > 0, f"A {b} is open: it counts, its closing bracket does not.")
            for b, depth_N in depths.items()
        ]
        return [*inside, count("nesting_depth", np.sum(list(depths.values()), axis=0), "How many ( [ { are open.")]
