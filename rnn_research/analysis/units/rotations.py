"""Labels turned around within long blocks of a text: what agrees with them by chance when both change slowly.

A unit that drifts agrees with any concept that comes in long runs. So chance keeps both as they are: the text
is cut into blocks, each many runs long, and within every block the labels are turned around (circularly) by
a random number of positions. A turned concept has the same runs, the same share of every block, and nothing to
do with the network. If the concept has nothing to do with it either, its own place among the turned ones is
as likely as any other, however few its runs are; only the seam where a block's end meets its beginning is new.

A probe or unit that was chosen on another part of the text is tested by ``p_of``; all units at once, with
nothing chosen before, by ``p_of_units``, against the best of all units under each turn.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import scipy.fft
from scipy.stats import rankdata

from rnn_research.analysis.units.histograms import BINS

RUNS_PER_BLOCK = 20
"""Runs of a concept in a block: with many, the seam is one of many edges."""
MOST_BLOCKS = 32
DRAWS = 9_999
"""Turns of all blocks for one test: the smallest p is 1 / 10,000."""
TURNS_AT_ONCE = 16


def stretches(holds_N: np.ndarray) -> int:
    """How many separate runs there are of positions where it holds."""
    holds_N = np.asarray(holds_N, bool)
    return int(np.count_nonzero(holds_N[1:] & ~holds_N[:-1]) + bool(holds_N[:1].any()))


def blocks_of(N: int, runs: int, per_block: int = RUNS_PER_BLOCK, most: int = MOST_BLOCKS) -> np.ndarray:
    """The edges of blocks of equal length that hold ``per_block`` runs each on average, ``int [blocks + 1]``."""
    return np.linspace(0, N, max(1, min(most, runs // per_block)) + 1).astype(np.int64)


def p_of(
    score_NC: np.ndarray,
    y_NC: np.ndarray,
    edges: np.ndarray,
    *,
    counted_N: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """How often turned labels agree with a score as well as the true ones: 1 of at least 1 / (draws + 1).

    Agreement is the covariance within blocks, summed over the columns C; more of it is better.

    Args:
      score_NC: of a probe or unit, at positions in the order of the text.
      y_NC: what it should agree with, at every position.
      edges: of ``blocks_of``.
      counted_N: where the score counts; everywhere by default.
      draws: turns of all blocks.
      seed: of the turns.
    """
    return p_of_each([score_NC], y_NC, edges, counted_N=counted_N, draws=draws, seed=seed)[0]


def p_of_each(
    scores: Sequence[np.ndarray],
    y_NC: np.ndarray,
    edges: np.ndarray,
    *,
    counted_N: np.ndarray | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[float]:
    """``p_of`` of several scores of the same labels, which are turned alike for all of them."""
    rng = np.random.default_rng(seed)
    score_NMC = np.stack(scores, axis=1)
    M = len(scores)
    now_M, turned_DM, scale_M = np.zeros(M), np.zeros((draws, M)), np.zeros(M)
    for start, stop in pairwise(edges):
        T = stop - start
        x_TMC = np.asarray(score_NMC[start:stop], np.float64)
        y_TC = np.asarray(y_NC[start:stop], np.float64)
        y_TC = y_TC - y_TC.mean(axis=0)
        counted_T11 = np.ones((T, 1, 1)) if counted_N is None else counted_N[start:stop, None, None].astype(np.float64)
        x_TMC = (x_TMC - np.sum(x_TMC * counted_T11, axis=0) / max(counted_T11.sum(), 1)) * counted_T11
        # The labels go round among zeros that make a length that is quick to transform: a turn is a lag and,
        # of what it pushes over the end, the same lag minus T.
        L = scipy.fft.next_fast_len(2 * T - 1, real=True)
        spectrum_FMC = np.conj(scipy.fft.rfft(x_TMC, n=L, axis=0)) * scipy.fft.rfft(y_TC, n=L, axis=0)[:, None]
        agreement_LM = scipy.fft.irfft(spectrum_FMC.sum(axis=2), n=L, axis=0)
        agreement_TM = agreement_LM[:T].copy()
        agreement_TM[1:] += agreement_LM[L - T + 1 :]
        now_M += agreement_TM[0]
        turned_DM += agreement_TM[rng.integers(T, size=draws)]
        scale_M += np.sqrt(np.sum(x_TMC**2, axis=(0, 2)) * np.sum(y_TC**2))
    # What differs by rounding alone is equal.
    return [float(p) for p in (1 + np.count_nonzero(turned_DM >= now_M - 1e-9 * scale_M, axis=0)) / (1 + draws)]


def p_of_units(
    rank_NU: np.ndarray, y_NC: np.ndarray, edges: np.ndarray, *, two_sided: bool, draws: int = 200, seed: int = 0
) -> np.ndarray:
    """Of every unit, how often the best of ALL units does as well under turned labels, ``[U]``.

    One column: the correlation with a unit's rank. Several: the share of its variance that lies between
    classes. Every unit is measured in deviations from its own mean over the turns, so that a slow one is not
    the best by being slow (Westfall and Young 1993, single-step maxT).

    Args:
      rank_NU: of ``ranks``, in the order of the text.
      y_NC: the labels there, standardised by ``standard``.
      edges: of ``blocks_of``.
      two_sided: whether less than by chance counts as much as more.
      draws: turns.
    """
    rng = np.random.default_rng(seed)
    N, U = rank_NU.shape
    C = y_NC.shape[1]
    y_NC = np.concatenate([part - part.mean(axis=0) for part in np.split(y_NC, edges[1:-1])]).astype(np.float32)
    if draws < 2:
        return np.ones(U)

    def measured(y_NSC: np.ndarray) -> np.ndarray:
        r_SCU = (y_NSC.reshape(N, -1).T @ rank_NU / N).reshape(-1, C, U)
        return r_SCU[:, 0] if C == 1 else np.sum(r_SCU**2, axis=1)

    null = []
    for first in range(0, draws, TURNS_AT_ONCE):
        count = min(TURNS_AT_ONCE, draws - first)
        turned_NSC = np.empty((N, count, C), np.float32)
        for start, stop in pairwise(edges):
            for s, turn in enumerate(rng.integers(stop - start, size=count)):
                turned_NSC[start:stop, s] = np.roll(y_NC[start:stop], turn, axis=0)
        null.append(measured(turned_NSC))
    # The labels as they are stand among the turned ones here, too: what a unit deviates from, all are in alike.
    all_SU = np.concatenate([measured(y_NC[:, None]), *null])
    mean_U, sd_U = all_SU.mean(axis=0), all_SU.std(axis=0)
    z_SU = (all_SU - mean_U) * np.divide(1, sd_U, out=np.zeros(U), where=sd_U > 1e-9)
    if two_sided:
        z_SU = np.abs(z_SU)
    z_U, best_S = z_SU[0], np.sort(z_SU[1:].max(axis=1))
    return (1 + draws - np.searchsorted(best_S, z_U)) / (1 + draws)


def ranks(codes_NU: np.ndarray) -> np.ndarray:
    """The middle rank of each activation's bin, with mean 0 and variance 1; 0 of a unit that stands still."""
    rank_NU = np.empty(codes_NU.shape, np.float32)
    for u, codes_N in enumerate(codes_NU.T):
        n_K = np.bincount(codes_N, minlength=BINS)
        rank_NU[:, u] = (np.cumsum(n_K) - n_K / 2)[codes_N]
    return centred(rank_NU)


