"""A population measured on fresh sequences: which ones, which lags, and whether they fit the memory."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from rnn_research.analysis.decay import fitted_lags
from rnn_research.cells import CELLS
from rnn_research.config.flat import changed
from rnn_research.errors import UserError, at_least
from rnn_research.models import MODELS
from rnn_research.models.model import Recurrence
from rnn_research.studies.measure import Detail, Reach, detail, reach
from rnn_research.tasks import TASKS, Batch, Task
from rnn_research.tasks.batches import first
from rnn_research.training.machines import devices
from rnn_research.training.members import Members

SHORTEST = 10  # steps over which a slope can be fitted
LOOKED_AT = 4
"""Sequences of the closer look."""

Measure = Callable[[Any], tuple[Reach, Detail]]
"""From parameters ``[M, ...]`` to measurements ``[M, ...]``."""


def check_state(state: str, cell: str) -> None:
    """Refuses to follow a state that a cell does not have.

    Raises:
      UserError: naming the cell.
    """
    if state == "c" and not hasattr(CELLS[cell].initial_carry((1,)), "c"):
        raise UserError(f"analysis.state=c: the cell {cell} carries no c; take analysis.state=h")


def sequences_of(config: ConfigDict, symbols: Any = None) -> Task:
    """The task at the length and number of the sequences that are measured.

    Raises:
      UserError: for fewer than ten steps.
    """
    analysis = config.analysis
    if analysis.length:
        at_least("analysis.length", analysis.length, SHORTEST)
    kind = TASKS[config.task.name]
    size = {f"task.{kind.steps}": analysis.length} if kind.steps and analysis.length else {}
    longer = changed(config, {"task.batch_size": analysis.sequences, **size})
    try:
        return kind.build(longer.task, longer.evaluation, *(() if symbols is None else (symbols,)))
    except UserError as error:
        if not size:
            raise
        asked = f"analysis.length={analysis.length} with analysis.sequences={analysis.sequences}"
        raise UserError(f"{asked} cannot be had of this task: {error}") from error


def measuring(config: ConfigDict, members: int, symbols: Any = None) -> Measure:
    """The measurement of ``members`` networks, compiled once, as a function of their parameters ``[M, ...]``.

    Args:
      config: model, task and analysis; its numbers do not matter.
      members: how many networks, M.
      symbols: of a text that the networks were trained on, or None.

    Raises:
      UserError: when called, if the sequences do not fit the memory.
    """
    task = sequences_of(config, symbols)
    model = MODELS[config.model.name].build(
        config.model, task.interface, devices.parameter_dtype(config.training.dtype)
    )
    earliest, latest = fitted_lags(task.length)
    # On one device: factorisations of two CPU devices at a time wait for each other for ever.
    group = Members(members, jax.local_devices()[:1])
    data = jax.tree.map(jnp.asarray, task.splits["train"].data)

    def one(data: Any, params: Any) -> tuple[Reach, Detail]:
        batch = task.batch(data, jax.random.key(config.analysis.sequences_seed), jnp.int32(0))

        def of(some: Batch) -> Recurrence:
            carry = model.carry(params, len(some.answers))
            (found,) = model.recurrences(params, some, carry).values()
            return found._replace(x=found.x.astype(jax.tree.leaves(found.params)[0].dtype))

        return (
            reach(of(batch), first=earliest, last=latest, state=config.analysis.state),
            detail(of(first(batch, LOOKED_AT))),
        )

    each: Any = group.each(one)
    compiled: list[Any] = []

    def measure(params_M: Any) -> tuple[Reach, Detail]:
        laid = group.lay(params_M)
        if not compiled:
            # What is kept of every step for the way back, at the least: without it the compiler itself would run out.
            carry = [shape.cell.initial_carry((shape.layers, shape.hidden)) for _, shape in model.stacks]
            numbers = config.analysis.sequences * sum(leaf.size for leaf in jax.tree.leaves(carry))
            _check_memory(config, task.length, 4 * task.length * numbers)
            compiled.append(each.lower(data, laid).compile())
            sizes = compiled[0].memory_analysis()
            parts = (sizes.temp_size_in_bytes, sizes.argument_size_in_bytes, sizes.output_size_in_bytes)
            _check_memory(config, task.length, sum(parts))
        return group.to_host(compiled[0](data, laid))

    return measure


def _check_memory(config: ConfigDict, length: int, needed: int) -> None:
    """Refuses what would end in a crash for want of memory.

    Raises:
      UserError: with what it needs.
    """
    there = devices.memory()
    if needed > there:
        share = 10 ** math.floor(math.log10(max(10, length * there / needed)))
        raise UserError(
            f"analysis.length={length} with analysis.sequences={config.analysis.sequences} needs "
            f"{needed / 1e9:,.0f} GB or more of the {there / 1e9:,.0f} GB here: lower it (to {share:,}, say)"
        )
