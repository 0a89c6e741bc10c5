"""What a page says of how long a gradient lasts: a half-life only where the decay is told apart from none."""

from collections.abc import Mapping
from typing import Any

from rnn_research.report.html import number
from rnn_research.runs.half_lives import DECAYS, GROWS, UNDECIDED, UNTESTED, ZERO, Turn, turn

NAME = "half_life_steps"


def lasts(found: Mapping[str, Any], name: str = NAME) -> str:
    """The half-life in steps with its interval, or why there is none."""
    if name == NAME and (turned := turning(found)) is not None:
        return turned_words(turned)
    value, low, high = (found[key] for key in (name, f"{name}_low95", f"{name}_high95"))
    decay = found[f"{name}_decay"]
    if decay == DECAYS:
        return f"{number(value, 3)} [{number(low, 3)}, {number(high, 3)}]"
    if decay == UNDECIDED:
        return UNDECIDED + ("" if low is None else f" (at least {number(low, 3)})")
    if decay == UNTESTED:
        return UNTESTED if value is None else f"{number(value, 3)} ({UNTESTED})"
    return {GROWS: "grows", ZERO: "no gradient"}[decay]


def disagreement(found: Mapping[str, Any], name: str = NAME) -> str:
    """Every seed's half-life where some seeds fall and others do not, or where some have no gradient; else empty."""
    by_seed, at_zero = found[f"{name}_by_seed"], found[f"{name}_seeds_at_zero"]
    if len({steps is None for steps in by_seed}) < 2 and not at_zero:
        return ""
    text = ", ".join("does not fall" if steps is None else f"{number(steps, 3)}" for steps in by_seed)
    return text + (f"; the gradient of {at_zero} is exactly zero" if at_zero else "")


def turning(found: Mapping[str, Any]) -> Turn | None:
    """Where the fitted lags do not follow the line that is fitted to them; None also where no profile is stored."""
    if "turn" in found:
        return None if found["turn"] is None else Turn(*found["turn"])
    if "profile" not in found or "fitted_lags" not in found:
        return None
    first, last = found["fitted_lags"]
    return turn(found["profile"], (first, last), found["slope_nats_per_step"])


def turned_words(turned: Turn) -> str:
    """``falls and rises again, by 0.75 nats from lag 63 to 159``."""
    way = "falls and rises again" if turned.nats > 0 else "rises and falls again"
    return f"{way}, by {abs(turned.nats):.2g} nats from lag {turned.first} to {turned.last}"


def decays(found: Mapping[str, Any], name: str = NAME) -> bool:
    """Whether the interval of the slope lies below zero, and the profile follows it."""
    return found[f"{name}_decay"] == DECAYS and (name != NAME or turning(found) is None)


def over(found: Mapping[str, Any]) -> str:
    """What the interval of a slope is over: one network has none over seeds, and is measured on several sequences."""
    return "seeds" if len(found["slope_by_seed"]) > 1 else "sequences"


def hidden_early_decay(found: Mapping[str, Any]) -> bool:
    """Whether the lags before the fit fall, told from none over the seeds, and by half and 0.01 more than the fit.

    A slope that lies within the interval of the fitted one falls no faster.
    """
    high = found["early_slope_nats_per_step_high95"]
    return high is not None and high < 0 and _falls_faster_at_first(found)


def untold_early_decay(found: Mapping[str, Any]) -> bool:
    """Whether the lags before the fit fall as much more than it, in one network: no interval over seeds can tell."""
    return found["early_slope_nats_per_step_high95"] is None and _falls_faster_at_first(found)


def _falls_faster_at_first(found: Mapping[str, Any]) -> bool:
    early, slope = found["early_slope_nats_per_step"], found["slope_nats_per_step"]
    low = found.get("slope_nats_per_step_low95")
    if None in (early, slope) or (low is not None and early >= low):
        return False
    return early < min(0.0, slope - 0.01, 1.5 * slope)