def ranked(x_NC: np.ndarray) -> np.ndarray:
    """The rank of every column's entries, ties in the middle, within (0, 1]."""
    return np.stack([rankdata(x_N) for x_N in np.asarray(x_NC).T], axis=1) / max(1, len(x_NC))


def standard(y_NC: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1; of several classes, column / sqrt(share), so that squares sum to the share between."""
    if y_NC.shape[1] == 1:
        return centred(y_NC)
    share_C = y_NC.mean(axis=0)
    return (y_NC - share_C) * np.divide(1, np.sqrt(share_C), out=np.zeros_like(share_C), where=share_C > 0)


def holding(kind: str, labels_N: np.ndarray) -> np.ndarray:
    """Where a binary concept holds, a count is above its median, or the class is not the commonest, ``bool [N]``."""
    if kind == "binary":
        return np.asarray(labels_N, bool)
    if kind == "count":
        return labels_N > np.median(labels_N)
    return labels_N != np.argmax(np.bincount(labels_N))


def centred(x_NF: np.ndarray) -> np.ndarray:
    """Every column with mean 0 and variance 1; 0 where it stands still."""
    mean_F, sd_F = x_NF.mean(axis=0), x_NF.std(axis=0)
    return (x_NF - mean_F) * np.divide(1, sd_F, out=np.zeros_like(sd_F), where=sd_F > 1e-6)
