"""A loop over time that overwrites what it has read: arrays of T rows, each row replaced by what becomes of it.

In place an array is read and written once and no second one is made, which is
what a loop over long arrays costs beside its matmuls. ``lax.scan`` alone cannot
say so, it makes a new array; here the arrays go from step to step in the carry.
A derivative would then keep all of them for every step, so a function that loops
in place takes its own from the same one with ``in_place=False``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from rnn_research.types import Array, Carry

First = Callable[[Carry, Any, Any], tuple[Any, Any]]
"""``first(carry, x, rows) -> (new rows, whatever second needs)``."""

Second = Callable[[Carry, Any, Any, Any], tuple[Carry, Any]]
"""``second(carry, x, new rows, what first gave) -> (carry, y)``."""


def loop(
    first: First,
    second: Second,
    carry: Carry,
    xs_T: Any,
    rows_T: Any,
    times_T: Array,
    *,
    in_place: bool,
    reverse: bool = False,
    unroll: int = 1,
) -> tuple[Carry, Any, Any]:
    """Walks over time.

    Args:
      first: makes a step's new rows from the old ones; here alone these are seen.
      second: the rest of the step.
      carry: before the first step.
      xs_T: a pytree of ``[T, ...]`` arrays, for reading.
      rows_T: a pytree of ``[T, ...]`` arrays that are replaced row by row.
      times_T: the number of each row.
      in_place: whether the new rows take the place of the old.
      reverse: walk from the last step to the first.
      unroll: steps per iteration.

    Returns:
      The last carry, every ``y``, and the new rows, ``[T, ...]`` each.
    """

    if not in_place or len(times_T) == 0:

        def apart(carry: Carry, inputs: Any) -> tuple[Carry, Any]:
            x, rows = inputs
            rows, more = first(carry, x, rows)
            carry, y = second(carry, x, rows, more)
            return carry, (y, rows)

        carry, (y_T, rows_T) = jax.lax.scan(apart, carry, (xs_T, rows_T), reverse=reverse, unroll=unroll)
        return carry, y_T, rows_T

    # A step finds its rows in the carry, where the one before has put them: were they read here, beside the write, XLA
    # would copy whole arrays at every step to be sure that no one reads what has been written.
    def step(state: tuple[Carry, Any, Any], inputs: Any) -> tuple[Any, Any]:
        carry, places, rows = state
        x, t = inputs
        rows, more = first(carry, x, rows)
        places = jax.tree.map(partial(_write, t=t), places, rows)
        carry, y = second(carry, x, _read(places, t), more)
        return (carry, places, _read(places, t - 1 if reverse else t + 1)), y

    start = (carry, rows_T, _read(rows_T, times_T[-1 if reverse else 0]))
    (carry, places, _), y_T = jax.lax.scan(step, start, (xs_T, times_T), reverse=reverse, unroll=unroll)
    return carry, y_T, places


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in place, with the derivative of what is not: ``run(static, some, others)``.

    Args:
      function: ``(static, in_place, some, others)``, of anything that is no array, of whether to
        loop in place, of a pytree of what has a derivative, and of one of what has none.
    """

    @partial(jax.custom_vjp, nondiff_argnums=(0,))
    def run(static: Any, some: Any, others: Any) -> Any:
        return function(static, True, some, others)

    def forwards(static: Any, some: Any, others: Any) -> tuple[Any, Any]:
        return jax.vjp(lambda some: function(static, False, some, others), some)

    def backwards(static: Any, pull: Any, cotangent: Any) -> tuple[Any, None]:
        (d_some,) = pull(cotangent)
        return d_some, None

    run.defvjp(forwards, backwards)
    return run


def _read(places: Any, t: Array) -> Any:
    return jax.tree.map(lambda place: jax.lax.dynamic_index_in_dim(place, t, 0, keepdims=False), places)


def _write(place: Array, row: Array, t: Array) -> Array:
    return jax.lax.dynamic_update_index_in_dim(place, row, t, 0)
