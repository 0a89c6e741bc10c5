"""Averages over seeds, their intervals and paired comparisons, held against scipy, enumeration and closed forms."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rnn_research.runs.statistics import (
    FLIPS,
    interquartile_interval,
    interquartile_mean,
    mean_interval,
    median_interval,
    paired,
    wilson,
)


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    assert interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -100])) == 3.5
    assert interquartile_mean(np.array([7.0, 1, 2])) == pytest.approx(10 / 3)  # of three none is a quarter
    values_MN = np.random.default_rng(0).normal(size=(4, 9))
    expected = [np.sort(row)[2:7].mean() for row in values_MN]
    np.testing.assert_allclose(interquartile_mean(values_MN, axis=1), expected)


EXPERIMENTS = 20_000
ERROR = 3 * np.sqrt(0.95 * 0.05 / EXPERIMENTS)
"""Three standard errors of a coverage of 95 % that is counted in so many experiments: half of a hundredth."""


def coverage(values_NE, truth, strata_N=None):
    """The share of experiments whose interval holds the true mean."""
    _, low_E, high_E = mean_interval(values_NE, strata_N)
    return np.mean((low_E <= truth) & (truth <= high_E))


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_an_interval_over_few_seeds_holds_the_mean_as_often_as_it_says(seeds):
    """A percentile bootstrap holds it in 75 and 83 % at three and five; a deviation with ddof 0 in 91 and 92 %."""
    values = np.random.default_rng(seeds).normal(1, 2, (seeds, EXPERIMENTS))
    assert coverage(values, 1) == pytest.approx(0.95, abs=ERROR)


def test_the_mean_s_interval_is_that_of_scipy():
    values = np.random.default_rng(1).exponential(size=(7, 3))
    found = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    mean, low, high = mean_interval(values)
    np.testing.assert_allclose(mean, values.mean(0))
    np.testing.assert_allclose([low, high], [found.low, found.high])
    np.testing.assert_allclose(mean_interval(values[:, 1]), [mean[1], low[1], high[1]])


def test_one_seed_has_no_interval():
    mean, low, high = mean_interval(np.array([2.0]))
    assert mean == 2 and np.isnan([low, high]).all()


@pytest.mark.parametrize(("sizes", "deviations"), [((3, 3, 3), (1, 1, 1)), ((5, 5, 3), (1, 2, 4)), ((2, 2), (1, 1))])
def test_strata_keep_the_coverage(sizes, deviations):
    """Settings far apart whose seeds alone are drawn; Welch's degrees of freedom are a little wide or narrow at few."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    middle, deviation = 10.0 * strata[:, None], np.array(deviations)[strata][:, None]
    values = np.random.default_rng(sum(sizes)).normal(middle, deviation, (len(strata), EXPERIMENTS))
    assert 0.94 - ERROR < coverage(values, middle.mean(), strata) < 0.98 + ERROR


def test_strata_narrow_the_interval_unless_one_has_a_single_run():
    values = np.array([0.0, 0.1, 0.2, 10.0, 10.1, 10.2])
    _, low, high = mean_interval(values, np.array([0, 0, 0, 1, 1, 1]))
    assert 0.1 < high - low < 0.3
    assert mean_interval(values, np.array([0, 0, 0, 1, 1, 2])) == mean_interval(values)
    assert mean_interval(np.ones(4), np.array([0, 0, 1, 1])) == (1, 1, 1)


@pytest.mark.parametrize("count", [6, 9, 15, 40])
def test_an_interval_of_the_median_holds_it_whatever_the_distribution(count):
    """Value a and value b hold it between them if a to b - 1 values lie below it, each with probability a half."""
    a, b = (int(end) + 1 for end in median_interval(np.arange(count)))
    below = stats.binom(count, 0.5)
    assert 0.95 <= below.cdf(b - 1) - below.cdf(a - 1) < 0.99
    assert b - a < count - 1 or count == 6


def test_the_interval_of_the_median_is_of_order_statistics():
    """Six values: all of them. Eleven: the second and the tenth (Thompson 1936: 1 - 2 (1 + 11) / 2^11 = 98.8 %)."""
    assert median_interval(np.array([3.0, 1, 2, 6, 5, 4])) == (1, 6)
    assert median_interval(np.arange(11.0)) == (1, 9)
    assert median_interval(np.array([1.0, 2, 3, 4, 5, np.inf, np.inf])) == (1, np.inf)


def test_an_interval_of_the_interquartile_mean():
    rng = np.random.default_rng(7)
    for count in (6, 12):
        held = [low <= 0 <= high for low, high in (interquartile_interval(rng.normal(size=count)) for _ in range(400))]
        assert np.mean(held) > 0.91


def test_below_six_there_is_no_interval_of_a_median_or_an_interquartile_mean():
    """The least and the largest of five hold the median in 1 - 2 / 2^5 = 93.75 % of the cases, whatever one does."""
    for interval in (median_interval, interquartile_interval):
        assert np.isnan(interval(np.arange(5.0))).all()
        assert np.isfinite(interval(np.arange(6.0))).all()


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
    interval = stats.ttest_1samp(differences, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


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
