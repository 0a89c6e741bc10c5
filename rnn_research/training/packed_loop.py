"""The host loop of a pack: as the loop of one run, with a logbook for each member.

Members may stand at different steps when a pack goes on: those that are behind
catch up first, then all walk together. A member that fails, loses patience or is
stopped by its judge stands still from there on, and its neighbours go on.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.errors import RunFailed
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.tasks import Task
from rnn_research.training.logbook import Boundary, Ending, Logbook
from rnn_research.training.packed import PackedProgram
from rnn_research.training.progress import RunProgress
from rnn_research.training.schedule import Schedule
from rnn_research.training.state import TrainState
from rnn_research.training.stop import StopRequest

SAVES = 16  # checkpoints that are written at once: each has some files open, and a process may have about a thousand

Judge = Callable[[int, Mapping[str, float]], Mapping[str, str]]
"""``judge(step, {name: validation objective}) -> {name: why it is to be stopped}``."""


@dataclasses.dataclass
class Member:
    """One run of a pack.

    Attributes:
      number: its place in the pack.
      name: what it is called.
      directory: its own.
      checkpoints: its own.
      logbook: its own.
      step: where it stands.
      ending: how it ended, once it has.
      failed: whether that was too early.
      best_step: of its best checkpoint, once it has ended well.
    """

    number: int
    name: str
    directory: RunDirectory
    checkpoints: Checkpoints
    logbook: Logbook
    step: int
    ending: Ending | None = None
    failed: bool = False
    best_step: int = 0

    def fail(self, reason: str) -> None:
        """Marks it as FAILED; it stands still from here on."""
        write_text(self.directory.failed, f"{reason}\n")
        self.ending, self.failed = self.logbook.ending(self.step), True


class Reached(NamedTuple):
    """A boundary of the members that stand at it, on the device; see ``Boundary``."""

    step: int
    members: Sequence[Member]
    metrics: Mapping[str, Any]
    sums: Mapping[str, Any] | None
    flows: Sequence[Any] | None
    snapshot: Mapping[str, Any] | None


def run(
    program: PackedProgram,
    task: Task,
    schedule: Schedule,
    states_M: TrainState,
    hypers_M: Any,
    members: Sequence[Member],
    finish: Callable[[Sequence[Member]], None],
    judge: Judge | None = None,
) -> int | None:
    """Trains every member from where it stands to its end, or all to a signal.

    Args:
      program: of the whole pack.
      task: for sizes and the name of the objective.
      schedule: of every member.
      states_M: where the members start; donated.
      hypers_M: their numbers.
      members: those that are to be trained.
      finish: is handed members that have come to their end, to score them.
      judge: may stop members early, by their validation objective.

    Returns:
      The signal that stopped it, or None.
    """
    tokens = task.splits["train"].batch_size * task.length
    objective = program.model.objective.figure

    def reach(step: int, at: Sequence[Member], metrics: Mapping[str, Any], save: bool) -> Reached:
        """Starts all that has to be computed before the states are donated to the next steps."""
        flows = [program.measure(states_M, m.number) for m in at] if schedule.measures(step) else None
        sums = None
        if "validation" in task.splits and schedule.evaluates(step):
            sums = program.score("validation", states_M.params, [m.number for m in at])
        return Reached(step, at, metrics, sums, flows, program.copy(states_M) if save else None)

    def settle(reached: Reached) -> None:
        """Hands each member its part, and deals with those that end here."""
        host = program.to_host((reached.metrics, reached.sums, reached.snapshot))
        metrics, sums, snapshot = host
        losses = metrics["loss"][[m.number for m in reached.members]]
        finite = losses[np.isfinite(losses).all(axis=1)]
        speed = progress.update(reached.step, float(finite.mean()) if len(finite) else math.nan)
        found: dict[str, float] = {}
        for i, m in enumerate(reached.members):
            boundary = Boundary(
                reached.step,
                _of(metrics, m.number),
                None if sums is None else _of(sums, m.number),
                None if reached.flows is None else reached.flows[i],
                None if snapshot is None else _of(snapshot, m.number),
            )
            try:
                value = m.logbook.settle(boundary, lambda _: speed)
            except RunFailed as error:
                m.fail(str(error))
                progress.say(f"{m.name}: {error}")
                continue
            if value is not None:
                found[m.name] = value
            if i >= SAVES:
                reached.members[i - SAVES].checkpoints.wait()
        if found:
            best = min(found, key=lambda name: found[name])
            progress.say(f"step {reached.step:,}  validation {objective} {found[best]:.4f} at best, of {best}")
        end(m for m in reached.members if not m.failed)
        going = {m.name: m for m in reached.members if m.ending is None and m.name in found}
        reasons = judge(reached.step, {name: found[name] for name in going}) if judge is not None and going else {}
        for name, reason in reasons.items():
            going[name].fail(reason)

    def end(candidates: Iterable[Member]) -> None:
        """Scores those that have nothing left to do."""
        over = [m for m in candidates if m.step >= schedule.steps or m.logbook.exhausted]
        for m in over:
            m.checkpoints.wait()
            m.ending = m.logbook.ending(m.step)
        if over:
            finish(over)

    end(members)
    pending: Reached | None = None
    first = min((m.step for m in members), default=0)
    with StopRequest() as stop, RunProgress(schedule.steps, first, tokens) as progress:
        while stop.signal is None and (working := [m for m in members if m.ending is None and m.step < schedule.steps]):
            step = min(m.step for m in working)
            at = [m for m in working if m.step == step]
            n = schedule.next(step) - step
            states_M, metrics = program.chunk(states_M, hypers_M, [m.number for m in at], n)
            if pending is not None:
                settle(pending)
                pending = None
                at = [m for m in at if m.ending is None]
                if not at:
                    continue  # the steps just begun are not wanted
            for m in at:
                m.step = step + n
            pending = reach(step + n, at, metrics, schedule.saves(step + n) or stop.signal is not None)
        if pending is not None:
            # A signal that came after the copy was decided on still finds its states saved.
            if pending.snapshot is None:
                pending = pending._replace(snapshot=program.copy(states_M))
            settle(pending)
    for m in members:
        m.checkpoints.wait()
    return stop.signal


def _of(tree_M: Mapping[str, Any], member: int) -> dict[str, Any]:
    return jax.tree.map(lambda values: values[member], dict(tree_M))
