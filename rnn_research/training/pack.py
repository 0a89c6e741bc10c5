"""Many runs as one program: each keeps a run directory of its own, as if it had run alone.

The runs differ in ``FREE`` numbers alone. One that is held by another process, is
DONE or is FAILED keeps its place in the program and stands still.
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from rnn_research.config.flat import flatten
from rnn_research.runs import owner
from rnn_research.runs.directory import InUse, RunDirectory
from rnn_research.training import going_on, loop
from rnn_research.training.build import Built, build
from rnn_research.training.loop import Judge
from rnn_research.training.member import Member, finish, opened
from rnn_research.training.numbers import FREE, FREE_ABOVE_ZERO, numbers_of
from rnn_research.training.placement import DealtMembers
from rnn_research.training.state import TrainState


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
    found = {n: _member(n, entry, built, stack, say) for n, entry in waiting.items()}
    members = [member for member, _ in found.values()]
    placement = DealtMembers(built.program, built.task, [numbers_of(entry.config) for entry in entries])
    states_M = placement.place({n: state for n, (_, state) in found.items()})
    del found  # the memory of the states
    scored = partial(finish, placement, built.program, built.task)
    return loop.run(placement, built.task, built.schedule, states_M, members, scored, judge)


def _member(
    number: int,
    entry: Entry,
    built: Built,
    stack: contextlib.ExitStack,
    say: Callable[[str], None],
) -> tuple[Member, TrainState]:
    """A run where it stands, with its state."""

    def said(line: str) -> None:
        say(f"{entry.name}: {line}")

    going_on.check_config(entry.config, entry.directory, "auto")
    going_on.check_corpus(built.task, entry.directory)
    where = (entry.config, entry.directory, entry.overrides)
    return opened(stack, built, *where, said, number=number, name=entry.name)


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
