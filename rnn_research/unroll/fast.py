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
from rnn_research.cells.linear import whole_batch_here
from rnn_research.errors import UserError
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.added_streams import Reads, Rows, both, by_kind, derivatives, reads_of_combine, with_v
from rnn_research.unroll.form import Walk
from rnn_research.unroll.pure import fixed, joined, opened, smooth
from rnn_research.unroll.rows import First, Second, in_place, loop
from rnn_research.unroll.scan import settle, visible, without_padding


class Given(NamedTuple):
    """Every array that an unroll depends on; ``closed`` is what the edit closes over."""

    params: Params
    carry: Carry
    x: Array
    closed: list[Any]
    edit_xs: Any
    lengths: Array | None


State = tuple[Carry, Any]
"""What goes from step to step: a carry, or its derivative; and sums that have no batch axis."""


class Engine(NamedTuple):
    """Another way to walk through time, where nothing is differentiated through the walk itself.

    Attributes:
      products: ``(recur, params, H)`` to the linear map of the hidden state and its transpose.
      loop: as ``rows.loop`` in place, ``(first, second, start, xs_T, rows_T, *, reverse)``.
    """

    products: Callable[[Callable[[Array], Streams], Params, int], tuple[Any, Any]]
    loop: Callable[..., tuple[State, Any, Any]]


EngineOf = Callable[[Cell, Params, Carry, Array], Engine | None]
"""The engine that takes an unroll of such arrays, or None where it does not."""


class Plan(NamedTuple):
    """All that is no array; ``edit`` is ``Edit`` with what it closes over as a first argument."""

    cell: Cell
    recur: Callable[[Params, Array], Streams]
    combine: Callable[[Params, Carry, Streams, Streams], tuple[Carry, Any]]
    edit: Callable[..., Carry] | None
    reverse: bool
    scan_unroll: int
    remat: str
    reads: Reads
    engine: Engine | None


class Kept(NamedTuple):
    """What the way back reads of every step; ``rows`` is None where the streams are computed again."""

    before: Carry
    rows: Rows | None


def fast(
    cell: Cell, params: Params, carry: Carry, x: Array, walk: Walk, engine_of: EngineOf | None = None
) -> tuple[Carry, Array]:
    """See ``unroll``. ``remat="gates"`` keeps the carries and computes both matmuls again on the way back.

    With ``engine_of`` its engine walks through time where it takes the unroll and there is nothing but the cell in
    it: no lengths, edit or remat.

    Raises:
      UserError: for a cell that is not given in three parts.
    """
    if cell.recur is None or cell.combine is None:
        raise UserError(f"form='fast' needs a cell in three parts, {cell.name!r} is not: choose 'plain' or 'auto'")
    if walk.lengths is not None:
        x = without_padding(x, walk.lengths)
    edit: Callable[..., Carry] | None = None
    closed: list[Any] = []
    if walk.edit is not None:
        slices = jax.tree.map(lambda e: jax.ShapeDtypeStruct(e.shape[1:], e.dtype), walk.edit_xs)
        edit, closed = opened(walk.edit, carry, jnp.array(0), *([] if walk.edit_xs is None else [slices]))
    given = Given(params, carry, x, closed, walk.edit_xs, walk.lengths)
    reads = reads_of_combine(cell, params, carry, jax.ShapeDtypeStruct(x.shape[1:], x.dtype))
    bare = walk.lengths is None and edit is None and walk.remat == "none"
    engine = engine_of(cell, params, carry, x) if engine_of is not None and bare else None
    plan = Plan(cell, cell.recur, cell.combine, edit, walk.reverse, walk.scan_unroll, walk.remat, reads, engine)
    return _run(plan, smooth(given), fixed(given))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(plan: Plan, some: Given, others: Given) -> tuple[Carry, Array]:
    if plan.engine is not None:
        last, h_T, _ = _keeping_all(plan, some, others)
        return last, h_T
    last, (h_T, _) = _keeping_carries(plan, joined(some, others))
    return last, h_T


def _forwards(plan: Plan, some: Given, others: Given) -> tuple[tuple[Carry, Array], Any]:
    if plan.remat == "gates":
        last, (h_T, before_T) = _keeping_carries(plan, joined(some, others))
        kept = Kept(before_T, None)
    else:
        last, h_T, kept = _keeping_all(plan, some, others)
    return (last, h_T), (some, others, kept)


