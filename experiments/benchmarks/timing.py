"""Times functions side by side: in turn, in random order, so that ratios hold where the machine drifts."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

TURN_S = 0.02  # what is shorter is repeated, so that the clock and the change of turns do not count
SETTLE_S = 0.01  # threads of the one before may still spin

Name = TypeVar("Name", bound=Hashable)


class Times(NamedTuple):
    """How long one function took.

    Attributes:
      first_call_s: its first call: tracing, compiling and one run.
      seconds_R: of one warm call, in each round.
    """

    first_call_s: float
    seconds_R: np.ndarray


class Spread(NamedTuple):
    """Of one number over the rounds."""

    median: float
    least: float
    most: float


def interleaved(
    functions: Mapping[Name, Callable[[], Any]], *, rounds: int = 15, seconds: float = 5.0, least: int = 2
) -> dict[Name, Times]:
    """Calls every function once, and then gives each a turn in every round.

    Args:
      functions: by name; each blocks until its result is there.
      rounds: the most that are made.
      seconds: no round begins when this much time is used, but ``least`` of them are made whatever they cost.
      least: fewer only if ``rounds`` is.
    """
    first_s = {name: _turn(f, 0.0) for name, f in functions.items()}
    found: dict[Name, list[float]] = {name: [] for name in functions}
    names, order = list(functions), np.random.default_rng(0)
    began = time.perf_counter()
    for done in range(rounds):
        if done >= least and time.perf_counter() - began > seconds:
            break
        for name in (names[k] for k in order.permutation(len(names))):
            time.sleep(SETTLE_S)
            found[name].append(_turn(functions[name], TURN_S))
    return {name: Times(first_s[name], np.array(found[name])) for name in functions}


def _turn(f: Callable[[], Any], at_least: float) -> float:
    """Seconds of one call, over as many as fill a turn."""
    began, calls = time.perf_counter(), 0
    while True:
        f()
        calls += 1
        passed = time.perf_counter() - began
        if passed >= at_least:
            return passed / calls


def spread(values_R: np.ndarray) -> Spread:
    """Median, least and most."""
    return Spread(float(np.median(values_R)), float(np.min(values_R)), float(np.max(values_R)))


def speed(times: Mapping[str, Times], name: str, over: str) -> Spread:
    """How many times as fast ``name`` is as ``over``: the ratio of neighbours in time, round by round."""
    return spread(times[over].seconds_R / times[name].seconds_R)
