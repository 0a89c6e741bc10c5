"""Cells, each counted once: its h, its c and all of its gates are one cell."""

from collections.abc import Sequence

import numpy as np

from rnn_research.analysis.units.unit import Unit


def cells_of(units: Sequence[Unit]) -> np.ndarray:
    """The number of the cell that each unit belongs to, layer by layer, ``[U]``."""
    places = sorted({(unit.layer, unit.index) for unit in units})
    number = {place: i for i, place in enumerate(places)}
    return np.array([number[unit.layer, unit.index] for unit in units], np.int64)


def share_of_cells(holds_U: np.ndarray, units: Sequence[Unit]) -> float:
    """The share of cells of which one unit or more has a property.

    Args:
      holds_U: whether each unit has it.
      units: in the same order.
    """
    cell_U = cells_of(units)
    return len(np.unique(cell_U[np.asarray(holds_U, bool)])) / max(1, len(np.unique(cell_U)))
