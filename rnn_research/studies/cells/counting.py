"""Cells, each counted once: its h, its c and all of its gates are one cell."""

from collections.abc import Sequence

import numpy as np

from rnn_research.analysis.units.unit import Unit


def cells_of(units: Sequence[Unit]) -> np.ndarray:
    """The number of the cell that each unit belongs to, layer by layer, ``[U]``."""
    number = {place: i for i, place in enumerate(_places(units))}
    return np.array([number[unit.layer, unit.index] for unit in units], np.int64)


def names_of_cells(cells: Sequence[int], units: Sequence[Unit]) -> list[str]:
    """``layer1[37]`` and the like, for numbers of ``cells_of``."""
    places = _places(units)
    return [f"layer{places[cell][0] + 1}[{places[cell][1]}]" for cell in cells]


def number_of_cells(holds_U: np.ndarray, units: Sequence[Unit]) -> int:
    """How many cells have a property in one unit or more; arguments as of ``share_of_cells``."""
    return len(np.unique(cells_of(units)[np.asarray(holds_U, bool)]))


def share_of_cells(holds_U: np.ndarray, units: Sequence[Unit]) -> float:
    """The share of cells of which one unit or more has a property.

    Args:
      holds_U: whether each unit has it.
      units: in the same order.
    """
    return number_of_cells(holds_U, units) / max(1, len(_places(units)))


def _places(units: Sequence[Unit]) -> list[tuple[int, int]]:
    return sorted({(unit.layer, unit.index) for unit in units})
