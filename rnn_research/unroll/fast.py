"""The fast form: the same numbers as the plain one, with a gradient that keeps little in the loop.

With the three parts of a cell (``cells.cell``), the loss's derivative goes back by

    (d_carry', d_u, d_v) = the pointwise derivative of combine, by JAX, so that a new cell needs nothing here
    d_carry              = d_carry' + the transposed recurrent matmul of d_v

and these alone must wait for each other. What the weights get is a sum over time
of outer products: one large matmul over all T once the loop is through, where the
plain form's gradient adds a matrix at every step. (Appleyard, Kocisky and Blunsom
2016, arXiv:1604.01946, do this by hand for the LSTM.) With a batch spread over
devices that is one all-reduce a weight instead of one a time step.

The gradient may itself be differentiated, backwards. Forward mode (``jax.jvp``,
``jax.jacfwd``) is what a hand-written gradient cannot have: the plain form has it.
Under ``jax.vmap`` over sequences every one gets weight gradients of its own
before they are summed, which is slow: give it the batch as an axis of ``x``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams
from rnn_research.errors import UserError
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.form import Edit
from rnn_research.unroll.pure import fixed, joined, opened, smooth
from rnn_research.unroll.scan import settle, visible, without_padding


class Given(NamedTuple):
    """Every array that an unroll depends on; ``closed`` is what the edit closes over."""

    params: Params
    carry: Carry
    x: Array
    closed: list[Any]
    edit_xs: Any
    lengths: Array | None


class Plan(NamedTuple):
    """All that is no array; ``edit`` is ``Edit`` with what it closes over as a first argument."""

    cell: Cell
    recur: Callable[[Params, Array], Streams]
    combine: Callable[[Params, Carry, Streams, Streams], tuple[Carry, Any]]
    edit: Callable[..., Carry] | None
    reverse: bool
    scan_unroll: int
    remat: str


class Kept(NamedTuple):
    """What the way back reads of every step; ``u`` and ``v`` are None where they are computed again."""

    before: Carry
    u: Streams | None
    v: Streams | None


def fast(
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
    remat: str = "none",
) -> tuple[Carry, Array]:
    """See ``unroll``. ``remat="gates"`` keeps the carries and computes both matmuls again on the way back.

    Raises:
      UserError: for a cell that is not given in three parts.
    """
    if cell.recur is None or cell.combine is None:
        raise UserError(f"form='fast' needs a cell in three parts, {cell.name!r} is not: choose 'plain' or 'auto'")
    if lengths is not None:
        x = without_padding(x, lengths)
    pure_edit: Callable[..., Carry] | None = None
    closed: list[Any] = []
    if edit is not None:
        slices = jax.tree.map(lambda e: jax.ShapeDtypeStruct(e.shape[1:], e.dtype), edit_xs)
        pure_edit, closed = opened(edit, carry, jnp.array(0), *([] if edit_xs is None else [slices]))
    given = Given(params, carry, x, closed, edit_xs, lengths)
    plan = Plan(cell, cell.recur, cell.combine, pure_edit, reverse, scan_unroll, remat)
    return _run(plan, smooth(given), fixed(given))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(plan: Plan, some: Given, others: Given) -> tuple[Carry, Array]:
    last, h_T, _ = _walk(plan, joined(some, others), keep=False)
    return last, h_T


def _forwards(plan: Plan, some: Given, others: Given) -> tuple[tuple[Carry, Array], Any]:
    last, h_T, kept = _walk(plan, joined(some, others), keep=True)
    return (last, h_T), (some, others, kept)


def _walk(plan: Plan, given: Given, keep: bool) -> tuple[Carry, Array, Kept | None]:
    cell, again = plan.cell, plan.remat == "gates"
    u_T = cell.input(given.params, given.x)
    # Linear in h: by linearize all that depends on the weights alone is made before the loop.
    _, recur_h = jax.linearize(partial(plan.recur, given.params), cell.hidden(given.carry))

    def step(before: Carry, inputs: Any) -> tuple[Carry, Any]:
        u, t, e = inputs
        v = recur_h(cell.hidden(before))
        new, h = _rest(plan, given.lengths, given.params, given.closed, before, u, v, t, e)
        return new, (h, Kept(before, None, None if again else v) if keep else None)

    inputs = (u_T, _times(given), given.edit_xs)
    last, (h_T, kept) = jax.lax.scan(step, given.carry, inputs, reverse=plan.reverse, unroll=plan.scan_unroll)
    return last, h_T, kept._replace(u=None if again else u_T) if keep else None


def _rest(
    plan: Plan,
    lengths: Array | None,
    params: Params,
    closed: list[Any],
    before: Carry,
    u: Streams,
    v: Streams,
    t: Array,
    e: Any,
) -> tuple[Carry, Array]:
    """All of a step but its matmuls: the carry after it and what it gives out."""
    new, _ = plan.combine(params, before, u, v)
    edit = None if plan.edit is None else partial(plan.edit, closed)
    new, alive = settle(before, new, t, e, lengths, edit)
    return new, visible(plan.cell, new, alive)


def _backwards(plan: Plan, residuals: Any, cotangents: tuple[Carry, Array]) -> tuple[Given, None]:
    cell, (some, others, kept) = plan.cell, residuals
    given = joined(some, others)
    d_last, d_h_T = cotangents
    _, recur_h = jax.linearize(partial(plan.recur, given.params), cell.hidden(given.carry))
    _, pull_recur = jax.vjp(partial(plan.recur, given.params), cell.hidden(given.carry))

    def back(d_new: Carry, inputs: Any) -> tuple[Carry, Any]:
        (before, u, v), x, t, e_some, e_others, d_h = inputs
        u = cell.input(given.params, x) if u is None else u
        v = recur_h(cell.hidden(before)) if v is None else v

        def rest(before: Carry, u: Streams, v: Streams, e: Any) -> tuple[Carry, Array]:
            return _rest(plan, given.lengths, given.params, given.closed, before, u, v, t, joined(e, e_others))

        _, pull = jax.vjp(rest, before, u, v, e_some)
        d_before, d_u, d_v, d_e = pull((d_new, d_h))
        _, pull_hidden = jax.vjp(cell.hidden, before)
        d_before = jax.tree.map(jnp.add, d_before, *pull_hidden(*pull_recur(d_v)))
        # Where combine reads u + v their derivatives are one array, which is written once. (A linear cell has no v.)
        d_v = tuple(None if v is u else v for u, v in zip(d_u, d_v))
        return d_before, (d_u, d_v, d_e, d_new)

    x = given.x if kept.u is None else None
    inputs = (kept, x, _times(given), some.edit_xs, others.edit_xs, d_h_T)
    d_start, (d_u_T, d_v_T, d_e_T, d_new_T) = jax.lax.scan(
        back, d_last, inputs, reverse=not plan.reverse, unroll=plan.scan_unroll
    )
    d_v_T = tuple(u if v is None else v for u, v in zip(d_u_T, d_v_T))

    # What all steps share gets its derivative from all of them at once.
    def matmuls(some_params: Params, some_x: Array | None) -> tuple[Streams, Streams]:
        params, x = joined((some_params, some_x), (others.params, others.x))
        return cell.input(params, x), plan.recur(params, cell.hidden(kept.before))

    streams_T, pull = jax.vjp(matmuls, some.params, some.x)
    d_params, d_x = pull((d_u_T, d_v_T))
    u_T, v_T = streams_T if kept.u is None else (kept.u, kept.v)

    def pointwise(some_params: Params, some_closed: list[Any]) -> tuple[Carry, Array]:
        params, closed = joined((some_params, some_closed), (others.params, others.closed))
        each = jax.vmap(lambda *step: _rest(plan, given.lengths, params, closed, *step))
        return each(kept.before, u_T, v_T, _times(given), given.edit_xs)

    _, pull = jax.vjp(pointwise, some.params, some.closed)
    d_pointwise, d_closed = pull((d_new_T, d_h_T))
    d_params = jax.tree.map(jnp.add, d_params, d_pointwise)
    return Given(d_params, d_start, d_x, d_closed, d_e_T, None), None


_run.defvjp(_forwards, _backwards)


def _times(given: Given) -> Array:
    return jnp.arange(given.x.shape[0])
