"""Long sequences in little memory: of every segment of about √T steps only its first carry is kept.

On the way back each segment is run again, so that the memory for the gradient
grows as √T, for one more run forwards (Chen et al. 2016, arXiv:1604.06174).
Inputs, outputs and their derivatives still take a place a step, where there are any.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.form import Edit, Form, Walk


def in_segments(form: Form, cell: Cell, params: Params, carry: Carry, x: Array, walk: Walk) -> tuple[Carry, Array]:
    """See ``unroll``; ``form`` runs each segment."""
    T = x.shape[0]

    @jax.checkpoint
    def segment(carry: Carry, inputs: tuple[Array, Array, Any]) -> tuple[Carry, Array]:
        first, x, edit_xs = inputs
        there = walk._replace(
            lengths=None if walk.lengths is None else walk.lengths - first,
            edit=None if walk.edit is None else _later(walk.edit, first),
            edit_xs=edit_xs,
            remat="none",
        )
        return form(cell, params, carry, x, there)

    steps = segment_length(T)
    whole = T - T % steps

    def full(carry: Carry) -> tuple[Carry, Array]:
        cut = lambda a: a[:whole].reshape(whole // steps, steps, *a.shape[1:])  # noqa: E731
        inputs = (jnp.arange(0, whole, steps), cut(x), jax.tree.map(cut, walk.edit_xs))
        carry, h = jax.lax.scan(segment, carry, inputs, reverse=walk.reverse)
        return carry, h.reshape(whole, *h.shape[2:])

    def left(carry: Carry) -> tuple[Carry, Array]:
        return segment(carry, (jnp.array(whole), *jax.tree.map(lambda a: a[whole:], (x, walk.edit_xs))))

    if whole == T:
        return full(carry)
    carry, one = (left if walk.reverse else full)(carry)
    carry, other = (full if walk.reverse else left)(carry)
    return carry, jnp.concatenate([other, one] if walk.reverse else [one, other])


def segment_length(T: int) -> int:
    """About √T, and a divisor of T if there is one between √T and 2 √T: then nothing is copied."""
    root = max(1, math.isqrt(T))
    return min(range(root, 2 * root + 1), key=lambda steps: T % steps)


def _later(edit: Edit, first: Array) -> Edit:
    return lambda carry, t, *e: edit(carry, t + first, *e)
