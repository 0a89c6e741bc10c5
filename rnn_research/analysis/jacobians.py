"""One-step Jacobians ds_t/ds_{t-1} of a cell's whole carry along a real sequence, all steps at once.

With the cell's three parts, v = recur(h) and s' = combine(s, u, v), and R_g the matrix of gate g,

    ds'/ds = D_s + sum_g diag(ds'/dv_g) R_g dh/ds

where all but R_g is pointwise: one derivative a unit, read off by a jvp with ones.
A cell that does not split is differentiated as a whole. For an LSTM the state is
(h, c) and the Jacobian [2H, 2H].
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells import Cell
from rnn_research.cells.cell import Streams
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll import trace


def state_of(carry: Carry) -> Array:
    """The whole carry as one vector ``[..., M]``, in the order of its fields: h, then c."""
    return jnp.concatenate(jax.tree.leaves(carry), axis=-1)


def carry_of(like: Carry, state: Array) -> Carry:
    """Undoes ``state_of``; ``like`` is any carry of the cell, whose leading axes do not matter."""
    leaves, shape = jax.tree.flatten(like)
    return jax.tree.unflatten(shape, jnp.split(state, len(leaves), axis=-1))


def jacobians(cell: Cell, params: Params, carry: Carry, x: Array) -> Array:
    """ds_t/ds_{t-1} for every step of ``x [T, ..., D]``: ``[T, ..., M, M]``.

    Row i of a Jacobian is the derivative of ``s_t[i]``; ``j[0]`` is that of the
    step from ``carry``.
    """
    before, u = along(cell, params, carry, x)
    return step_jacobian(cell, params, before, u)


def along(cell: Cell, params: Params, carry: Carry, x: Array) -> tuple[Carry, Streams]:
    """The carry BEFORE each step and the input streams of each step, ``[T, ..., H]`` in each place."""
    _, (after, _) = trace(cell, params, carry, x)
    before = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest[:-1]]), carry, after)
    return before, cell.input(params, x)


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


def singular_values(j: Array) -> Array:
    """``[..., M]`` of each ``[..., M, M]``, the largest first."""
    return jnp.linalg.svd(j, compute_uv=False)


def spectral_norm(j: Array) -> Array:
    """The largest singular value ``[...]``: how much one step can stretch a gradient."""
    return singular_values(j)[..., 0]


def spectral_radius(j: Array) -> Array:
    """The largest absolute eigenvalue ``[...]``: what the same step, taken for ever, stretches it by."""
    return jnp.max(jnp.abs(jnp.linalg.eigvals(j)), axis=-1)


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
