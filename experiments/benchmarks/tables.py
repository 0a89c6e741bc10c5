"""Markdown tables that can also be read on a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The first column stands to the left, all others to the right."""
    lines = [list(head), *([str(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        [line[0].ljust(widths[0]), *(v.rjust(w) for v, w in zip(line[1:], widths[1:], strict=True))] for line in lines
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [aligned[0], rule, *aligned[1:]])


def number(value: float) -> str:
    """Three figures."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def between(row: dict[str, Any], key: str) -> str:
    """``1.52 [1.47, 1.6]``: a median and its range over the rounds."""
    median, least, most = (number(row[f"{key}_{part}"]) for part in ("median", "least", "most"))
    return f"{median} [{least}, {most}]"


def figures(values: dict[str, Any]) -> str:
    """Plain numbers by name."""
    rows = [(key, number(value)) for key, value in values.items() if isinstance(value, int | float)]
    return table(("figure", "value"), rows)