def _keeping_carries(plan: Plan, given: Given) -> tuple[Carry, tuple[Array, Carry]]:
    """Forwards: the last carry, every hidden state, and the carry before every step."""
    recur_h, _ = _recurrence(plan, given, False)
    first, second, u_T, inputs_T = _forward_step(plan, given, recur_h)

    def step(state: State, inputs: Any) -> tuple[State, Any]:
        x, u = inputs
        new, (h, before, _) = second(state, x, *first(state, x, u))
        return new, (h, before)

    (last, _), kept = jax.lax.scan(
        step, (given.carry, None), (inputs_T, u_T), reverse=plan.reverse, unroll=plan.scan_unroll
    )
    return last, kept


@in_place
def _keeping_all(plan: Plan, replace: bool, some: Given, others: Given) -> tuple[Carry, Array, Kept]:
    """Forwards, with the streams too; the sums take the place of their u."""
    given = joined(some, others)
    recur_h, _ = _recurrence(plan, given, replace)
    first, second, u_T, inputs_T = _forward_step(plan, given, recur_h)
    (last, _), (h_T, before_T, v_T), sums_T = _over_time(
        plan, replace, plan.reverse, first, second, (given.carry, None), inputs_T, u_T, _times(given)
    )
    return last, h_T, Kept(before_T, Rows(sums_T, inputs_T[1], v_T))


def _recurrence(plan: Plan, given: Given, replace: bool) -> tuple[Callable[[Array], Streams], Callable[[Streams], Any]]:
    """The linear map of the hidden state, and its transpose; what depends on the weights alone is made here."""
    h, recur = plan.cell.hidden(given.carry), partial(plan.recur, given.params)
    if plan.engine is not None and replace:
        return plan.engine.products(recur, given.params, h.shape[-1])
    return jax.linearize(recur, h)[1], jax.vjp(recur, h)[1]


def _over_time(
    plan: Plan,
    replace: bool,
    reverse: bool,
    first: First,
    second: Second,
    start: State,
    xs_T: Any,
    rows_T: Any,
    times_T: Array,
) -> tuple[State, Any, Any]:
    """``loop``, or where nothing will be differentiated the plan's engine in its place."""
    if plan.engine is not None and replace:
        return plan.engine.loop(first, second, start, xs_T, rows_T, reverse=reverse)
    return loop(first, second, start, xs_T, rows_T, times_T, in_place=replace, reverse=reverse, unroll=plan.scan_unroll)


def _forward_step(
    plan: Plan, given: Given, recur_h: Callable[[Array], Streams]
) -> tuple[First, Second, dict[int, Array], Any]:
    """A step forwards in two parts; the u that are added to their v, and all else that it reads, ``[T, ...]``."""
    cell = plan.cell
    u_T = cell.input(given.params, given.x)

    def first(state: State, inputs: Any, u: dict[int, Array]) -> tuple[dict[int, Array], dict[int, Array]]:
        rows = with_v(Rows(u, {}, {}), recur_h(cell.hidden(state[0])))
        return rows.sums, rows.v

    def second(state: State, inputs: Any, sums: dict[int, Array], v: dict[int, Array]) -> tuple[State, Any]:
        (carry, _), (t, u, e) = state, inputs
        new, h = _rest(plan, given.lengths, given.params, given.closed, carry, Rows(sums, u, v), t, e)
        return (new, None), (h, carry, v)

    rows_T = by_kind(plan.reads.added, u_T)
    return first, second, rows_T.sums, (_times(given), rows_T.u, given.edit_xs)


def _rest(
    plan: Plan,
    lengths: Array | None,
    params: Params,
    closed: list[Any],
    before: Carry,
    rows: Rows,
    t: Array,
    e: Any,
) -> tuple[Carry, Array]:
    """All of a step but its matmuls: the carry after it and what it gives out."""
    new, _ = plan.combine(params, before, *both(rows))
    edit = None if plan.edit is None else partial(plan.edit, closed)
    new, alive = settle(before, new, t, e, lengths, edit)
    return new, visible(plan.cell, new, alive)


def _room(plan: Plan, given: Given, d_h_T: Array) -> Rows:
    """Arrays for the derivatives of all streams, holding anything.

    What they hold is made of what the way back begins with: the compiler would lay out zeros at once, for all layers.
    """

    def one(x: Array) -> Rows:
        return with_v(by_kind(plan.reads.added, plan.cell.input(given.params, x)), plan.recur(given.params, h))

    h, anything = plan.cell.hidden(given.carry), jnp.sum(d_h_T[:1])
    T = given.x.shape[0]
    shapes = jax.eval_shape(one, jax.ShapeDtypeStruct(given.x.shape[1:], given.x.dtype))
    return jax.tree.map(lambda row: jnp.broadcast_to(anything.astype(row.dtype), (T, *row.shape)), shapes)


