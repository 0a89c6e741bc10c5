"""Scores on the part of the text that chose nothing, with what they become when each block of it is left out.

AUC, R² and mutual information follow from sums over positions, and those from sums over blocks. So a score
without one block costs nothing, and the jackknife over blocks (Quenouille 1956; Tukey 1958) gives an interval
for a score, or for the difference of two scores of the same positions, that knows how long labels hang together.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from rnn_research.analysis.units import scores
from rnn_research.analysis.units.histograms import BINS
from rnn_research.analysis.units.rotations import blocks_of

RUNS_PER_BLOCK = 2
MOST_BLOCKS = 50
FEWEST_BLOCKS = 5


class Held(NamedTuple):
    """A gain, on the scale of ``gain`` in scored.py: 0 is chance, 1 all there is to know.

    Attributes:
      gain: over all positions.
      without_M: with each of M blocks left out.
    """

    gain: float
    without_M: np.ndarray

    def __sub__(self, other: "Held") -> "Held":
        return Held(self.gain - other.gain, self.without_M - other.without_M)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Student's t over the jackknife's deviation; all numbers below ``FEWEST_BLOCKS`` blocks."""
        M = len(self.without_M)
        if M < FEWEST_BLOCKS:
            return -np.inf, np.inf
        variance = (M - 1) / M * float(np.sum((self.without_M - self.without_M.mean()) ** 2))
        reach = float(student.ppf(0.5 + level / 2, M - 1)) * variance**0.5
        return self.gain - reach, self.gain + reach


def jackknife_blocks(N: int, runs: int) -> np.ndarray:
    """The block of every position, ``int [N]``: two runs of the concept in each on average."""
    edges = blocks_of(N, runs, RUNS_PER_BLOCK, MOST_BLOCKS)
    return np.searchsorted(edges, np.arange(N), side="right") - 1


def held(kind: str, score: np.ndarray, y_NC: np.ndarray, block_N: np.ndarray) -> Held:
    """Scores a probe's or a unit's output.

    Args:
      kind: of the concept.
      score: its output ``[N]``: of a binary concept any order, of a count the number itself, of a
        categorical concept a class or a bin, ``int`` below ``BINS``.
      y_NC: the label, or one column a class.
      block_N: of ``jackknife_blocks``.
    """
    M = int(block_N[-1]) + 1
    if kind == "count":
        return _r2(np.asarray(score, np.float64), y_NC[:, 0].astype(np.float64), block_N, M)
    if kind == "binary":
        cuts = np.quantile(score, np.arange(1, 2 * BINS) / (2 * BINS))
        codes_N, K = np.searchsorted(cuts, score, side="right"), 2 * BINS
        classes_N, C = (y_NC[:, 0] > 0.5).astype(np.int64), 2
    else:
        codes_N, K = np.asarray(score, np.int64), BINS
        classes_N, C = y_NC.argmax(axis=1), y_NC.shape[1]
    count = np.bincount((block_N * K + codes_N) * C + classes_N, minlength=M * K * C).reshape(M, K, C)
    count_MKC = _without(count.astype(np.float64))
    if kind == "binary":
        gain_M = 2 * scores.auc(count_MKC[..., 1], count_MKC[..., 0]) - 1
    else:
        entropy_M = np.array([scores.entropy(count_C) for count_C in count_MKC.sum(axis=1)])
        gain_M = scores.mutual_information(count_MKC) / np.maximum(entropy_M, 1e-9)
    return Held(float(gain_M[0]), gain_M[1:])


def _r2(predicted_N: np.ndarray, y_N: np.ndarray, block_N: np.ndarray, M: int) -> Held:
    y_N, predicted_N = y_N - y_N.mean(), predicted_N - y_N.mean()
    columns = (np.ones(len(y_N)), y_N, y_N**2, (y_N - predicted_N) ** 2)
    sums_MQ = _without(np.stack([np.bincount(block_N, column, M) for column in columns], axis=1))
    n_M, y_M, square_M, error_M = sums_MQ.T
    total_M = square_M - y_M**2 / np.maximum(n_M, 1)
    gain_M = 1 - np.divide(error_M, total_M, out=np.ones(len(n_M)), where=total_M > 1e-12 * len(y_N))
    return Held(float(gain_M[0]), gain_M[1:])


def _without(sums_M: np.ndarray) -> np.ndarray:
    """The sum over all blocks, then over all but each."""
    total = sums_M.sum(axis=0)
    return np.concatenate([total[None], total - sums_M])
