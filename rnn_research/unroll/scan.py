"""The plain form: ``lax.scan`` with the input projection hoisted out of the loop, for every cell and any derivative."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell
from rnn_research.cells.linear import is_symbols
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.form import Edit, Walk


def plain(cell: Cell, params: Params, carry: Carry, x: Array, walk: Walk) -> tuple[Carry, Array]:
    """See ``unroll``. ``remat="gates"`` keeps the carries and computes every step again on the way back."""
    return _scan(cell, params, carry, x, walk, lambda carry, gates, alive: visible(cell, carry, alive))


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
    walk = Walk(lengths, reverse, edit, edit_xs)
    return _scan(cell, params, carry, x, walk, lambda carry, gates, alive: (carry, gates))


def _scan(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    walk: Walk,
    output: Callable[[Carry, Any, Array | None], Any],
) -> tuple[Carry, Any]:
    def step(carry: Carry, inputs: tuple[Array, Any, Any]) -> tuple[Carry, Any]:
        t, u, e = inputs
        new, gates = cell.advance(params, carry, u)
        new, alive = settle(carry, new, t, e, walk.lengths, walk.edit)
        return new, output(new, gates, alive)

    if walk.lengths is not None:
        x = without_padding(x, walk.lengths)
    times_T = jnp.arange(x.shape[0])
    inputs = (times_T, cell.input(params, x), walk.edit_xs)
    step = jax.checkpoint(step, prevent_cse=False) if walk.remat == "gates" else step
    return jax.lax.scan(step, carry, inputs, reverse=walk.reverse, unroll=walk.scan_unroll)


def settle(
    before: Carry, new: Carry, t: Array, e: Any, lengths: Array | None, edit: Edit | None
) -> tuple[Carry, Array | None]:
    """What follows a cell's own step: the edit, and standing still in padding.

    Returns:
      The carry after the step, and which sequences are not yet at their end (None for all).
    """
    if edit is not None:
        new = edit(new, t) if e is None else edit(new, t, e)
    if lengths is None:
        return new, None
    alive = t < lengths
    return jax.tree.map(lambda after, before: jnp.where(alive[..., None], after, before), new, before), alive


def visible(cell: Cell, carry: Carry, alive: Array | None) -> Array:
    """The hidden state that is given out: zero in padding."""
    h = cell.hidden(carry)
    return h if alive is None else jnp.where(alive[..., None], h, 0)


def without_padding(x: Array, lengths: Array) -> Array:
    """``x [T, ..., D]`` with zeros beyond each sequence's length; symbols ``[T, ...]`` with none of them.

    Padding may hold anything, and a padded NaN would reach the weights' gradient
    as 0 * NaN even where the step it feeds is discarded.
    """
    times = jnp.arange(x.shape[0]).reshape(-1, *[1] * lengths.ndim)
    alive = times < lengths
    return jnp.where(alive, x, -1) if is_symbols(x) else jnp.where(alive[..., None], x, 0)
