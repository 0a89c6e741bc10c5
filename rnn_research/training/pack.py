"""Many runs as one program: each keeps a run directory of its own, as if it had run alone.

The runs differ in ``FREE`` numbers alone. One that is held by another process, is
DONE or is FAILED keeps its place in the program and stands still.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.models.recurrent import count
from rnn_research.runs import owner
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.configs import flatten
from rnn_research.runs.directory import InUse, RunDirectory
from rnn_research.runs.provenance import provenance
from rnn_research.training import packed_loop, zero_start
from rnn_research.training.logbook import Logbook
from rnn_research.training.packed import PackedProgram
from rnn_research.training.packed_loop import Judge, Member
from rnn_research.training.population import FREE, FREE_ABOVE_ZERO
from rnn_research.training.results import figures_of, scored_splits, write_results
from rnn_research.training.state import TrainState
from rnn_research.training.step import hyper_of
from rnn_research.training.train import Built, build, check_config, check_corpus, record


class Entry(NamedTuple):
    """A run that is to be trained.

    Attributes:
      name: what it is called.
      config: the whole config.
      directory: its run directory.
      overrides: what it changes, for the record.
    """

    name: str
    config: ConfigDict
    directory: RunDirectory
    overrides: dict[str, Any]


class PackEnded(NamedTuple):
    """The names of a pack's runs by what became of them, and the signal that stopped it, or None."""

    done: list[str]
    failed: list[str]
    held: list[str]
    unfinished: list[str]
    signal: int | None


def train_pack(
    entries: Sequence[Entry],
    say: Callable[[str], None] = lambda line: None,
    judge: Judge | None = None,
    retry_failed: bool = False,
) -> PackEnded:
    """Trains runs to their end, from wherever each stands.

    Args:
      entries: the runs; they differ in ``FREE`` numbers alone.
      say: is told what is passed over, a line at a time.
      judge: may stop runs early, by their validation objective.
      retry_failed: also goes on with runs that are FAILED.

    Raises:
      ValueError: if runs differ in something else.
      UserError: for a wrong config, or a directory that holds another run.
    """
    _check_alike([entry.config for entry in entries])
    built = build(entries[0].config, batch_over=1)
    for note in built.task.facts.get("corpus_notes", ()):
        say(note)
    with contextlib.ExitStack() as stack:
        held = _locked(entries, stack)
        waiting = {n: e for n, e in enumerate(entries) if e.name not in held and not e.directory.done.exists()}
        if not retry_failed:
            waiting = {n: e for n, e in waiting.items() if not e.directory.failed.exists()}
        signal = _train(entries, waiting, built, stack, say, judge) if waiting else None
    ours = [entry for entry in entries if entry.name not in held]
    done = [entry.name for entry in ours if entry.directory.done.exists()]
    failed = [entry.name for entry in ours if entry.directory.failed.exists()]
    rest = [entry.name for entry in ours if entry.name not in {*done, *failed}]
    return PackEnded(done, failed, held, rest, signal)


