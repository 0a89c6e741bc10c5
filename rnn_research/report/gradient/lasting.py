"""What a page says of how long a gradient lasts: a half-life only where the decay is told apart from none."""

from collections.abc import Mapping
from typing import Any

from rnn_research.runs.half_lives import DECAYS, GROWS, UNDECIDED, UNTESTED, ZERO

NAME = "half_life_steps"


def lasts(found: Mapping[str, Any], name: str = NAME) -> str:
    """The half-life in steps with its interval, or why there is none."""
    value, low, high = (found[key] for key in (name, f"{name}_low95", f"{name}_high95"))
    decay = found[f"{name}_decay"]
    if decay == DECAYS:
        return f"{value:.3g} [{low:.3g}, {high:.3g}]"
    if decay == UNDECIDED:
        return UNDECIDED + ("" if low is None else f" (at least {low:.3g})")
    if decay == UNTESTED:
        return UNTESTED if value is None else f"{value:.3g} ({UNTESTED})"
    return {GROWS: "grows", ZERO: "no gradient"}[decay]


def disagreement(found: Mapping[str, Any], name: str = NAME) -> str:
    """Every seed's half-life where some seeds fall and others do not, or where some have no gradient; else empty."""
    by_seed, at_zero = found[f"{name}_by_seed"], found[f"{name}_seeds_at_zero"]
    if len({steps is None for steps in by_seed}) < 2 and not at_zero:
        return ""
    text = ", ".join("does not fall" if steps is None else f"{steps:.3g}" for steps in by_seed)
    return text + (f"; the gradient of {at_zero} is exactly zero" if at_zero else "")


def decays(found: Mapping[str, Any], name: str = NAME) -> bool:
    """Whether the interval of the slope lies below zero."""
    return found[f"{name}_decay"] == DECAYS


def hidden_early_decay(found: Mapping[str, Any]) -> bool:
    """Whether the lags before the fit fall, told from none over the seeds, and by half and 0.01 more than the fit.

    A slope that lies within the interval of the fitted one falls no faster.
    """
    early, high = found["early_slope_nats_per_step"], found["early_slope_nats_per_step_high95"]
    slope, low = found["slope_nats_per_step"], found.get("slope_nats_per_step_low95")
    if None in (early, high, slope) or (low is not None and early >= low):
        return False
    return high < 0 and early < min(slope - 0.01, 1.5 * slope)
