"""The Jacobian ds'/ds of one step of any cell: whole, or the part of it that stays within each unit.

With the cell's three parts, v = recur(h) and s' = combine(s, u, v), and R_g the matrix of gate g,

    ds'/ds = D_s + sum_g diag(ds'/dv_g) R_g dh/ds

where all but R_g is pointwise: one derivative a unit, read off by a jvp with ones.
A cell that does not split is differentiated as a whole. For an LSTM the state is
(h, c) and the Jacobian [2H, 2H].
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams
from rnn_research.types import Array, Carry, Params

Blocks = tuple[tuple[Array, ...], ...]
"""One small matrix a unit: ``blocks[n][m]`` is ``[..., H]``, the derivative of the carry's place n by its place m."""


def state_of(carry: Carry) -> Array:
    """The whole carry as one vector ``[..., M]``, in the order of its fields: h, then c."""
    return jnp.concatenate(jax.tree.leaves(carry), axis=-1)


def carry_of(like: Carry, state: Array) -> Carry:
    """Undoes ``state_of``; ``like`` is any carry of the cell, whose leading axes do not matter."""
    leaves, shape = jax.tree.flatten(like)
    return jax.tree.unflatten(shape, jnp.split(state, len(leaves), axis=-1))


def step_jacobian(cell: Cell, params: Params, carry: Carry, u: Streams) -> Array:
    """ds'/ds of one step from ``carry [..., H]`` with input streams ``u [..., H]``: ``[..., M, M]``."""
    if cell.recur is None or cell.combine is None:
        return _by_autodiff(cell, params, carry, u)
    combine, hidden = cell.combine, cell.hidden
    h = hidden(carry)
    v = cell.recur(params, h)
    # recur is linear: fed the unit vectors it gives its matrix, [H in, H out] a gate.
    r_GHH = cell.recur(params, jnp.eye(h.shape[-1], dtype=h.dtype))

    of_carry = lambda carry: combine(params, carry, u, v)[0]  # noqa: E731
    of_v = lambda v: combine(params, carry, u, v)[0]  # noqa: E731
    ds_dv = [jax.jvp(of_v, (v,), (one,))[1] for one in _one_at_a_time(v)]
    columns = []
    for one in _one_at_a_time(carry):
        ds_dm = jax.jvp(of_carry, (carry,), (one,))[1]
        dh_dm = jax.jvp(hidden, (carry,), (one,))[1]
        rows = []
        for n, direct in enumerate(ds_dm):
            block = direct[..., :, None] * jnp.eye(h.shape[-1], dtype=h.dtype)
            for r_HH, ds in zip(r_GHH, ds_dv, strict=True):
                block += ds[n][..., :, None] * r_HH.T * dh_dm[..., None, :]
            rows.append(block)
        columns.append(jnp.concatenate(rows, axis=-2))
    return jnp.concatenate(columns, axis=-1)


def unit_jacobian(cell: Cell, params: Params, carry: Carry, u: Streams) -> Blocks:
    """What ``step_jacobian`` holds on its diagonal, unit by unit, without the rest of it.

    How unit j's carry depends on unit j's own: one number a unit, or 2 x 2 for a
    cell with a c. Of a cell that does not split the whole is computed and cut.
    """
    if cell.recur is None or cell.combine is None:
        return _cut(step_jacobian(cell, params, carry, u), len(jax.tree.leaves(carry)))
    combine, hidden = cell.combine, cell.hidden
    h = hidden(carry)
    v = cell.recur(params, h)
    own_GH = [jnp.diagonal(r_HH) for r_HH in cell.recur(params, jnp.eye(h.shape[-1], dtype=h.dtype))]
    columns = []
    for one in _one_at_a_time(carry):
        dh_dm = jax.jvp(hidden, (carry,), (one,))[1]
        dv_dm = tuple(own_H * dh_dm for own_H in own_GH)
        push = lambda carry, v: combine(params, carry, u, v)[0]  # noqa: E731
        columns.append(jax.tree.leaves(jax.jvp(push, (carry, v), (one, dv_dm))[1]))
    return tuple(zip(*columns, strict=True))


def _one_at_a_time(places: Any) -> list[Any]:
    """For each leaf of a tuple: ones in its place and zeros in the others."""
    leaves, shape = jax.tree.flatten(places)
    pick = lambda n: [jnp.ones_like(l) if m == n else jnp.zeros_like(l) for m, l in enumerate(leaves)]  # noqa: E731
    return [jax.tree.unflatten(shape, pick(n)) for n in range(len(leaves))]


def _by_autodiff(cell: Cell, params: Params, carry: Carry, u: Streams) -> Array:
    def advance(s_M: Array, u: Streams) -> Array:
        return state_of(cell.advance(params, carry_of(carry, s_M), u)[0])

    jacobian = jax.jacrev(advance)
    state = state_of(carry)
    for _ in range(state.ndim - 1):
        jacobian = jax.vmap(jacobian)
    return jacobian(state, u)


def _cut(j: Array, places: int) -> Blocks:
    rows = jnp.split(j, places, axis=-2)
    own = lambda block: jnp.diagonal(block, axis1=-2, axis2=-1)  # noqa: E731
    return tuple(tuple(own(block) for block in jnp.split(row, places, axis=-1)) for row in rows)
