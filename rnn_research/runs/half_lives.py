"""How long a gradient lasts, from the slopes of a few seeds: no half-life without a decay that is told from none.

A slope below zero in one network is no decay yet: among seeds that scatter about
zero some always fall. So the mean slope is tested first, by Student's interval
over seeds, and a half-life is given where that interval lies below zero.

Nor is a straight line through a profile that falls and then rises again a decay:
``turn`` finds where a profile goes against its own line.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.runs.statistics import mean_interval
from rnn_research.types import Array

DECAYS = "decays"
GROWS = "grows"
UNDECIDED = "not told apart from no decay"
UNTESTED = "not tested: one network"
ZERO = "exactly zero"

LEAST_TURN = float(np.log(1.5))
"""Nats: half as much again. A profile that goes less far against its line has not turned."""


class Turn(NamedTuple):
    """Where a profile goes furthest against the line that is fitted to it.

    Attributes:
      first, last: the lags between which it does.
      nats: by how much, above zero where it rises.
    """

    first: int
    last: int
    nats: float


def turn(log_T: Sequence[float | None] | np.ndarray, lags: tuple[int, int], slope: float | None) -> Turn | None:
    """Where a profile that falls as a whole rises again, or one that grows falls.

    Args:
      log_T: in nats, step 0 first, so that entry 0 is the largest lag; what is None or not finite is left out.
      lags: the smallest and the largest that are fitted.
      slope: of the line through these.

    Returns:
      The furthest way against the slope, of means over a twentieth of the lags, if it goes half as much
      again (``LEAST_TURN``) and a tenth of the furthest way along the slope; None otherwise.
    """
    by_lag = np.array([np.nan if v is None else v for v in log_T], np.float64)[::-1]
    if not slope or not np.isfinite(slope):
        return None
    window = max(1, len(by_lag) // 20)
    within = by_lag[lags[0] : lags[1] + 1]
    if len(within) <= window:
        return None
    # A mean with what is not finite in it is not finite.
    means = np.convolve(within, np.full(window, 1 / window), mode="valid")
    known = np.flatnonzero(np.isfinite(means))
    if len(known) < 2:
        return None
    upwards = -np.sign(slope)
    against, start, end = _furthest(upwards * means[known])
    along, _, _ = _furthest(-upwards * means[known])
    if against < max(LEAST_TURN, 0.1 * along):
        return None
    middle = lags[0] + (window - 1) // 2
    return Turn(int(middle + known[start]), int(middle + known[end]), float(upwards * against))


def _furthest(values: np.ndarray) -> tuple[float, int, int]:
    """The furthest way up from an earlier value to a later one, and where it begins and ends."""
    ways = values - np.minimum.accumulate(values)
    end = int(ways.argmax())
    return float(ways[end]), int(values[: end + 1].argmin()), end


def half_lives(
    slope_M: Sequence[float] | np.ndarray | Array, interval: tuple[float, float] | None = None, name: str = "half_life_steps"
) -> dict[str, Any]:
    """The half-life of the mean slope, with the verdict whether there is one.

    Args:
      slope_M: nats per step of lag, one a seed; NaN where a gradient is exactly zero.
      interval: the slope's own 95 % interval, where there is one without seeds
        (over sequences, say); None takes Student's over the seeds.
      name: of the half-life.

    Returns:
      ``name`` in steps, ln 2 / -slope, None unless it decays; ``_low95`` and ``_high95``
      from the ends of the slope's interval, None where an end does not decay;
      ``_by_seed``, None for a seed whose slope is not below zero; ``_decay``, one of the
      verdicts above; ``_seeds_at_zero``, those whose gradient is exactly zero and which
      are in no mean.
    """
    slope_M = np.asarray(slope_M, np.float64)
    known_M = slope_M[np.isfinite(slope_M)]
    mean = float(known_M.mean()) if len(known_M) else None
    if interval is None and len(known_M) > 1:
        interval = mean_interval(known_M)[1:]
    low, high = interval or (None, None)
    decay = verdict(mean, low, high)
    return {
        name: steps(mean) if decay in (DECAYS, UNTESTED) else None,
        f"{name}_low95": steps(low),
        f"{name}_high95": steps(high),
        f"{name}_by_seed": [steps(s) for s in slope_M],
        f"{name}_decay": decay,
        f"{name}_seeds_at_zero": len(slope_M) - len(known_M),
    }


def verdict(mean: float | None, low: float | None, high: float | None) -> str:
    """What an interval of a slope says about the decay."""
    if mean is None:
        return ZERO
    if low is None or high is None:
        return UNTESTED
    return DECAYS if high < 0 else GROWS if low > 0 else UNDECIDED


def steps(slope: float | None) -> float | None:
    """ln 2 / -slope; None where it does not fall, as JSON knows no infinity."""
    return float(np.log(2) / -slope) if slope is not None and np.isfinite(slope) and slope < 0 else None
