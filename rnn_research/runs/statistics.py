"""Intervals for what a run reports, and for what many runs do."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, permutation_test, quantile_test, trim_mean
from scipy.stats import t as student
from scipy.stats.mstats import trimmed_mean_ci

FLIPS = 2**12
"""Sign flips up to which a permutation test is exact, and of which a sampled one draws."""


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927): honest for few trials and near 0 or 1."""
    if trials == 0:
        return 0.0, 1.0
    found = binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


FEWEST_FOR_ORDER = 6
"""Values from which on the least and the largest hold the median in 95 % of the cases: 1 - 2 / 2^6."""


def mean_interval(values_N: np.ndarray, strata_N: np.ndarray | None = None, level: float = 0.95) -> tuple[Any, Any, Any]:
    """The mean over a few seeds, and Student's interval for it (Student 1908).

    Strata are settings whose share is fixed and whose seeds alone are drawn: the
    variances of their means add up, with Welch's degrees of freedom (Satterthwaite
    1946). Where one of them has a single run its spread is unknown, and all are
    taken as one sample, which makes the interval wider and never narrower
    (collapsed strata, Cochran 1977, section 5A.12).

    Args:
      values_N: one a run, or ``[N, ...]``.
      strata_N: what each run belongs to, or None.
      level: of the interval.

    Returns:
      The mean, and the ends, nan for fewer than two runs.
    """
    values_N = np.asarray(values_N, np.float64)
    count = len(values_N)
    mean = values_N.mean(axis=0)
    if count < 2:
        return _plain(mean), _plain(mean * np.nan), _plain(mean * np.nan)
    strata_N = np.zeros(count) if strata_N is None else np.asarray(strata_N)
    names, sizes = np.unique(strata_N, return_counts=True)
    parts = [values_N] if sizes.min() < 2 else [values_N[strata_N == name] for name in names]
    variances = np.stack([len(part) / count**2 * part.var(axis=0, ddof=1) for part in parts])
    free = np.array([len(part) - 1 for part in parts], np.float64)
    variance = variances.sum(axis=0)
    below = np.einsum("s...,s->...", variances**2, 1 / free)
    freedom = np.where(below > 0, variance**2 / np.where(below > 0, below, 1), free.sum())
    half = student.ppf((1 + level) / 2, freedom) * np.sqrt(variance)
    return _plain(mean), _plain(mean - half), _plain(mean + half)


def median_interval(values_N: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Two of the values that hold the median whatever the distribution (Thompson 1936); nan for fewer than six.

    Values may be infinite. Runs of several settings make it wider than need be, never too narrow.
    """
    ordered = np.asarray(values_N, np.float64)
    found = quantile_test(ordered, q=0.0, p=0.5).confidence_interval(level)
    return float(found.low), float(found.high)


def interquartile_mean(values: np.ndarray, axis: int = -1) -> Any:
    """The mean of the middle half: a quarter of the runs is left out at each end (Agarwal et al. 2021, section 4.2)."""
    return trim_mean(values, 0.25, axis)


def interquartile_interval(values_N: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """An interval of the interquartile mean (Tukey and McLaughlin 1963); nan for fewer than six values.

    Simulated, it holds the true one in 90 to 98 % of the cases where the values lie
    in one heap; in two heaps (some runs learn, some do not) it is too narrow below 15 runs.
    """
    values_N = np.asarray(values_N, np.float64)
    if len(values_N) < FEWEST_FOR_ORDER:
        return float("nan"), float("nan")
    low, high = trimmed_mean_ci(values_N, limits=(0.25, 0.25), alpha=1 - level)
    return float(low), float(high)


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


class Paired(NamedTuple):
    """How two settings differ over their pairs.

    Attributes:
      pairs: how many.
      mean: of the differences, first minus second.
      low: lower end of its 95 % interval (Student's); nan for one pair.
      high: upper end.
      effect: Cohen's d_z, the mean of the differences in units of their own
        standard deviation; nan for fewer than two pairs, infinite where all are equal.
      p: two-sided, of a permutation test that flips the signs of the differences;
        with n pairs it cannot be less than 2 / 2^n.
    """

    pairs: int
    mean: float
    low: float
    high: float
    effect: float
    p: float


def paired(differences_N: np.ndarray, strata_N: np.ndarray | None = None, seed: int = 0) -> Paired:
    """Compares two settings by the differences of their pairs (Cohen 1988, section 2.3.5; Good 2005, section 3.2).

    Were there no difference, each could as well have the other sign: p is the
    share of sign flips whose mean is as far from zero. All are tried up to 2^12,
    else as many are drawn.
    """
    differences_N = np.asarray(differences_N, np.float64)
    mean, low, high = mean_interval(differences_N, strata_N)
    return Paired(len(differences_N), mean, low, high, _in_deviations(differences_N), _sign_flips(differences_N, seed))


def _sign_flips(differences_N: np.ndarray, seed: int) -> float:
    if len(differences_N) < 2:
        return 1.0
    rng = np.random.default_rng(seed)
    options: dict[str, Any] = {"permutation_type": "samples", "vectorized": True, "n_resamples": FLIPS, "rng": rng}
    return float(permutation_test((differences_N,), np.mean, **options).pvalue)


def _in_deviations(differences_N: np.ndarray) -> float:
    if len(differences_N) < 2:
        return float("nan")
    mean, deviation = float(differences_N.mean()), float(differences_N.std(ddof=1))
    if deviation > 1e-12 * abs(mean):
        return mean / deviation
    return float(np.sign(mean) * np.inf) if mean else 0.0
