"""Lyapunov exponents along a sequence with inputs, by QR (Benettin et al. 1980; Engelken, Wolf and Abbott 2023).

    Q_t R_t = J_t Q_{t-1}        lambda_i = 1/T sum_t log |R_t,ii|

in nats per step: the mean rates at which the R fastest directions of the state
grow, and with them the gradients that pass back along them. Each step starts from
an orthonormal basis, so that nothing underflows however long the sequence is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.jacobians import along
from rnn_research.cells import Cell
from rnn_research.cells.jacobian import carry_of, state_of
from rnn_research.errors import UserError
from rnn_research.types import Array, Carry, Key, Params


class Lyapunov(NamedTuple):
    """Exponents in nats per step, the largest first but for finite-time noise.

    Attributes:
      exponents: ``[..., R]``, over all steps after the first ``burn_in``.
      running: ``[T - burn_in, ..., R]``, the estimate after each of these steps:
        the curve by which to judge convergence.
      local: ``[T, ..., R]``, log |R_t,ii| of every step; see ``finite_time``.
    """

    exponents: Array
    running: Array
    local: Array


def lyapunov(j: Array, top: int | None = None, *, burn_in: int = 0, key: Key | None = None) -> Lyapunov:
    """The exponents of a product of Jacobians ``j [T, ..., M, M]``, ``j[t]`` = ds_t/ds_{t-1}.

    Args:
      j: from ``jacobians``.
      top: how many exponents, R; None for all M.
      burn_in: first steps left out of the means, in which the random basis still
        turns towards the fastest directions.
      key: of that basis; ``jax.random.key(0)`` if None.

    Raises:
      UserError: for an R or a burn-in out of range.

    The sum of all M exponents is the mean of log |det J_t|, whatever the basis.
    In one step a direction that shrinks by more than the dtype's precision
    (1e-7 in float32) beside the fastest one is lost in rounding: such exponents,
    and those of exactly singular Jacobians, are very negative rather than right.
    """
    start = _basis(j.shape[1:-1], top, j.dtype, key)
    return _follow(lambda q, j: j @ q, start, j, len(j), burn_in)


def lyapunov_along(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    top: int | None = None,
    *,
    burn_in: int = 0,
    key: Key | None = None,
) -> Lyapunov:
    """The exponents of a cell along ``x [T, ..., D]``, as ``lyapunov`` of its ``jacobians`` has them.

    No Jacobian is stored: the R directions are pushed forward by jvp, which is
    the cheaper way where R is well below M. Differentiable.
    """
    before, u = along(cell, params, carry, x)
    start = _basis(state_of(carry).shape, top, state_of(carry).dtype, key)

    def push(q: Array, inputs: Any) -> Array:
        before, u = inputs
        step = lambda carry: cell.advance(params, carry, u)[0]  # noqa: E731
        column = lambda q_M: state_of(jax.jvp(step, (before,), (carry_of(before, q_M),))[1])  # noqa: E731
        return jax.vmap(column, in_axes=-1, out_axes=-1)(q)

    return _follow(push, start, (before, u), len(x), burn_in)


def top_exponent(
    cell: Cell, params: Params, carry: Carry, x: Array, *, burn_in: int = 0, key: Key | None = None
) -> Array:
    """The largest Lyapunov exponent along ``x [T, ..., D]``, nats per step, of each example ``[...]``.

    That of ``lyapunov_along`` but for the random direction it begins with, and
    without a factorisation: one direction need only be brought back to length one
    at every step (Benettin, Galgani and Strelcyn 1976).

    Raises:
      UserError: for a burn-in out of range.
    """
    if not 0 <= burn_in < len(x):
        raise UserError(f"a burn-in of {burn_in} steps leaves nothing of a sequence of {len(x)}")
    before, u = along(cell, params, carry, x)
    state = state_of(carry)
    M = state.shape[-1]
    # Without a key a constant: the compilation of a draw takes longer than all measurements of a run.
    draw = np.random.default_rng(0).normal(size=M) if key is None else jax.random.normal(key, (M,))
    draw_M = jnp.asarray(draw, state.dtype)
    start = carry_of(carry, jnp.broadcast_to(draw_M / jnp.linalg.norm(draw_M), state.shape))

    def push(q: Carry, inputs: Any) -> tuple[Carry, Array]:
        before, u = inputs
        _, pushed = jax.jvp(lambda carry: cell.advance(params, carry, u)[0], (before,), (q,))
        size = norm_of(pushed)
        unit = jnp.where(size > 0, size, 1)
        return jax.tree.map(lambda d: d / unit[..., None], pushed), jnp.where(size > 0, jnp.log(unit), -jnp.inf)

    _, local = jax.lax.scan(push, start, (before, u))
    return jnp.mean(local[burn_in:], axis=0)


def finite_time(local: Array, window: int) -> Array:
    """Exponents over windows that follow each other: ``[T // window, ..., R]``; what is left over is dropped.

    Raises:
      UserError: for a window longer than the sequence.
    """
    if not 1 <= window <= len(local):
        raise UserError(f"a window of {window} steps does not fit the {len(local)} steps of the sequence")
    windows = len(local) // window
    return jnp.mean(local[: windows * window].reshape(windows, window, *local.shape[1:]), axis=1)


def _basis(shape: tuple[int, ...], top: int | None, dtype: jnp.dtype, key: Key | None) -> Array:
    """A random orthonormal basis ``[*shape, R]`` of R directions of a state ``[..., M]``."""
    M = shape[-1]
    R = M if top is None else top
    if not 1 <= R <= M:
        raise UserError(f"{R} exponents were asked for, of a state that has {M}")
    # Not the unit vectors: an invariant direction among them would never be left.
    # All M are drawn, so that the first of them are the same however many are asked for.
    draw = jax.random.normal(jax.random.key(0) if key is None else key, (M, M), dtype)
    return jnp.broadcast_to(jnp.linalg.qr(draw)[0][:, :R], (*shape, R))


def _follow(push: Callable[[Array, Any], Array], start: Array, inputs: Any, steps: int, burn_in: int) -> Lyapunov:
    if not 0 <= burn_in < steps:
        raise UserError(f"a burn-in of {burn_in} steps leaves nothing of a sequence of {steps}")

    def step(q: Array, inputs: Any) -> tuple[Array, Array]:
        q, r = jnp.linalg.qr(push(q, inputs))
        return q, jnp.log(jnp.abs(jnp.diagonal(r, axis1=-2, axis2=-1)))

    _, local = jax.lax.scan(step, start, inputs)
    counts = jnp.arange(1, steps - burn_in + 1, dtype=local.dtype).reshape(-1, *[1] * (local.ndim - 1))
    running = jnp.cumsum(local[burn_in:], axis=0) / counts
    return Lyapunov(running[-1], running, local)


def norm_of(tree: Any) -> Array:
    """The norm over the last axis of all leaves, with a zero derivative at zero."""
    square = sum(jnp.sum(leaf**2, axis=-1) for leaf in jax.tree.leaves(tree))
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
