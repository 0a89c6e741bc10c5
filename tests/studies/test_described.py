"""Means over the seeds of a study: of those that have a value, and of how many of how many."""

import numpy as np
import pytest
from scipy import stats

from rnn_research.report.gradient.styles import with_interval
from rnn_research.studies.described import interval


def test_a_mean_is_of_the_seeds_that_have_a_value():
    found = interval("slope", np.array([1.0, np.nan, 3.0, -np.inf]))
    low, high = stats.ttest_1samp([1, 3], 0).confidence_interval()
    assert found == {
        **{"slope": 2, "slope_low95": pytest.approx(low), "slope_high95": pytest.approx(high)},
        **{"slope_seeds": 2, "slope_seeds_of": 4},
    }
    assert with_interval(found, "slope", ".1f") == "2.0 [-10.7, 14.7] (2 of 4)"


def test_one_seed_has_no_interval_and_none_has_no_mean():
    one = interval("slope", np.array([0.5, np.nan]))
    assert (one["slope"], one["slope_low95"], one["slope_high95"]) == (0.5, None, None)
    assert with_interval(one, "slope", ".2f") == "0.50 (1 of 2)"
    assert with_interval(interval("slope", np.array([0.5])), "slope", ".2f") == "0.50"
    none = interval("slope", np.array([np.nan]))
    assert (none["slope"], none["slope_low95"], none["slope_seeds"]) == (None, None, 0)
    assert with_interval(none, "slope", ".2f") == "none"