def _backwards(plan: Plan, residuals: Any, cotangents: tuple[Carry, Array]) -> tuple[Given, None]:
    some, others, kept = residuals
    return _going_back(plan, (some, kept, cotangents), others), None


@in_place
def _going_back(plan: Plan, replace: bool, smooth: tuple[Given, Kept, tuple[Carry, Array]], others: Given) -> Given:
    """The derivative of everything; those of the streams take the place of the streams."""
    cell, (some, kept, (d_last, d_h_T)) = plan.cell, smooth
    given, again = joined(some, others), kept.rows is None
    recur_h, pull_recur = _recurrence(plan, given, replace)

    # What combine reads of the weights, a bias or a peephole, is summed on the way; where a batch is spread over
    # devices afterwards, or they would have to add up at every step.
    leaves, structure = jax.tree.flatten(some.params, is_leaf=lambda leaf: leaf is None)
    seen = [leaf if is_read else None for leaf, is_read in zip(leaves, plan.reads.params, strict=True)]
    read, nothing = (jax.tree.unflatten(structure, some) for some in (seen, [None] * len(leaves)))
    early, late = (read, nothing) if whole_batch_here() else (nothing, read)
    at_the_end = bool(jax.tree.leaves((late, some.closed)))

    def first(state: Any, inputs: Any, rows: Rows) -> tuple[Rows, Any]:
        (d_new, _), (before, x, t, e_some, e_others, d_h) = state, inputs
        if again:
            rows = with_v(by_kind(plan.reads.added, cell.input(given.params, x)), recur_h(cell.hidden(before)))

        def rest(early: Params, before: Carry, rows: Rows, e: Any) -> tuple[Carry, Array]:
            params = joined(joined(early, late), given.params)
            return _rest(plan, given.lengths, params, given.closed, before, rows, t, joined(e, e_others))

        _, pull = jax.vjp(rest, early, before, rows, e_some)
        d_early, d_before, d_rows, d_e = pull((d_new, d_h))
        return d_rows, (d_early, d_before, d_e)

    def second(state: Any, inputs: Any, d_rows: Rows, more: Any) -> tuple[Any, Any]:
        (d_new, d_early), (d_early_t, d_before, d_e) = state, more
        _, pull_hidden = jax.vjp(cell.hidden, inputs[0])
        d_before = jax.tree.map(jnp.add, d_before, *pull_hidden(*pull_recur(derivatives(d_rows)[1])))
        return (d_before, jax.tree.map(jnp.add, d_early, d_early_t)), (d_e, d_new if at_the_end else None)

    x_T = given.x if again else None
    (d_start, d_early), (d_e_T, d_new_T), d_rows_T = _over_time(
        plan,
        replace,
        not plan.reverse,
        first,
        second,
        # Sums over many steps, so in float32 at least, whatever the weights are kept in.
        (d_last, jax.tree.map(lambda p: jnp.zeros(p.shape, jnp.promote_types(p.dtype, jnp.float32)), early)),
        (kept.before, x_T, _times(given), some.edit_xs, others.edit_xs, d_h_T),
        _room(plan, given, d_h_T) if kept.rows is None else kept.rows,
        _times(given),
    )

    # What all steps share through a matmul gets its derivative from all of them at once.
    def matmuls(some_params: Params, some_x: Array | None) -> tuple[Streams, Streams]:
        params, x = joined((some_params, some_x), (others.params, others.x))
        return cell.input(params, x), plan.recur(params, cell.hidden(kept.before))

    (u_T, v_T), pull = jax.vjp(matmuls, some.params, some.x)
    d_params, d_x = pull(derivatives(d_rows_T))

    def pointwise(late: Params, some_closed: list[Any]) -> tuple[Carry, Array]:
        params, closed = joined(joined(early, late), given.params), joined(some_closed, others.closed)
        rows_T = with_v(by_kind(plan.reads.added, u_T), v_T) if kept.rows is None else kept.rows
        each = jax.vmap(lambda *step: _rest(plan, given.lengths, params, closed, *step))
        return each(kept.before, rows_T, _times(given), given.edit_xs)

    d_late, d_closed = late, some.closed
    if at_the_end:
        _, pull = jax.vjp(pointwise, late, some.closed)
        d_late, d_closed = pull((d_new_T, d_h_T))
    d_early = jax.tree.map(lambda p, d: d.astype(p.dtype), early, d_early)
    add = lambda d, more: d if more is None else d + more  # noqa: E731
    d_params = jax.tree.map(add, d_params, joined(d_early, d_late))
    return Given(d_params, d_start, d_x, d_closed, d_e_T, None)


_run.defvjp(_forwards, _backwards)


def _times(given: Given) -> Array:
    return jnp.arange(given.x.shape[0])