def _train(
    entries: Sequence[Entry],
    waiting: dict[int, Entry],
    built: Built,
    stack: contextlib.ExitStack,
    say: Callable[[str], None],
    judge: Judge | None,
) -> int | None:
    starts = {n: _start(entry, built) for n, entry in waiting.items()}
    like = next(iter(starts.values()))
    source = provenance(built.task.facts)
    members = []
    for n, entry in waiting.items():
        member, starts[n] = _member(n, entry, built, starts[n], source, stack, say)
        members.append(member)
    program = PackedProgram(built.program, built.task, len(entries))

    def all_of(mine: dict[int, Any], other: Any) -> Any:
        """Stacked over the whole pack; who has nothing of its own stands still, whatever it is given."""
        trees = [mine.get(n, other) for n in range(len(entries))]
        return program.lay(jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees))

    def finish(ended: Sequence[Member]) -> None:
        """Scores the best checkpoints of members that have ended, and writes their results."""
        best = {}
        for m in ended:
            best[m.number], step, passed_over = m.checkpoints.restore_best(like)
            m.best_step = step
            for sentence in passed_over:
                say(f"{m.name}: {sentence}; the best one left is of step {step}")
        params_M = all_of({n: state.params for n, state in best.items()}, like.params)
        sums = {s: program.to_host(program.score(s, params_M, list(best))) for s in scored_splits(built.task)}
        for m in ended:
            assert m.ending is not None
            own = jax.tree.map(lambda x, n=m.number: x[n], sums)
            size = count(best[m.number].params)
            begun = zero_starts(best[m.number].params, entries[m.number].config)
            for sentence in zero_start.warnings(begun):
                say(f"{m.name}: {sentence}")
            figures = figures_of(built.task, built.model, own) | zero_start.figures_of(begun)
            write_results(m.directory, built.task, built.model, m.ending, m.best_step, size, figures)

    def zero_starts(params: Any, config: ConfigDict) -> dict[str, zero_start.ZeroStart]:
        if not built.task.goes_on:
            return {}
        splits = {name: built.task.splits[name] for name in scored_splits(built.task)}
        return {
            name: zero_start.measured(built.program.walk, params, part.data, part.batches, part.batch_size)
            for name, part in splits.items()
        }

    hypers = [jax.tree.map(np.asarray, hyper_of(entry.config)) for entry in entries]
    hypers_M = program.lay(jax.tree.map(lambda *values: jnp.asarray(np.stack(values)), *hypers))
    states_M = all_of(starts, like)
    return packed_loop.run(program, built.task, built.schedule, states_M, hypers_M, members, finish, judge)


def _start(entry: Entry, built: Built) -> TrainState:
    """The same first state as alone, to the last bit."""
    return built.program.init(jax.random.key(entry.config.seed), entry.config.model.init, hyper_of(entry.config))


def _member(
    number: int,
    entry: Entry,
    built: Built,
    start: TrainState,
    source: dict[str, Any],
    stack: contextlib.ExitStack,
    say: Callable[[str], None],
) -> tuple[Member, TrainState]:
    """A run where it stands: at its newest checkpoint, or at its start."""
    check_config(entry.config, entry.directory, "auto")
    check_corpus(built.task, entry.directory)
    checkpoints = Checkpoints(entry.directory.checkpoints, built.model.objective.figure)
    stack.callback(checkpoints.close)
    resumed, step, passed_over = checkpoints.restore_newest(start)
    for sentence in passed_over:
        say(f"{entry.name}: {sentence}; going on from step {step}")
    if resumed is not None:
        say(f"{entry.name}: resuming from step {step:,}")
    record(entry.config, entry.directory, entry.overrides, built.task, source, step)
    logbook = Logbook(built.task, built.model, entry.config.training.patience, entry.directory, checkpoints, step)
    stack.push(logbook)
    member = Member(number, entry.name, entry.directory, checkpoints, logbook, step)
    return member, start if resumed is None else resumed


def _locked(entries: Sequence[Entry], stack: contextlib.ExitStack) -> list[str]:
    """Locks every directory; returns the names of those that another process holds."""
    held = []
    for entry in entries:
        try:
            stack.enter_context(owner.taken(entry.directory, "run", part_of="sweep"))
        except InUse:
            held.append(entry.name)
    return held


def _check_alike(configs: Sequence[ConfigDict]) -> None:
    kinds = {shape_of(config) for config in configs}
    if len(kinds) > 1:
        above_zero = " and ".join(FREE_ABOVE_ZERO)
        raise ValueError(f"the runs of a pack may differ in {', '.join(FREE)} alone, in {above_zero} only above zero")


def shape_of(config: ConfigDict) -> tuple[Any, ...]:
    """Equal for runs that one program can train: all but the ``FREE`` numbers, and which of them are zero."""
    fields = flatten(config)
    fixed = {field: repr(value) for field, value in fields.items() if field not in FREE}
    return (*sorted(fixed.items()), *(bool(fields.get(field)) for field in FREE_ABOVE_ZERO))
