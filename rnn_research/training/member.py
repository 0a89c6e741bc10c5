"""One of the runs that a loop trains: where it stands, how it ended, and what is written down at both ends.

A member is the same alone and in a pack: it has a directory, checkpoints and a
logbook of its own.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import RunFailed
from rnn_research.models.recurrent import count
from rnn_research.runs import history
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory, remove, write_json, write_text
from rnn_research.runs.provenance import provenance
from rnn_research.tasks import Task
from rnn_research.training import going_on, zero_start
from rnn_research.training.build import Built
from rnn_research.training.logbook import Ending, Logbook
from rnn_research.training.machines import devices, distributed
from rnn_research.training.numbers import numbers_of
from rnn_research.training.placement import Placement
from rnn_research.training.results import figures_of, scored_splits, write_results
from rnn_research.training.state import TrainState
from rnn_research.training.step import Program

Say = Callable[[str], None]
"""Is told how it goes, a line at a time."""


@dataclasses.dataclass
class Member:
    """One run of a loop.

    Attributes:
      number: its place among the members.
      name: what it is called among them; empty for a run alone.
      config: its own, whole.
      directory: its own.
      checkpoints: its own.
      logbook: its own.
      step: where it stands.
      say: is told what there is to say of it.
      ending: how it ended, once it has come to its end.
      failure: why it ended before that.
      results: as written to results.json, once they are.
    """

    number: int
    name: str
    config: ConfigDict
    directory: RunDirectory
    checkpoints: Checkpoints
    logbook: Logbook
    step: int
    say: Say
    ending: Ending | None = None
    failure: RunFailed | None = None
    results: dict[str, Any] | None = None

    @property
    def at_work(self) -> bool:
        """Whether it has neither ended nor failed."""
        return self.ending is None and self.failure is None

    def end(self) -> None:
        """It has come to its end, and stands still from here on."""
        self.checkpoints.wait()
        self.logbook.close()
        self.ending = self.logbook.ending(self.step)

    def fail(self, failure: RunFailed) -> None:
        """Marks it as FAILED; it stands still from here on."""
        self.failure = failure
        if distributed.first():
            write_text(self.directory.failed, f"{failure}\n")


def opened(
    stack: contextlib.ExitStack,
    built: Built,
    config: ConfigDict,
    directory: RunDirectory,
    overrides: dict[str, Any],
    say: Say,
    *,
    number: int = 0,
    name: str = "",
    changed: bool = False,
) -> tuple[Member, TrainState]:
    """A run where it stands, alone or in a pack, with its state; in its directory only the first process writes.

    Args:
      stack: closes its files.
      built: what its config asks for.
      config: the whole config.
      directory: of the run, held by this process.
      overrides: what the command line or the sweep changed.
      say: is told where it goes on, and what was passed over.
      number: its place among the members.
      name: what it is called among them.
      changed: whether the config may be another than it was.

    Raises:
      UserError: as ``begun``.
    """
    first, figure = distributed.first(), built.model.objective.figure
    checkpoints = Checkpoints(directory.checkpoints, figure) if first else distributed.SilentCheckpoints()
    stack.callback(checkpoints.close)

    def start() -> tuple[TrainState, int]:
        where = (config, directory, overrides, provenance(built.task.facts), checkpoints)
        return begun(built.program, built.task, built.schedule.steps, *where, say, changed)

    state, step = distributed.from_first(start)
    logbook = stack.enter_context(Logbook(built.task, built.model, config.training, directory, checkpoints, step))
    return Member(number, name, config, directory, checkpoints, logbook, step, say), state


def begun(
    program: Program,
    task: Task,
    steps: int,
    config: ConfigDict,
    directory: RunDirectory,
    overrides: dict[str, Any],
    source: dict[str, Any],
    checkpoints: Checkpoints,
    say: Say,
    changed: bool = False,
) -> tuple[TrainState, int]:
    """A run where it stands, at its newest checkpoint or at its start, written down as what runs here from now on.

    Args:
      program: of the run.
      task: of the run.
      steps: that it is to come to.
      config: the whole config.
      directory: of the run.
      overrides: what the command line or the sweep changed.
      source: the provenance.
      checkpoints: of the run.
      say: is told where it goes on, and what was passed over.
      changed: whether the config may be another than it was, so that parts of the state start anew.

    Returns:
      The state and its step.

    Raises:
      UserError: if no checkpoint is whole, one does not fit, or the run has come further than ``steps``.
    """
    fresh = program.init(numbers_of(config))
    anew = tuple(going_on.ANEW) if changed else ()
    resumed, step, passed_over = checkpoints.restore_newest(fresh, anew)
    going_on.refuse_fewer_steps(directory, step, steps)
    without_effect = going_on.said(config, directory, resumed is not None)
    record(config, directory, overrides, task, source, step)  # not before the checkpoint is known to fit
    for sentence in passed_over:
        say(f"{sentence}; going on from step {step}")
    if resumed is None:
        return fresh, step
    for part in checkpoints.misfits(step, fresh, anew) if changed else ():
        say(going_on.ANEW[part])
    if without_effect:
        say(without_effect)
    say(f"resuming from step {step:,}")
    return dataclasses.replace(resumed, key=fresh.key), step  # of another seed where that was changed


def record(
    config: ConfigDict,
    directory: RunDirectory,
    overrides: dict[str, Any],
    task: Task,
    source: dict[str, Any],
    step: int,
) -> None:
    """Writes down what runs here, from ``step`` on; what was true before goes to the history where it differs.

    Args:
      config: the whole config.
      directory: of the run.
      overrides: what the command line changed.
      task: whose symbols are kept.
      source: the provenance.
      step: updates made.
    """
    history.keep(directory, step, {"config": config.to_dict(), "overrides": overrides, "provenance": source})
    for marker in (directory.done, directory.failed):
        remove(marker)
    write_json(directory.config, config.to_dict())
    write_json(directory.overrides, overrides)
    write_json(directory.provenance, source)
    if task.symbols is not None:
        write_json(directory.vocabulary, task.symbols.to_json())


def finish(placement: Placement, program: Program, task: Task, ended: Sequence[Member]) -> None:
    """Scores the best checkpoints of members that have come to their end, and writes their results.

    Args:
      placement: of all members.
      program: of any of them.
      task: theirs.
      ended: those that have.

    Raises:
      UserError: if no checkpoint of one is whole.
    """
    best = {m.number: distributed.from_first(partial(_best, program, m)) for m in ended}
    placed = placement.place({number: params for number, (params, _) in best.items()})
    splits = {name: task.splits[name] for name in scored_splits(task)}
    sums = {name: placement.apart(placement.score(name, placed, list(best))) for name in splits}
    for m in ended:
        assert m.ending is not None
        params, step = best[m.number]
        from_zero = {}
        if task.goes_on:
            params_here = devices.share(devices.mesh(), params)
            for name, part in splits.items():
                data = devices.share(devices.mesh(), part.data)
                from_zero[name] = zero_start.measured(program.walk, params_here, data, part.batches, part.batch_size)
        for sentence in zero_start.warnings(from_zero):
            m.say(sentence)
        figures = figures_of(task, program.model, {name: of_split[m.number] for name, of_split in sums.items()})
        figures |= zero_start.figures_of(from_zero)
        written = (m.directory, task, program.model, m.ending, step, count(params), figures, placement.members)
        m.results = distributed.from_first(partial(write_results, *written))


def _best(program: Program, member: Member) -> tuple[Any, int]:
    """The parameters of the best checkpoint, and its step."""
    like = program.init(numbers_of(member.config))
    # It may be of before a change; what is wanted of it is the parameters.
    state, step, passed_over = member.checkpoints.restore_best(like, tuple(going_on.ANEW))
    for sentence in passed_over:
        member.say(f"{sentence}; the best one left is of step {step}")
    return state.params, step
