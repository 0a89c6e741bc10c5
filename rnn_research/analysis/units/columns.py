"""Labels as columns of numbers, so that sums of columns by bin hold all that the scores need.

A binary concept has one column, and a second one for positions deep within a run; a count has
its number and the number's rank; a categorical concept has one column a class. Column 0 is 1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from rnn_research.concepts import Concept


class Placed(NamedTuple):
    """A concept and where its columns are.

    Attributes:
      concept: with the labels of the whole text.
      place: of its columns.
      beyond: the column of positions that lie deep within a run, or None.
      beyond_N: those positions, or None.
      values, ranks: of a count, its sorted different labels and their ranks, centred, within [-1, 1].
      mean_y, variance_y: of its label and
      variance_rank: of the rank, over the counted positions.
      total_C: how many counted positions are positive or not 0, or of each class.
      commonest: of a count, how often its commonest number comes, else 0.
    """

    concept: Concept
    place: slice
    beyond: int | None
    beyond_N: np.ndarray | None
    values: np.ndarray
    ranks: np.ndarray
    mean_y: float
    variance_y: float
    variance_rank: float
    total_C: np.ndarray
    commonest: int


class Columns(NamedTuple):
    """All concepts over the counted positions of one part of a text."""

    placed: tuple[Placed, ...]
    Q: int
    counted: int


def columns_of(concepts: Sequence[Concept], counted_N: np.ndarray, window: int) -> Columns:
    """Plans the columns.

    Args:
      concepts: labels of the whole text.
      counted_N: which positions are counted, ``bool``.
      window: a position is deep within a run if more than this many positions of the run,
        itself included, have been read.
    """
    placed, q = [], 1
    for concept in concepts:
        y = concept.labels_N[counted_N]
        values = ranks = np.zeros(0)
        beyond, beyond_N, mean_y, variance_y, variance_rank, commonest, width = None, None, 0.0, 0.0, 0.0, 0, 1
        total_C = np.array([np.count_nonzero(y)], np.float64)
        if concept.kind == "binary":
            deep_N = depth(concept.labels_N) > window
            if np.any(deep_N[counted_N]):
                beyond, beyond_N, width = q + 1, deep_N, 2
        elif concept.kind == "count":
            values, inverse, times = np.unique(y, return_inverse=True, return_counts=True)
            # Ranks of each different label; one that is never counted is never asked for.
            rank_y = (2 * rankdata(y) - len(y) - 1) / max(1, len(y))
            ranks = np.zeros(len(values))
            ranks[inverse] = rank_y
            mean_y, variance_y, variance_rank = float(np.mean(y)), float(np.var(y)), float(np.var(rank_y))
            commonest, width = int(times.max(initial=0)), 2
        else:
            width = len(concept.classes)
            total_C = np.bincount(y, minlength=width).astype(np.float64)
        place = slice(q, q + width)
        moments = mean_y, variance_y, variance_rank
        placed.append(Placed(concept, place, beyond, beyond_N, values, ranks, *moments, total_C, commonest))
        q += width
    return Columns(tuple(placed), q, int(np.count_nonzero(counted_N)))


def values_at(columns: Columns, positions_N: np.ndarray) -> np.ndarray:
    """The columns at some counted positions, ``float32 [N, Q]``. Counts are centred."""
    y_NQ = np.zeros((len(positions_N), columns.Q), np.float32)
    y_NQ[:, 0] = 1
    for p in columns.placed:
        y = p.concept.labels_N[positions_N]
        first = p.place.start
        if p.concept.kind == "binary":
            y_NQ[:, first] = y
            if p.beyond_N is not None:
                y_NQ[:, first + 1] = p.beyond_N[positions_N]
        elif p.concept.kind == "count":
            y_NQ[:, first] = y - p.mean_y
            y_NQ[:, first + 1] = p.ranks[np.searchsorted(p.values, y)]
        else:
            y_NQ[np.arange(len(y)), first + y] = 1
    return y_NQ


def targets_at(columns: Columns, positions_N: np.ndarray) -> list[np.ndarray]:
    """What a probe is fitted to, by concept: its label, or one column a class, ``float32 [N, C]``."""
    found = []
    for p in columns.placed:
        y = p.concept.labels_N[positions_N]
        one_hot = p.concept.kind == "categorical"
        found.append((y[:, None] == np.arange(len(p.concept.classes)) if one_hot else y[:, None]).astype(np.float32))
    return found


def depth(holds_N: np.ndarray) -> np.ndarray:
    """How many positions in a row it has held, this one included; 0 where it does not."""
    t = np.arange(1, len(holds_N) + 1)
    return t - np.maximum.accumulate(np.where(holds_N, 0, t)) if len(t) else t
