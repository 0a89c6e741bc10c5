"""Interleaved timing under a clock of our own, so that every number can be known."""

import numpy as np
import pytest

from experiments.benchmarks import timing
from experiments.benchmarks.timing import Times, interleaved, speed


class Clock:
    """A machine whose work takes longer the later it is."""

    def __init__(self, drift: float):
        self.now, self.drift, self.calls = 0.0, drift, []

    def work(self, name: str, seconds: float, first: float = 0.0):
        """A function that takes ``seconds``, and ``first`` more when it is called first."""

        def f() -> None:
            extra = 0.0 if name in self.calls else first
            self.calls.append(name)
            self.now += seconds * (1 + self.drift * self.now) + extra

        return f


@pytest.fixture
def clock(monkeypatch):
    def start(drift: float = 0.0) -> Clock:
        made = Clock(drift)
        monkeypatch.setattr(timing.time, "perf_counter", lambda: made.now)
        monkeypatch.setattr(timing.time, "sleep", lambda seconds: None)
        return made

    return start


def test_a_first_call_is_told_apart(clock):
    c = clock()
    times = interleaved({"a": c.work("a", 0.1, first=7.0)}, rounds=4, seconds=100)
    assert times["a"].first_call_s == pytest.approx(7.1)
    np.testing.assert_allclose(times["a"].seconds_R, [0.1] * 4)


def test_everyone_has_a_turn_in_every_round_in_changing_order(clock):
    c = clock()
    interleaved({name: c.work(name, 0.1) for name in "abcd"}, rounds=6, seconds=100)
    rounds = ["".join(c.calls[4 * r : 4 * r + 4]) for r in range(1, 7)]
    assert all(sorted(order) == list("abcd") for order in rounds)
    assert len(set(rounds)) > 1


def test_ratios_hold_where_the_machine_drifts(clock):
    c = clock(drift=0.05)
    times = interleaved({"fast": c.work("fast", 0.1), "slow": c.work("slow", 0.2)}, rounds=15, seconds=100)
    assert times["slow"].seconds_R.max() > 1.2 * times["slow"].seconds_R.min()
    found = speed(times, "fast", over="slow")
    assert found.median == pytest.approx(2, rel=0.02)
    assert 1.9 < found.least <= found.median <= found.most < 2.1


def test_the_ratio_is_taken_round_by_round():
    times = {"a": Times(0, np.array([1.0, 10.0, 100.0])), "b": Times(0, np.array([2.0, 40.0, 300.0]))}
    assert speed(times, "a", over="b") == (3.0, 2.0, 4.0)


def test_short_work_is_repeated_until_a_turn_is_full(clock):
    c = clock()
    times = interleaved({"a": c.work("a", timing.TURN_S / 10.5)}, rounds=1, seconds=100)
    assert len(c.calls) == 1 + 11
    np.testing.assert_allclose(times["a"].seconds_R, timing.TURN_S / 10.5)


def test_rounds_end_with_the_time_but_two_are_made(clock):
    c = clock()
    assert len(interleaved({"a": c.work("a", 1.0)}, rounds=50, seconds=4.5)["a"].seconds_R) == 5
    assert len(interleaved({"a": c.work("a", 9.0)}, rounds=50, seconds=4.5)["a"].seconds_R) == 2
    assert len(interleaved({"a": c.work("a", 9.0)}, rounds=1, seconds=4.5)["a"].seconds_R) == 1
