"""What is kept of a text that was read: sums over all of its positions, and a sample of the activations."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rnn_research.analysis.units.columns import Columns, values_at
from rnn_research.analysis.units.histograms import Bins, add, empty_table


class Half(NamedTuple):
    """One network over one half of the text.

    Attributes:
      columns: the labels over its counted positions.
      table_UKQ: of sums over all counted positions.
      codes_NU: bins of the sampled positions, in the order of the text.
      positions_N: the sampled positions.
    """

    columns: Columns
    table_UKQ: np.ndarray
    codes_NU: np.ndarray
    positions_N: np.ndarray


class Halves(NamedTuple):
    """One network over both halves, with the same bins."""

    select: Half
    confirm: Half
    bins: Bins


def half_of(chunks: Iterable[tuple[np.ndarray, np.ndarray]], columns: Columns, sample: int) -> Half:
    """Adds up chunks of positions ``[T, B]`` and bins ``[T, B, U]``.

    Args:
      chunks: of one half, in order.
      columns: its labels.
      sample: of how many positions to keep the bins at most: every so many of each stream, so that a sample
        is the text with fewer positions, and what is stationary in one is in the other.
    """
    table_UKQ: np.ndarray | None = None
    codes: list[np.ndarray] = []
    positions: list[np.ndarray] = []
    every = max(1, -(-columns.counted // sample))
    for positions_TB, codes_TBU in chunks:
        U = codes_TBU.shape[-1]
        if table_UKQ is None:
            table_UKQ = empty_table(U, columns.Q)
        add(table_UKQ, codes_TBU.reshape(-1, U), values_at(columns, positions_TB.ravel()))
        kept_T = positions_TB[:, 0] % every == 0
        codes.append(codes_TBU[kept_T].reshape(-1, U))
        positions.append(positions_TB[kept_T].ravel())
    assert table_UKQ is not None
    positions_N = np.concatenate(positions)
    order = np.argsort(positions_N)
    return Half(columns, table_UKQ, np.concatenate(codes)[order], positions_N[order])
