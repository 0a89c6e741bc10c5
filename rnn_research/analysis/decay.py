"""The rate of a lag profile: its slope in nats per step, half-life, and how sure they are."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError
from rnn_research.types import Array, Key


class Decay(NamedTuple):
    """A straight line through the median profile, over any leading axes ``[...]``.

    Attributes:
      slope: nats per step of lag; negative where gradients vanish, positive where
        they explode, NaN where fewer than two lags are left to fit.
      slope_low, slope_high: its percentile bootstrap interval over examples.
      half_life: steps until half is left, ln 2 / -slope; inf where it does not decay.
      half_life_low, half_life_high: of the slope's interval.
      doubling: steps until it has doubled, ln 2 / slope; inf where it does not grow.
      median: the fitted medians over examples, ``[..., T]``, step 0 first; -inf
        where more than half of the examples are exactly zero (left out of the fit).
      quantiles: ``[..., Q, T]`` over examples.
      zero_share: share of exact zeros among the steps and examples in range.
    """

    slope: Array
    slope_low: Array
    slope_high: Array
    half_life: Array
    half_life_low: Array
    half_life_high: Array
    doubling: Array
    median: Array
    quantiles: Array
    zero_share: Array


def decay(
    log_norms: Array,
    *,
    first_lag: int = 0,
    last_lag: int | None = None,
    draws: int = 1000,
    level: float = 0.95,
    quantiles: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95),
    key: Key | None = None,
) -> Decay:
    """Fits a rate by least squares to the median over examples of ``log_norms [..., T, B]``.

    Args:
      log_norms: in nats, as in ``LagProfile``; -inf for zero.
      first_lag: the smallest lag that is fitted, so that the first steps back,
        which still turn towards the slowest direction, can be left out.
      last_lag: the largest one; None for T - 1.
      draws: bootstrap replicates over examples (Efron 1979); one example gives a
        zero interval.
      level: of the interval.
      quantiles: which ones over examples to return.
      key: of the bootstrap; ``jax.random.key(0)`` if None.

    Raises:
      UserError: for a range without two lags.
    """
    T, B = log_norms.shape[-2:]
    last_lag = T - 1 if last_lag is None else last_lag
    if not 0 <= first_lag < last_lag < T:
        raise UserError(f"lags from {first_lag} to {last_lag} do not hold two of the {T} lags 0 to {T - 1}")
    lag_T = T - 1 - np.arange(T)
    within_T = (lag_T >= first_lag) & (lag_T <= last_lag)

    def rate(log_norms: Array) -> tuple[Array, Array]:
        median = _quantile(jnp.sort(log_norms, -1), 0.5)
        return median, _slope(lag_T, median, jnp.asarray(within_T) & (median != -jnp.inf))

    def replicate(key: Key) -> Array:
        return rate(log_norms[..., jax.random.randint(key, (B,), 0, B)])[1]

    median, slope = rate(log_norms)
    keys = jax.random.split(jax.random.key(0) if key is None else key, draws)
    slopes = jnp.sort(jax.lax.map(replicate, keys, batch_size=min(draws, 16)), 0)
    low, high = (_quantile(jnp.moveaxis(slopes, 0, -1), q) for q in ((1 - level) / 2, (1 + level) / 2))
    ordered = jnp.sort(log_norms, -1)
    return Decay(
        slope=slope,
        slope_low=low,
        slope_high=high,
        half_life=half_life(slope),
        half_life_low=half_life(low),
        half_life_high=half_life(high),
        doubling=half_life(-slope),
        median=median,
        quantiles=jnp.stack([_quantile(ordered, q) for q in quantiles], -2),
        zero_share=jnp.mean((log_norms == -jnp.inf)[..., within_T, :], (-2, -1)),
    )


def fitted_lags(T: int) -> tuple[int, int]:
    """The smallest and the largest lag of a slope over T steps: a fifth is left out at either end.

    In the first steps back the gradient still turns towards the slowest direction;
    near the start the state still shows where it came from.
    """
    edge = T // 5
    return edge, T - 1 - edge


def early_lags(T: int) -> tuple[int, int]:
    """The lags before those of ``fitted_lags``: a decay that is over by then does not show in a slope fitted there."""
    return 0, fitted_lags(T)[0]


def line(log_T: np.ndarray | Array, lags: tuple[int, int]) -> float:
    """Nats per step of one profile over the lags from the first to the last, both with it.

    Args:
      log_T: step 0 first, so that entry 0 is the largest lag; what is not finite is left out.
      lags: the smallest and the largest.

    Returns:
      The slope of least squares; NaN without two lags that are finite.
    """
    by_lag = np.asarray(log_T, np.float64)[::-1]
    lag = np.arange(lags[0], min(lags[1], len(by_lag) - 1) + 1)
    lag = lag[np.isfinite(by_lag[lag])]
    return float(np.polyfit(lag, by_lag[lag], 1)[0]) if len(lag) > 1 else float("nan")


def local_slopes(log_T: np.ndarray | Array, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The slope of one profile in one window of lags after another, ``line`` over each.

    Args:
      log_T: as for ``line``.
      window: steps of lag, two or more; a rest that fills none is left out.

    Returns:
      The middle of each window, and its slope in nats per step.
    """
    starts = range(0, len(log_T) - window, window)
    return np.array(starts) + window / 2, np.array([line(log_T, (s, s + window)) for s in starts])


def half_life(slope: Array) -> Array:
    """ln 2 / -slope in steps; inf for a slope of zero or above."""
    falls = slope < 0
    steps = np.log(2) / jnp.where(falls, -slope, 1)
    return jnp.where(falls, steps, jnp.where(jnp.isnan(slope), jnp.nan, jnp.inf))


def _slope(x_T: np.ndarray, y: Array, chosen: Array) -> Array:
    """Least squares over the chosen places of the last axis."""
    count = jnp.sum(chosen, -1, keepdims=True)
    mean = lambda v: jnp.sum(jnp.where(chosen, v, 0), -1, keepdims=True) / jnp.maximum(count, 1)  # noqa: E731
    x = jnp.where(chosen, x_T - mean(jnp.asarray(x_T, y.dtype)), 0)
    y = jnp.where(chosen, y - mean(y), 0)
    spread = jnp.sum(x * x, -1)
    return jnp.where(count[..., 0] > 1, jnp.sum(x * y, -1) / jnp.where(spread > 0, spread, 1), jnp.nan)


def _quantile(ordered: Array, q: float) -> Array:
    """Linear interpolation in a sorted last axis; infinities are values like any other, NaN spreads."""
    place = q * (ordered.shape[-1] - 1)
    below = min(int(place), ordered.shape[-1] - 1)
    weight = place - below
    low, high = ordered[..., below], ordered[..., min(below + 1, ordered.shape[-1] - 1)]
    between = low if weight == 0 else (1 - weight) * low + weight * high
    return jnp.where(jnp.isnan(ordered[..., -1]), jnp.nan, between)
