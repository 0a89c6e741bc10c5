"""Averages over seeds, their intervals and paired comparisons, held against scipy, enumeration and closed forms."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rnn_research.runs.statistics import (
    FLIPS,
    bootstrap_interval,
    bootstrap_median,
    interquartile_mean,
    paired,
    resampled,
    wilson,
)


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    assert interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -100])) == 3.5
    assert interquartile_mean(np.array([7.0, 1, 2])) == pytest.approx(10 / 3)  # of three none is a quarter
    values_MN = np.random.default_rng(0).normal(size=(4, 9))
    expected = [np.sort(row)[2:7].mean() for row in values_MN]
    np.testing.assert_allclose(interquartile_mean(values_MN, axis=1), expected)


@pytest.mark.parametrize("statistic", [np.mean, np.median, interquartile_mean])
def test_an_interval_is_that_of_scipy(statistic):
    values = np.random.default_rng(1).exponential(size=30)
    low, high = bootstrap_interval(values, statistic, draws=20_000)
    found = stats.bootstrap((values,), statistic, method="percentile", n_resamples=20_000, rng=np.random.default_rng(5))
    width = high - low
    assert low == pytest.approx(found.confidence_interval.low, abs=0.03 * width)
    assert high == pytest.approx(found.confidence_interval.high, abs=0.03 * width)


def test_a_stratum_keeps_its_size_in_every_draw():
    strata = np.array([0, 1, 0, 2, 1, 1])
    picks = resampled(strata, 500, seed=0)
    assert picks.shape == (500, 6)
    np.testing.assert_array_equal(strata[picks], np.tile(strata, (500, 1)))
    assert {tuple(row) for row in picks[:, [0, 2]]} == {(a, b) for a in (0, 2) for b in (0, 2)}


def test_strata_narrow_the_interval():
    """Settings far apart: only what the seeds do is uncertain, not which setting is drawn."""
    values = np.array([0.0, 0.1, 0.2, 10.0, 10.1, 10.2])
    whole = bootstrap_interval(values, np.mean)
    parts = bootstrap_interval(values, np.mean, np.array([0, 0, 0, 1, 1, 1]))
    assert whole[1] - whole[0] > 5
    assert parts[1] - parts[0] < 0.2
    assert parts[0] <= values.mean() <= parts[1]


def test_few_seeds_give_too_narrow_an_interval_as_the_docstring_says():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(400):
        low, high = bootstrap_interval(rng.normal(size=5), np.mean, draws=300, seed=seed)
        covered += low <= 0 <= high
    assert 0.78 < covered / 400 < 0.90


def test_the_median_is_one_of_them():
    values = np.random.default_rng(3).normal(size=11)
    assert bootstrap_median(values) == bootstrap_interval(values, np.median)


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (3, 10), (10, 10), (97, 100)])
def test_wilson_is_that_of_scipy(successes, trials):
    found = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("count", [2, 5, 12])
def test_all_sign_flips_are_counted(count):
    differences = np.random.default_rng(count).normal(0.7, 1, count)
    flips = np.array(list(itertools.product((-1, 1), repeat=count)))
    assert len(flips) <= FLIPS
    as_far = np.abs((flips * differences).mean(1)) >= abs(differences.mean()) - 1e-12
    assert paired(differences).p == pytest.approx(as_far.mean())


def test_three_pairs_of_one_sign_cannot_be_less_likely_than_a_quarter():
    assert paired(np.array([1.0, 2.0, 3.0])).p == 0.25


def test_many_pairs_are_drawn_and_agree_with_the_t_test():
    differences = np.random.default_rng(4).normal(0.3, 1, 60)
    found = paired(differences)
    assert found.p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.015)
    assert found == paired(differences)


def test_no_difference_is_rarely_called_one():
    """Of 200 experiments without a difference about 5 % come out below 0.05."""
    rng = np.random.default_rng(5)
    below = sum(paired(rng.normal(size=8)).p < 0.05 for _ in range(200))
    assert below / 200 < 0.09


def test_the_effect_is_in_deviations_of_the_differences():
    first, second = np.array([3.0, 5.0, 4.0, 8.0]), np.array([1.0, 4.0, 1.0, 6.0])
    found = paired(first - second)
    t = stats.ttest_rel(first, second).statistic
    assert found.effect == pytest.approx(t / np.sqrt(4))  # d_z = t / sqrt(n)
    assert (found.pairs, found.mean) == (4, 2.0)
    assert found.low <= found.mean <= found.high


def test_differences_without_spread():
    assert paired(np.array([0.5, 0.5, 0.5])).effect == np.inf
    assert paired(np.array([-0.5, -0.5])).effect == -np.inf
    assert paired(np.zeros(3)).effect == 0
    assert paired(np.zeros(3)).p == 1
    assert np.isnan(paired(np.array([0.5])).effect)
    assert paired(np.array([0.5])).p == 1
