"""The host loop: dispatch steps, and while the devices work, log, evaluate and save what is finished.

Everything that belongs to boundary k (metrics, validation sums, the reach of the
gradient, a copy of the states) is computed on the devices when k is reached and read by the host while
the steps after k already run, so that the devices never wait for the host.

A run is a pack of one member. Members may stand at different steps when a pack
goes on: those that are behind catch up first, then all walk together. A member
that fails, loses patience or is stopped by its judge stands still from there on,
and its neighbours go on.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.errors import RunFailed
from rnn_research.tasks import Task
from rnn_research.training.logbook import Boundary
from rnn_research.training.machines import distributed
from rnn_research.training.machines.stop import StopRequest
from rnn_research.training.member import Member
from rnn_research.training.placement import Placement
from rnn_research.training.progress import RunProgress
from rnn_research.training.schedule import Schedule

SAVES = 16  # checkpoints that are written at once: each has some files open, and a process may have about a thousand

Judge = Callable[[int, Mapping[str, float]], Mapping[str, str]]
"""``judge(step, {name: validation objective}) -> {name: why it is to be stopped}``."""

Shown = Callable[[Any, Any], Callable[[], str]]
"""``shown(params, carry)``: what it gives says what is shown."""


class Reached(NamedTuple):
    """A boundary of the members that stand at it, on the devices; see ``Boundary``."""

    step: int
    members: Sequence[Member]
    metrics: Any
    sums: Any | None
    flows: Sequence[Any] | None
    snapshot: Any | None
    sample: Callable[[], str] | None = None


def run(
    placement: Placement,
    task: Task,
    schedule: Schedule,
    states: Any,
    members: Sequence[Member],
    finish: Callable[[Sequence[Member]], None],
    judge: Judge | None = None,
    shown: Shown | None = None,
) -> int | None:
    """Trains every member from where it stands to its end, or all to a signal.

    Args:
      placement: where they are computed.
      task: for sizes.
      schedule: of every member.
      states: where the members start, as ``placement.place`` laid them; donated.
      members: those that are to be trained.
      finish: is handed members that have come to their end, to score them.
      judge: may stop members early, by their validation objective.
      shown: what is shown of a run alone at every evaluation, so that one sees it learn.

    Returns:
      The signal that stopped it, or None.
    """
    tokens = task.splits["train"].batch_size * task.length
    over: list[Member] = []  # have come to their end, and are not scored yet

    def reach(step: int, at: Sequence[Member], metrics: Any, save: bool) -> Reached:
        """Starts all that has to be computed before the states are donated to the next steps."""
        flows = [placement.measure(states, m.number) for m in at] if schedule.measures(step) else None
        sums, sample = None, None
        if shown is not None and schedule.evaluates(step) and step < schedule.steps:
            sample = shown(states.params, states.carry)
        if "validation" in task.splits and schedule.evaluates(step):
            sums = placement.score("validation", states.params, [m.number for m in at])
        return Reached(step, at, metrics, sums, flows, placement.copy(states) if save else None, sample)

    def settle(reached: Reached) -> None:
        """Hands each member its part, and deals with those that end here."""
        metrics = placement.apart(reached.metrics)
        losses = np.stack([metrics[m.number]["loss"] for m in reached.members])
        finite = losses[np.isfinite(losses).all(axis=1)]
        speed = progress.update(reached.step, float(finite.mean())) if len(finite) else math.nan
        sums, snapshot = (None if x is None else placement.apart(x) for x in (reached.sums, reached.snapshot))
        found: dict[str, float] = {}
        for i, m in enumerate(reached.members):
            boundary = Boundary(
                reached.step,
                metrics[m.number],
                None if sums is None else sums[m.number],
                None if reached.flows is None else reached.flows[i],
                None if snapshot is None else snapshot[m.number],
            )
            try:
                value = m.logbook.settle(boundary, speed)
            except RunFailed as failure:
                m.fail(failure)
                if m.name:
                    progress.say(f"{m.name}: {failure}")
                continue
            if value is not None:
                found[m.name] = value
            if i >= SAVES:
                reached.members[i - SAVES].checkpoints.wait()
        if found:
            best = min(found, key=lambda name: found[name])
            which = f" at best, of {best}" if best else ""
            progress.say(
                f"step {reached.step:,}  validation {reached.members[0].logbook.objective} {found[best]:.4f}{which}"
            )
        if reached.sample is not None:
            progress.say(f"step {reached.step:,}  writes {reached.sample()}")
        end(reached.members)
        going = {m.name: m for m in reached.members if m.at_work and m.name in found}
        reasons = judge(reached.step, {name: found[name] for name in going}) if judge is not None and going else {}
        for name, reason in reasons.items():
            going[name].fail(RunFailed(reason))

    def end(candidates: Sequence[Member]) -> None:
        """Takes out those that have nothing left to do."""
        for m in candidates:
            if m.at_work and (m.step >= schedule.steps or m.logbook.exhausted):
                m.end()
                over.append(m)

    def finish_those() -> None:
        ended = list(over)
        over.clear()
        if ended:
            finish(ended)

    end(members)
    pending: Reached | None = None
    signal = 0
    first = min((m.step for m in members), default=0)
    quiet = not distributed.first()
    with StopRequest() as stop, RunProgress(schedule.steps, first, tokens, quiet) as progress:
        while not signal and (working := [m for m in members if m.at_work and m.step < schedule.steps]):
            finish_those()
            # All processes stop at the same step, whichever was told to.
            told = placement.agreed(lambda: stop.signal or 0)
            step = min(m.step for m in working)
            at = [m for m in working if m.step == step]
            n = schedule.next(step) - step
            states, metrics = placement.chunk(states, [m.number for m in at], n)
            if pending is not None:
                settle(pending)
                pending = None
                at = [m for m in at if m.at_work]
            if at:  # else the steps just begun are not wanted
                for m in at:
                    m.step = step + n
                pending = reach(step + n, at, metrics, schedule.saves(step + n) or told() > 0)
            signal = told()
        if pending is not None:
            # A signal that came after the copy was decided on still finds its states saved.
            if pending.snapshot is None:
                pending = pending._replace(snapshot=placement.copy(states))
            settle(pending)
    for m in members:
        m.checkpoints.wait()
    finish_those()
    return signal or None
