"""Slopes, half-lives and their intervals, against numpy and known lines."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.decay import decay, early_lags, fitted_lags, half_life, line, local_slopes
from rnn_research.errors import UserError


def lines(slopes, T=40, noise=0.0, seed=0):
    """log norms ``[T, B]`` that fall along lines."""
    lag_T = np.arange(T)[::-1]
    rng = np.random.default_rng(seed)
    return jnp.asarray(lag_T[:, None] * np.asarray(slopes) + noise * rng.normal(size=(T, len(slopes))), jnp.float32)


def test_slope_is_that_of_polyfit_on_the_median():
    log_TB = lines(np.linspace(-0.3, -0.1, 8), noise=0.5)
    lag = np.arange(40)[::-1]
    jitted = jax.jit(decay, static_argnames=("first_lag", "last_lag", "draws"))
    for first, last in ((0, 39), (5, 20)):
        within = (lag >= first) & (lag <= last)
        expected = np.polyfit(lag[within], np.median(log_TB, 1)[within], 1)[0]
        mine = jitted(log_TB, first_lag=first, last_lag=last, draws=10)
        assert float(mine.slope) == pytest.approx(expected, rel=1e-5)
        assert float(mine.half_life) == pytest.approx(np.log(2) / -expected, rel=1e-5)


def test_exact_lines_over_leading_axes_and_under_jit():
    log_2TB = jnp.stack([lines([-0.5] * 3), lines([0.25] * 3)])
    mine = jax.jit(lambda l: decay(l, draws=20))(log_2TB)
    np.testing.assert_allclose(mine.slope, [-0.5, 0.25], rtol=1e-6)
    np.testing.assert_allclose(mine.slope_low, mine.slope, rtol=1e-6)
    np.testing.assert_allclose(mine.half_life, [np.log(2) / 0.5, np.inf], rtol=1e-6)
    np.testing.assert_allclose(mine.doubling, [np.inf, np.log(2) / 0.25], rtol=1e-6)
    assert mine.median.shape == (2, 40)
    assert mine.quantiles.shape == (2, 5, 40)


def test_quantiles_are_numpys():
    log_TB = lines(np.linspace(-0.3, -0.1, 8), noise=0.5)
    mine = jax.jit(lambda l: decay(l, draws=2, quantiles=(0.0, 0.1, 0.5, 0.9, 1.0)))(log_TB)
    np.testing.assert_allclose(mine.quantiles, np.quantile(log_TB, (0.0, 0.1, 0.5, 0.9, 1.0), axis=1), rtol=1e-5)


def test_interval_covers_the_truth_as_often_as_it_says():
    """Slopes of 24 examples drawn around -0.2: some 95 of 100 intervals hold it."""
    rng = np.random.default_rng(1)
    log_NTB = jnp.stack([lines(rng.normal(-0.2, 0.05, 24), T=10) for _ in range(100)])
    mine = jax.jit(lambda l: decay(l, draws=400))(log_NTB)
    covered = np.mean((mine.slope_low <= -0.2) & (mine.slope_high >= -0.2))
    assert 0.88 <= covered <= 0.99
    assert np.all(mine.half_life_low < mine.half_life)
    assert np.all(mine.half_life < mine.half_life_high)


def test_zeros_are_left_out_and_counted():
    log_TB = lines([-1.0] * 5).at[:10].set(-jnp.inf).at[12, :2].set(-jnp.inf)
    mine = jax.jit(lambda l: decay(l, draws=20))(log_TB)
    assert float(mine.slope) == pytest.approx(-1.0, rel=1e-5)
    assert float(mine.zero_share) == pytest.approx(52 / 200)
    assert np.all(mine.median[:10] == -np.inf)
    assert np.all(np.isfinite(mine.median[10:]))
    np.testing.assert_array_equal(np.isneginf(mine.quantiles[:, 12]), [True, True, False, False, False])
    assert not np.any(np.isnan(mine.quantiles))


def test_nothing_left_to_fit_is_nan():
    mine = jax.jit(lambda l: decay(l, draws=5))(jnp.full((6, 3), -jnp.inf))
    assert np.isnan(mine.slope)
    assert np.isnan(mine.half_life)
    assert float(mine.zero_share) == 1


def test_nan_is_not_hidden():
    broken = jax.jit(lambda l: decay(l, draws=5))(lines([-1.0] * 3).at[3, 1].set(jnp.nan))
    assert np.isnan(broken.slope)


def test_half_life_of_no_decay_is_infinite():
    np.testing.assert_array_equal(half_life(jnp.float32([0.0, 0.3])), [np.inf, np.inf])


@pytest.mark.parametrize(("first", "last"), [(0, 40), (7, 7), (-1, 5)])
def test_a_range_without_two_lags_is_refused(first, last):
    with pytest.raises(UserError, match="lags"):
        decay(lines([-1.0]), first_lag=first, last_lag=last)


def test_a_fast_early_decay_shows_in_the_local_slope_and_not_in_the_fit():
    """A profile that falls by 0.1 a step for 20 lags and then stays: the fitted slope is zero."""
    T = 100
    log_T = -0.1 * np.minimum(np.arange(T)[::-1], 20)
    assert line(log_T, fitted_lags(T)) == pytest.approx(0, abs=1e-12)
    assert line(log_T, early_lags(T)) == pytest.approx(-0.1)
    lags, slopes = local_slopes(log_T, 10)
    np.testing.assert_allclose(lags, np.arange(5, 95, 10))
    np.testing.assert_allclose(slopes, [-0.1, -0.1, *[0] * 7], atol=1e-12)


def test_a_line_leaves_out_what_is_not_finite():
    """The last c is read by its own h alone: its profile begins at lag 1."""
    log_T = -0.3 * np.arange(12.0)[::-1]
    log_T[-1] = -np.inf
    assert line(log_T, (0, 5)) == pytest.approx(-0.3)
    assert np.isnan(line(np.full(12, -np.inf), (0, 5)))
