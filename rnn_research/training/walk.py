"""The pure evaluation: a split walked once, with a carry of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.models import Model
from rnn_research.tasks import Task
from rnn_research.tasks.batches import going_on
from rnn_research.training.state import cast
from rnn_research.types import Array, Carry, DTypeLike, Params

Sums = dict[str, tuple[Array, Array]]
"""``{name: (numerators [batches, B], denominators [batches, B])}``."""

Walk = Callable[..., tuple[Sums, Carry]]
"""``walk(params, data, batches, streams, start=None) -> (sums, carry)``, as ``walk_split``; None: the initial carry."""


def walker(task: Task, model: Model, dtype: DTypeLike) -> Walk:
    """``walk_split`` in ``dtype``, one compiled program for all walks of a split, wherever they begin."""

    @partial(jax.jit, static_argnames=("batches", "streams"))
    def walked(params: Params, data: Any, batches: int, streams: int, start: Carry, given: Any) -> Any:
        return walk_split(task, model, cast(params, dtype), data, batches, streams, start, given)

    def walk(params: Params, data: Any, batches: int, streams: int, start: Carry | None = None) -> Any:
        shapes = jax.eval_shape(lambda params: model.carry(params, streams), params)
        unread = jax.tree.map(lambda c: np.zeros(c.shape, c.dtype), shapes)
        return walked(params, data, batches, streams, unread if start is None else start, start is not None)

    return walk


def walk_split(
    task: Task,
    model: Model,
    params: Params,
    data: Any,
    batches: int,
    streams: int,
    start: Carry,
    given: bool | Array,
) -> tuple[Sums, Carry]:
    """Walks a split once with a carry of its own.

    Args:
      task: whose split it is.
      model: that reads it.
      params: of the model.
      data: of the split.
      batches: in it.
      streams: in each.
      start: a carry of all streams; read only if ``given``.
      given: whether the streams begin with ``start``; if not, with the model's initial carry.

    Returns:
      The sums of ``Scored`` for every batch and stream, ``[batches, B]`` each; and the carry at the end.
    """
    key = jax.random.key(0)

    def one(carry: Carry, k: Array) -> tuple[Carry, Sums]:
        batch = task.evaluation_batch(data, jax.random.fold_in(key, k), k)
        scored = model.loss(params, going_on(batch, jnp.asarray(given) & (k == 0)), carry)
        return scored.carry, dict(scored.sums)

    carry, sums = jax.lax.scan(one, start, jnp.arange(batches))
    return sums, carry


def score_split(task: Task, model: Model, params: Params, data: Any, batches: int, streams: int) -> Sums:
    """The sums of ``walk_split`` from the model's initial carry."""
    start = model.carry(params, streams)
    return walk_split(task, model, params, data, batches, streams, start, False)[0]


def totals(sums: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Numerator and denominator of each sum over the whole split, added in float64 on the host."""
    whole = lambda values: float(np.sum(np.asarray(values, np.float64)))  # noqa: E731
    return {name: (whole(numerators), whole(denominators)) for name, (numerators, denominators) in sums.items()}
