"""The interval of a score, and what it is over: the parts of a split that may stand for one another.

Neighbouring stretches of a text are not independent, and what differs from
document to document differs most: over documents where there are enough of them,
else over stretches of text that are long against its autocorrelation.
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import correlate
from scipy.stats import t as student

from rnn_research.errors import counted
from rnn_research.runs.statistics import wilson

FEWEST = 5
"""Blocks below which there is no interval."""

EVEN = 3.0
"""As many documents of equal size must theirs be worth, to be what is resampled."""

LENGTHS = 8.0
"""How long a stretch is, in excess autocorrelation times: a bias of the variance of at most an eighth."""


class Interval(NamedTuple):
    """The 95 % interval of a ratio of sums.

    Attributes:
      low: lower end; nan where there is none.
      high: upper end.
      blocks: how many are taken to be independent.
      over: what they are, in words.
      missing: why there is no interval; empty where there is one.
    """

    low: float
    high: float
    blocks: int
    over: str
    missing: str = ""


def ratio_interval(
    numerators_N: np.ndarray, denominators_N: np.ndarray, level: float = 0.95
) -> tuple[float, float]:
    """An interval of sum(numerators) / sum(denominators) over N independent blocks.

    Its variance is that of the jackknife over blocks (Quenouille 1956, Tukey 1958),
    its Student's t has as many degrees of freedom as Kish's effective number of
    blocks less one (Kish 1965, section 8.2): blocks may differ in size. Simulated
    with blocks of unequal size and effects of three degrees of freedom it holds the
    true ratio in 95 to 98 % of the cases from five blocks on; effects that are very
    lopsided (lognormal, sigma 1) make it too short.
    """
    numerators_N, denominators_N = (np.asarray(x, np.float64).ravel() for x in (numerators_N, denominators_N))
    scored = denominators_N > 0
    numerators_N, denominators_N = numerators_N[scored], denominators_N[scored]
    N = len(denominators_N)
    if N < FEWEST:
        return float("nan"), float("nan")
    above, below = numerators_N.sum(), denominators_N.sum()
    ratio = above / below
    without_N = (above - numerators_N) / (below - denominators_N)
    deviation = np.sqrt((N - 1) / N * np.sum((without_N - ratio) ** 2))
    half = float(student.ppf((1 + level) / 2, max(1.0, effective(denominators_N) - 1)) * deviation)
    return float(ratio - half), float(ratio + half)


def effective(sizes_N: np.ndarray) -> float:
    """How many blocks of equal size are worth as much (Kish 1965)."""
    return float(np.sum(sizes_N) ** 2 / np.sum(np.square(sizes_N)))


def of_examples(numerators_N: np.ndarray, denominators_N: np.ndarray) -> Interval:
    """Over examples, each drawn by itself; of a share (every one right or wrong) Wilson's."""
    numerators_N, denominators_N = (np.asarray(x, np.float64).ravel() for x in (numerators_N, denominators_N))
    scored = denominators_N > 0
    numerators_N, denominators_N = numerators_N[scored], denominators_N[scored]
    N = len(denominators_N)
    if N < FEWEST:
        return _missing(N, "sequences")
    if np.isin(numerators_N, (0, 1)).all() and (denominators_N == 1).all():
        return Interval(*wilson(int(numerators_N.sum()), N), N, "sequences")
    return Interval(*ratio_interval(numerators_N, denominators_N), N, "sequences")


def of_text(
    numerators_N: np.ndarray, denominators_N: np.ndarray, piece_N: np.ndarray, kind: str, symbols: int
) -> Interval:
    """Over documents, or over stretches within them where there are too few.

    Args:
      numerators_N: of every chunk, in the order of the text.
      denominators_N: symbols scored of each; a chunk without any is left out.
      piece_N: the number of the document that each chunk begins in.
      kind: what these pieces are called.
      symbols: of a whole chunk.
    """
    numerators_N, denominators_N = (np.asarray(x, np.float64) for x in (numerators_N, denominators_N))
    scored = denominators_N > 0
    numerators_N, denominators_N, piece_N = numerators_N[scored], denominators_N[scored], piece_N[scored]
    if not len(piece_N):
        return _missing(0, kind)
    _, piece_N = np.unique(piece_N, return_inverse=True)
    pieces = int(piece_N.max()) + 1
    sizes = np.bincount(piece_N, denominators_N)
    if pieces >= FEWEST and effective(sizes) >= EVEN:
        return Interval(*ratio_interval(np.bincount(piece_N, numerators_N), sizes), pieces, kind)
    ratio = numerators_N.sum() / denominators_N.sum()
    length = stretch(numerators_N - ratio * denominators_N)
    block_N = within(piece_N, length)
    count = int(block_N.max()) + 1
    over = f"stretches of about {counted(length * symbols, 'symbol')}"
    if count < FEWEST:
        return _missing(count, over)
    low, high = ratio_interval(np.bincount(block_N, numerators_N), np.bincount(block_N, denominators_N))
    return Interval(low, high, count, over)


def stretch(residual_N: np.ndarray) -> int:
    """Of how many neighbours a block is made, so that blocks are nearly independent.

    The autocorrelation time 1 + 2 sum rho_k is summed while pairs of neighbouring
    lags are positive (initial positive sequence, Geyer 1992).
    """
    residual_N = residual_N - residual_N.mean()
    N = len(residual_N)
    covariance_N = correlate(residual_N, residual_N, "full", "fft")[N - 1 :]
    if N < 2 or not covariance_N[0] > 0:
        return 1
    pairs = (covariance_N[: N - N % 2] / covariance_N[0]).reshape(-1, 2).sum(1)
    negative = np.flatnonzero(pairs <= 0)
    kept = pairs[: negative[0]] if len(negative) else pairs
    return int(np.ceil(1 + LENGTHS * max(0.0, 2 * kept.sum() - 2)))


def within(piece_N: np.ndarray, length: int) -> np.ndarray:
    """A number for the block of each chunk: every piece is cut into blocks of at least ``length`` chunks, or is one."""
    block_N, first = np.empty(len(piece_N), int), 0
    bounds = [0, *(np.flatnonzero(np.diff(piece_N)) + 1), len(piece_N)]
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        parts = max(1, (high - low) // length)
        block_N[low:high] = first + np.arange(high - low) * parts // (high - low)
        first += parts
    return block_N


def _missing(count: int, over: str) -> Interval:
    nan = float("nan")
    what = f"no interval: {count} independent {over} are too few, at least {FEWEST} are needed"
    return Interval(nan, nan, count, over, what)
