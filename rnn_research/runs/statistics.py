"""Intervals for what a run reports."""

import numpy as np


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
