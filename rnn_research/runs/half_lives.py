"""How long a gradient lasts, from the slopes of a few seeds: no half-life without a decay that is told from none.

A slope below zero in one network is no decay yet: among seeds that scatter about
zero some always fall. So the mean slope is tested first, by Student's interval
over seeds, and a half-life is given where that interval lies below zero.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.runs.statistics import mean_interval
from rnn_research.types import Array

DECAYS = "decays"
GROWS = "grows"
UNDECIDED = "not told apart from no decay"
UNTESTED = "not tested: one network"
ZERO = "exactly zero"


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
