"""Intervals for what a run reports."""

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student


def bootstrap_ratio(
    numerators_N: np.ndarray, denominators_N: np.ndarray, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """A percentile bootstrap interval of sum(numerators) / sum(denominators) (Efron 1979).

    The N blocks are resampled whole. Blocks of text (a chunk of one stream), not
    single symbols: neighbours are not independent, and an interval over single
    symbols would be too narrow.
    """
    numerators_N = np.asarray(numerators_N, np.float64).ravel()
    denominators_N = np.asarray(denominators_N, np.float64).ravel()
    blocks = len(numerators_N)
    rng = np.random.default_rng(seed)
    ratios = np.empty(draws)
    for i in range(draws):
        counts = np.bincount(rng.integers(blocks, size=blocks), minlength=blocks)
        ratios[i] = counts @ numerators_N / np.maximum(counts @ denominators_N, 1e-300)
    tail = (1 - level) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return float(low), float(high)


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927): honest for few trials and near 0 or 1."""
    if trials == 0:
        return 0.0, 1.0
    z = float(norm.ppf((1 + level) / 2))
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def bootstrap_median(
    values_N: np.ndarray, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """A percentile bootstrap interval of the median."""
    values_N = np.asarray(values_N, np.float64)
    rng = np.random.default_rng(seed)
    medians = np.median(values_N[rng.integers(len(values_N), size=(draws, len(values_N)))], axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return float(low), float(high)


def mean_interval(values_N: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """The mean of a few seeds and Student's interval for it."""
    values_N = np.asarray(values_N, np.float64)
    mean = float(values_N.mean())
    if len(values_N) < 2:
        return mean, mean, mean
    half = float(student.ppf((1 + level) / 2, len(values_N) - 1) * values_N.std(ddof=1) / np.sqrt(len(values_N)))
    return mean, mean - half, mean + half
