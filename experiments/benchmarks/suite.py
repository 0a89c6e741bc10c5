"""What a suite is, and what part of it a user asks for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from experiments.benchmarks.case import Shape
from experiments.benchmarks.tables import figures

Say = Callable[[str], None]
"""Is told how it goes."""


class Options(NamedTuple):
    """The flags.

    Attributes:
      shapes: those to measure; None: the suite's own.
      cells: the same.
      dtype: float32 or bfloat16.
      rounds: the most that a comparison makes.
    """

    shapes: tuple[Shape, ...] | None = None
    cells: tuple[str, ...] | None = None
    dtype: str = "float32"
    rounds: int = 15


class Suite(NamedTuple):
    """One suite.

    Attributes:
      measure: ``(options, say) -> results``, ready for JSON.
      shown: ``results -> Markdown``.
      draw: ``(results, path)``, a figure of them, or None.
    """

    measure: Callable[[Options, Say], dict[str, Any]]
    shown: Callable[[dict[str, Any]], str] = figures
    draw: Callable[[dict[str, Any], Path], None] | None = None


def plain(measure: Callable[[], dict[str, Any]]) -> Suite:
    """A suite without options, whose results are numbers by name."""
    return Suite(lambda options, say: measure())
