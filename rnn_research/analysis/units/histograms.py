"""The streamed core: for every unit and bin of its activation, the sum of every column of the labels.

Activations are quantised to ``BINS`` equal bins over the range that a first sample of the
unit spans; the first and the last bin take what lies outside. All scores of a unit follow from
the one table, exact but for the width of a bin: with 128 bins over ten standard deviations the
rounding adds 0.05 % to the variance.

Adding rows of labels by bin is the product of a sparse matrix (one entry a position and
unit) with the labels. By scipy it takes 5 to 8 ns for each position and unit with up to 50
columns; a dense one-hot product takes 128 multiplications for each column.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy import sparse

from rnn_research.types import Array

BINS = 128
UNITS_AT_ONCE = 64  # their part of the table then fits the processor's cache


class Bins(NamedTuple):
    """Where the bins of each unit lie.

    Attributes:
      low_U: the first bin's lower end.
      width_U: of a bin, above zero.
    """

    low_U: np.ndarray
    width_U: np.ndarray

    def lower_end(self, unit: int, bin: int) -> float:
        """The activation at which a bin begins."""
        return float(self.low_U[unit] + bin * self.width_U[unit])


def bins_of(sample_NU: np.ndarray) -> Bins:
    """Bins over the range of a sample, with one bin to spare at either end.

    Raises:
      ValueError: for activations that are not finite.
    """
    low_U, high_U = sample_NU.min(axis=0).astype(np.float64), sample_NU.max(axis=0).astype(np.float64)
    if not (np.all(np.isfinite(low_U)) and np.all(np.isfinite(high_U))):
        raise ValueError("activations are not finite")
    # A unit that stands still in the sample gets narrow bins: whatever it does later shows at the ends.
    width_U = np.maximum((high_U - low_U) / (BINS - 2), 1e-6 * np.maximum(1, np.abs(low_U)))
    return Bins((low_U - width_U).astype(np.float32), width_U.astype(np.float32))


def quantised(a: Array | np.ndarray, low_U: Array | np.ndarray, width_U: Array | np.ndarray) -> Array:
    """The bin of each activation ``[..., U]``, ``uint8``."""
    return jnp.clip(jnp.floor((a - low_U) / width_U), 0, BINS - 1).astype(jnp.uint8)


def empty_table(U: int, Q: int) -> np.ndarray:
    """A table of sums, ``float64 [U, K, Q]``."""
    return np.zeros((U, BINS, Q))


def add(table_UKQ: np.ndarray, codes_NU: np.ndarray, y_NQ: np.ndarray) -> None:
    """Adds positions to a table, in place.

    Args:
      table_UKQ: of ``empty_table``.
      codes_NU: bins of ``quantised``.
      y_NQ: the labels' columns, ``float32``. Sums of one call are taken in that precision:
        counts are exact up to 16 million positions a call.
    """
    N, U = codes_NU.shape
    K, Q = table_UKQ.shape[1:]
    y_NQ = np.ascontiguousarray(y_NQ, np.float32)
    ones = np.ones(N * min(U, UNITS_AT_ONCE), np.float32)
    for start in range(0, U, UNITS_AT_ONCE):
        some_NU = codes_NU[:, start : start + UNITS_AT_ONCE]
        u = some_NU.shape[1]
        rows = (some_NU + K * np.arange(u, dtype=np.int32)).ravel()
        ends = u * np.arange(N + 1, dtype=np.int32)
        one_hot = sparse.csc_matrix((ones[: len(rows)], rows, ends), shape=(u * K, N), copy=False)
        table_UKQ[start : start + u] += (one_hot @ y_NQ).reshape(u, K, Q)
