"""A half-life is given where a decay is told from none: against SciPy, planted slopes and how often nulls pass."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rnn_research.runs.half_lives import DECAYS, GROWS, UNDECIDED, UNTESTED, ZERO, half_lives, turn

LN2 = np.log(2)


def test_a_decay_has_a_half_life_with_the_ends_of_its_slope():
    slopes = np.array([-0.2, -0.25, -0.15, -0.21, -0.19])
    found = half_lives(slopes)
    low, high = ttest_1samp(slopes, 0).confidence_interval(0.95)
    assert found["half_life_steps_decay"] == DECAYS
    assert found["half_life_steps"] == pytest.approx(LN2 / 0.2)
    assert found["half_life_steps_low95"] == pytest.approx(LN2 / -low)
    assert found["half_life_steps_high95"] == pytest.approx(LN2 / -high)
    assert found["half_life_steps_by_seed"] == pytest.approx(list(LN2 / -slopes))


def test_seeds_that_scatter_about_zero_have_none_though_their_mean_falls():
    """The trained ReLU networks: half-lives 234, none, 11, none, 79."""
    slopes = np.array([-LN2 / 234, 0.001, -LN2 / 11, 0.0005, -LN2 / 79])
    found = half_lives(slopes)
    assert found["half_life_steps"] is None
    assert found["half_life_steps_decay"] == UNDECIDED
    low = ttest_1samp(slopes, 0).confidence_interval(0.95).low
    assert found["half_life_steps_low95"] == pytest.approx(LN2 / -low), "it lasts at least so long"
    assert found["half_life_steps_high95"] is None
    assert [steps is None for steps in found["half_life_steps_by_seed"]] == [False, True, False, True, False]


def test_growth_and_nothing():
    assert half_lives([0.1, 0.12, 0.11])["half_life_steps_decay"] == GROWS
    dead = half_lives([np.nan, np.nan])
    assert (dead["half_life_steps"], dead["half_life_steps_decay"]) == (None, ZERO)
    some = half_lives([np.nan, -0.2, -0.21, -0.19])
    assert (some["half_life_steps_decay"], some["half_life_steps_seeds_at_zero"]) == (DECAYS, 1)


def test_one_seed_is_no_test_but_its_own_interval_is():
    assert half_lives([-0.2])["half_life_steps_decay"] == UNTESTED
    assert half_lives([-0.2])["half_life_steps"] == pytest.approx(LN2 / 0.2)
    assert half_lives([-0.2], (-0.3, -0.1))["half_life_steps_decay"] == DECAYS
    assert half_lives([-0.2], (-0.5, 0.1), name="h")["h_decay"] == UNDECIDED


@pytest.mark.parametrize("seeds", [3, 5])
def test_no_decay_is_called_a_decay_no_more_often_than_it_says(seeds):
    rng = np.random.default_rng(0)
    verdicts = [half_lives(rng.normal(0, 0.05, seeds))["half_life_steps_decay"] for _ in range(2000)]
    assert verdicts.count(DECAYS) / 2000 == pytest.approx(0.025, abs=0.011)  # three standard errors
    assert verdicts.count(UNDECIDED) / 2000 == pytest.approx(0.95, abs=0.015)


def bent(fall, rise, size=101, turns_at=50):
    """By lag, falling up to one lag and rising after it; step 0 first, as profiles are stored."""
    lag = np.arange(size)
    return np.where(lag < turns_at, -fall * lag, -fall * turns_at + rise * (lag - turns_at))[::-1]


def test_a_profile_that_falls_and_rises_again_has_turned():
    found = turn(bent(0.1, 0.05), (20, 80), -0.03)
    assert found is not None
    assert found.first == pytest.approx(50, abs=3)
    assert found.last == pytest.approx(80, abs=3)
    assert found.nats == pytest.approx(0.05 * 28, abs=0.15)
    falls = turn(-bent(0.1, 0.05), (20, 80), 0.03)
    assert falls is not None
    assert falls.nats == pytest.approx(-found.nats)


@pytest.mark.parametrize(
    ("profile", "slope"),
    [
        (bent(0.1, -0.05), -0.08),  # slower, and still downwards
        (bent(0.1, 0.05, turns_at=85), -0.1),  # behind the lags that are fitted
        (bent(0.1, 0.005), -0.03),  # by less than half as much again
        (bent(2.0, 0.02), -1.0),  # by less than a tenth of the way down
        (np.full(101, -np.inf), np.nan),
        (bent(0.1, 0.05), None),
    ],
)
def test_a_profile_that_follows_its_line_has_not(profile, slope):
    assert turn(profile, (20, 80), slope) is None


def test_a_wiggle_from_step_to_step_is_no_turn():
    wiggle = bent(0.1, -0.1) + 0.4 * (-1.0) ** np.arange(101)
    assert turn(wiggle, (20, 80), -0.1) is None


def test_zeros_are_left_out_of_a_turn():
    profile = [None if lag > 70 else v for lag, v in zip(range(100, -1, -1), bent(0.1, 0.05), strict=True)]
    found = turn(profile, (20, 80), -0.05)
    assert found is not None
    assert found.last <= 70
