"""Labels shifted in time: what units score by chance when concept and activations both change slowly.

A unit that drifts agrees with any concept that comes in long runs. So the null distribution keeps
both as they are and turns the labels around the sample (circularly) by more than either remembers.

The statistic is linear, so that all units and shifts are one matrix product: the correlation of the
activation's rank with a binary label (which orders units as AUC does) or with a count's rank (Spearman's),
and for classes the share of the rank's variance that lies between them. It is made comparable across
units by the mean and deviation of the unit's own values under all shifts.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from rnn_research.analysis.units.columns import Columns, values_at
from rnn_research.analysis.units.histograms import BINS

SHIFTS_AT_ONCE = 16


class Shifted(NamedTuple):
    """One concept against its shifted labels.

    Attributes:
      z_U: the statistic in deviations from the mean of shifted labels; two-sided but for classes.
      null_SU: the same of each shift.
    """

    z_U: np.ndarray
    null_SU: np.ndarray

    def p_of_best(self, unit: int) -> float:
        """The share of shifts in which the best of ALL units is as good as this one (at least 1 / (S + 1))."""
        if not len(self.null_SU):
            return 1.0
        return float((1 + np.count_nonzero(self.null_SU.max(axis=1) >= self.z_U[unit])) / (1 + len(self.null_SU)))

    def p_U(self) -> np.ndarray:
        """Of every unit, from the shifts of all units together: few shifts then reach small values."""
        pooled = np.sort(self.null_SU.ravel())
        above_U = len(pooled) - np.searchsorted(pooled, self.z_U)
        return (1 + above_U) / (1 + len(pooled))


def shifts_of(N: int, count: int, least: int) -> np.ndarray:
    """At most ``count`` shifts, evenly spaced, at least ``least`` positions from no shift on either side."""
    if 2 * least >= N:
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(least, N - least, count).astype(np.int64))


def shifted(codes_NU: np.ndarray, y: Sequence[np.ndarray], shifts_S: np.ndarray) -> list[Shifted]:
    """Scores true and shifted labels.

    Args:
      codes_NU: bins of the units' activations at positions in the order of the text.
      y: by concept, ``[N, C]``, of ``tested_at``.
      shifts_S: of ``shifts_of``.
    """
    N = len(codes_NU)
    rank_NU = ranks(codes_NU)
    y = [_standard(y_NC) for y_NC in y]
    ends = np.cumsum([0, *(y_NC.shape[1] for y_NC in y)])
    all_NC = np.concatenate(y, axis=1)

    def measured(turns: np.ndarray) -> list[np.ndarray]:
        turned = np.concatenate([np.roll(all_NC, turn, axis=0) for turn in turns], axis=1)
        r_SCU = (turned.T @ rank_NU / N).reshape(len(turns), -1, rank_NU.shape[1])
        parts = [r_SCU[:, a:b] for a, b in pairwise(ends)]
        return [part[:, 0] if part.shape[1] == 1 else np.sum(part**2, axis=1) for part in parts]

    true = measured(np.zeros(1, np.int64))
    pieces = [measured(shifts_S[s : s + SHIFTS_AT_ONCE]) for s in range(0, len(shifts_S), SHIFTS_AT_ONCE)]
    found = []
    for i, (now_SU, y_NC) in enumerate(zip(true, y, strict=True)):
        null_SU = np.concatenate([piece[i] for piece in pieces]) if pieces else np.zeros((0, rank_NU.shape[1]))
        if len(null_SU) < 2:
            found.append(Shifted(np.zeros(rank_NU.shape[1]), null_SU[:0]))
            continue
        mean_U, sd_U = null_SU.mean(axis=0), null_SU.std(axis=0)
        scale_U = np.divide(1, sd_U, out=np.zeros(len(sd_U)), where=sd_U > 1e-9)
        z_U, null_SU = (now_SU[0] - mean_U) * scale_U, (null_SU - mean_U) * scale_U
        two_sided = y_NC.shape[1] == 1
        found.append(Shifted(np.abs(z_U), np.abs(null_SU)) if two_sided else Shifted(z_U, null_SU))
    return found


def tested_at(columns: Columns, positions_N: np.ndarray) -> list[np.ndarray]:
    """What ``shifted`` correlates with, by concept ``[N, C]``: the label, a count's rank, or the classes."""
    y_NQ = values_at(columns, positions_N)
    place = {"binary": slice(0, 1), "count": slice(1, 2), "categorical": slice(None)}
    return [y_NQ[:, p.place][:, place[p.concept.kind]] for p in columns.placed]


def false_discovery_rates(p_CU: np.ndarray) -> np.ndarray:
    """The smallest rate at which each unit and concept passes, over all of them (Benjamini and Hochberg 1995)."""
    return false_discovery_control(p_CU.ravel()).reshape(p_CU.shape)


def ranks(codes_NU: np.ndarray) -> np.ndarray:
    """The middle rank of each activation's bin, with mean 0 and variance 1; 0 of a unit that stands still."""
    rank_NU = np.empty(codes_NU.shape, np.float32)
    for u, codes_N in enumerate(codes_NU.T):
        n_K = np.bincount(codes_N, minlength=BINS)
        rank_NU[:, u] = (np.cumsum(n_K) - n_K / 2)[codes_N]
    return _centred(rank_NU)


def _standard(y_NC: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1; of several classes, column / sqrt(share), so that squares sum to the share between."""
    if y_NC.shape[1] == 1:
        return _centred(y_NC)
    share_C = y_NC.mean(axis=0)
    return (y_NC - share_C) * np.divide(1, np.sqrt(share_C), out=np.zeros_like(share_C), where=share_C > 0)


def _centred(x_NF: np.ndarray) -> np.ndarray:
    mean_F, sd_F = x_NF.mean(axis=0), x_NF.std(axis=0)
    return (x_NF - mean_F) * np.divide(1, sd_F, out=np.zeros_like(sd_F), where=sd_F > 1e-6)
