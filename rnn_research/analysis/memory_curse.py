"""The curse of memory (Zucchet and Orvieto 2024, arXiv:2405.21064): stable is not the same as learnable.

For h_t = lambda h_{t-1} + x_t with white x of variance 1,

    E |h|^2          = sum_k |lambda|^2k                = 1 / (1 - |lambda|^2)
    E |dh/dlambda|^2 = sum_k k^2 |lambda|^(2 (k - 1))   = (1 + |lambda|^2) / (1 - |lambda|^2)^3

since h_t = sum_k lambda^k x_{t-k}. As lambda nears 1 the state grows as the power -1
of the distance and its sensitivity as the power -3, though no gradient explodes.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.analysis.scaled import Scaled, add, log_norm, rescaled
from rnn_research.cells import Cell
from rnn_research.types import Array, Carry, Params


class LinearMoments(NamedTuple):
    """Second moments of the linear recurrence under white input of variance 1.

    Attributes:
      state: E |h_t|^2.
      sensitivity: E |dh_t/dlambda|^2.
    """

    state: Array
    sensitivity: Array


class Sensitivity(NamedTuple):
    """Along a sequence, ``[T, ...]``, in nats; -inf for zero.

    Attributes:
      log_dh_ds: log ||dh_t/ds|| at s = 1 where every recurrent matrix W_h is s W_h, or
        s a_t is what a linear recurrence multiplies its state by.
      log_dh_dh0: log of the Frobenius norm of dh_t/dh_0, h_0 the hidden state before the first step.
      log_h: log ||h_t||.
    """

    log_dh_ds: Array
    log_dh_dh0: Array
    log_h: Array


def linear_moments(eigenvalue: Array) -> LinearMoments:
    """The stationary moments for each lambda, real or complex, |lambda| < 1."""
    q = jnp.abs(eigenvalue) ** 2
    return LinearMoments(1 / (1 - q), (1 + q) / (1 - q) ** 3)


def linear_moments_by_step(eigenvalue: Array, steps: int) -> LinearMoments:
    """The moments after each of ``steps`` inputs from h = 0, ``[T, ...]``; |lambda| may be 1 or more."""
    q = jnp.abs(eigenvalue) ** 2
    k = jnp.arange(steps, dtype=q.dtype).reshape(-1, *[1] * q.ndim)
    of_sensitivity = jnp.where(k > 0, k**2 * q ** jnp.maximum(k - 1, 0), 0)
    return LinearMoments(jnp.cumsum(q**k, axis=0), jnp.cumsum(of_sensitivity, axis=0))


def sensitivity(cell: Cell, params: Params, carry: Carry, x: Array) -> Sensitivity:
    """What a change of the recurrent weights does to h_t, beside what a change of h_0 does.

    Forward mode through time, along ``x [T, ..., D]`` from ``carry [..., H]``. Tangents
    are rescaled at each step, so that neither norm under- or overflows.
    """
    H = cell.hidden(carry).shape[-1]
    zeros, one = jax.tree.map(jnp.zeros_like, carry), jnp.ones((), cell.hidden(carry).dtype)
    # dh_0: one tangent for each unit, on a new first axis, and none of a c.
    _, pull = jax.vjp(cell.hidden, carry)
    eye = jnp.eye(H, dtype=cell.hidden(carry).dtype).reshape(H, *[1] * (cell.hidden(carry).ndim - 1), H)
    of_start = jax.vmap(lambda e: pull(e)[0])(jnp.broadcast_to(eye, (H, *cell.hidden(carry).shape)))
    both = (0, -1)

    def step(state: tuple[Carry, Scaled, Scaled], u: Any) -> tuple[tuple[Carry, Scaled, Scaled], Any]:
        carry, of_s, of_start = state
        after, push = jax.linearize(lambda carry, s: _scaled(cell, params, carry, u, s), carry, one)
        of_start = rescaled(jax.vmap(lambda e: push(e, 0 * one))(of_start.value), of_start.exponent, both)
        fresh = rescaled(push(zeros, one))
        passed = rescaled(push(of_s.value, 0 * one), of_s.exponent)
        of_s = add(passed, fresh)
        norms = (
            log_norm(Scaled(cell.hidden(of_s.value), of_s.exponent)),
            log_norm(Scaled(cell.hidden(of_start.value), of_start.exponent), both),
            log_norm(rescaled(cell.hidden(after))),
        )
        return (after, of_s, of_start), norms

    begin = (carry, rescaled(zeros), rescaled(of_start, 0, both))
    _, norms = jax.lax.scan(step, begin, cell.input(params, x))
    return Sensitivity(*norms)


def _scaled(cell: Cell, params: Params, carry: Carry, u: Any, s: Array) -> Carry:
    """One step with s W_h for W_h; where a state is only multiplied, by a_t, s may as well multiply the state."""
    if cell.linear is not None:
        return cell.advance(params, jax.tree.map(lambda c: s * c, carry), u)[0]
    return cell.advance(params._replace(w_h_GHH=s.astype(params.w_h_GHH.dtype) * params.w_h_GHH), carry, u)[0]
