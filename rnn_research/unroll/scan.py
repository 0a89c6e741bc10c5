"""One cell over time: ``lax.scan`` with the input projection hoisted out of the loop."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell
from rnn_research.types import Array, Carry, Params

Edit = Callable[..., Carry]
"""``edit(carry, t)``, or ``edit(carry, t, e_t)`` when ``edit_xs`` is given: runs after each step.

One hook for clamping or ablating a unit, adding a zero whose gradient is
dL/dh_t, noise, and resets at document ends.
"""


def unroll(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    edit: Edit | None = None,
    edit_xs: Any = None,
    scan_unroll: int = 1,
) -> tuple[Carry, Array]:
    """Runs ``cell`` over ``x [T, ..., D]``.

    Args:
      cell: any cell of the registry.
      params: its parameters.
      carry: the carry before the first step, ``[..., H]``.
      x: the inputs, time first.
      lengths: valid steps of each sequence, shape ``[...]``. Beyond its length a
        sequence's carry stands still and its output is zero, so that padding
        never changes a result, in either direction.
      reverse: walk from the last step to the first; ``h[t]`` still belongs to ``x[t]``.
      edit: see ``Edit``.
      edit_xs: a pytree of ``[T, ...]`` arrays, one slice for each call of ``edit``.
      scan_unroll: steps per loop iteration (keep 1 on CPU).

    Returns:
      The carry after the last step, and the hidden states ``h [T, ..., H]``.
    """

    def output(carry: Carry, gates: Any, alive: Array | None) -> Array:
        h = cell.hidden(carry)
        return h if alive is None else jnp.where(alive[..., None], h, 0)

    return _scan(cell, params, carry, x, output, lengths, reverse, edit, edit_xs, scan_unroll)


def trace(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    edit: Edit | None = None,
    edit_xs: Any = None,
) -> tuple[Carry, tuple[Carry, Any]]:
    """As ``unroll``, but returns every carry and every gate, each ``[T, ..., H]``."""

    def output(carry: Carry, gates: Any, alive: Array | None) -> tuple[Carry, Any]:
        return carry, gates

    return _scan(cell, params, carry, x, output, lengths, reverse, edit, edit_xs, 1)


def _scan(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    output: Callable[[Carry, Any, Array | None], Any],
    lengths: Array | None,
    reverse: bool,
    edit: Edit | None,
    edit_xs: Any,
    scan_unroll: int,
) -> tuple[Carry, Any]:
    def step(carry: Carry, inputs: tuple[Array, Any, Any]) -> tuple[Carry, Any]:
        t, u, e = inputs
        new, gates = cell.advance(params, carry, u)
        if edit is not None:
            new = edit(new, t) if edit_xs is None else edit(new, t, e)
        alive = None
        if lengths is not None:
            alive = t < lengths
            new = jax.tree.map(lambda after, before: jnp.where(alive[..., None], after, before), new, carry)
        return new, output(new, gates, alive)

    if lengths is not None:
        x = without_padding(x, lengths)
    times_T = jnp.arange(x.shape[0])
    inputs = (times_T, cell.input(params, x), edit_xs)
    return jax.lax.scan(step, carry, inputs, reverse=reverse, unroll=scan_unroll)


def without_padding(x: Array, lengths: Array) -> Array:
    """``x [T, ..., D]`` with zeros beyond each sequence's length.

    Padding may hold anything, and a padded NaN would reach the weights' gradient
    as 0 * NaN even where the step it feeds is discarded.
    """
    times = jnp.arange(x.shape[0]).reshape(-1, *[1] * lengths.ndim)
    return jnp.where((times < lengths)[..., None], x, 0)
