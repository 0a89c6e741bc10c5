"""One-step Jacobians ds_t/ds_{t-1} of a cell's whole carry along a real sequence, all steps at once; their spectra."""

import jax
import jax.numpy as jnp

from rnn_research.cells import Cell
from rnn_research.cells.cell import Streams
from rnn_research.cells.jacobian import step_jacobian
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll import trace


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


def singular_values(j: Array) -> Array:
    """``[..., M]`` of each ``[..., M, M]``, the largest first."""
    return jnp.linalg.svd(j, compute_uv=False)


def spectral_norm(j: Array) -> Array:
    """The largest singular value ``[...]``: how much one step can stretch a gradient."""
    return singular_values(j)[..., 0]


def spectral_radius(j: Array) -> Array:
    """The largest absolute eigenvalue ``[...]``: what the same step, taken for ever, stretches it by."""
    return jnp.max(jnp.abs(jnp.linalg.eigvals(j)), axis=-1)
