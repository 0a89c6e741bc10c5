"""The LSTM's highway: how much of dc_T/dc_t is the product of the forget gates in between.

    c_t = f_t c_{t-1} + i_t g_t        dc_T/dc_t = prod_k diag(f_k) + every path through some h

The product is what is left of the constant error carousel (Hochreiter and Schmidhuber
1997) once it forgets (Gers et al. 2000). The whole has h_t held fixed, as everywhere in this package, so
that at lag 1 it is the highway itself, peepholes apart.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.jacobians import along
from rnn_research.analysis.scaled import Scaled, log_norm, rescaled
from rnn_research.cells import Cell
from rnn_research.errors import UserError
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll import trace


class Highway(NamedTuple):
    """By step t, ``[T, ...]``; the last entry is lag 0, where both matrices are the identity.

    Attributes:
      log_highway: log of the Frobenius norm of prod_k diag(f_k), in nats.
      log_whole: log of the Frobenius norm of dc_T/dc_t.
      ratio: the first norm over the second; above 1 where the other paths cancel it.
      share: <highway, whole> / ||whole||^2: with the other paths' share it makes 1.

    Where the whole is exactly zero, ratio and share are NaN.
    """

    log_highway: Array
    log_whole: Array
    ratio: Array
    share: Array


def highway(cell: Cell, params: Params, carry: Carry, x: Array) -> Highway:
    """Compares the two along ``x [T, ..., D]`` from ``carry [..., H]``.

    Raises:
      UserError: for a cell without a c and a forget gate.
    """
    _, (carries, gates) = trace(cell, params, carry, x)
    if not hasattr(carries, "c") or not hasattr(gates, "f"):
        raise UserError(f"cell {cell.name!r} has no highway: it carries no c behind a forget gate f")
    before_T, u_T = along(cell, params, carry, x)
    H = carry.c.shape[-1]
    # One cotangent for each unit of c_T, on a new first axis.
    eye = jnp.eye(H, dtype=carry.c.dtype).reshape(H, *[1] * (carry.c.ndim - 1), H)
    identity = jnp.broadcast_to(eye, (H, *carry.c.shape))
    start = jax.tree.map(lambda c: jnp.zeros((H, *c.shape), c.dtype), carry)._replace(c=identity)
    both = (0, -1)

    def back(state: tuple[Scaled, Array], inputs: Any) -> tuple[tuple[Scaled, Array], Any]:
        delta, log_f_H = state  # of ds_t; log_f_H: logs of the products of the gates after t
        before, u, f = inputs
        whole, exponent = rescaled(delta.value.c, delta.exponent, both)
        # The highway under the whole's exponent; its logs cannot underflow, these entries may.
        gates_H = jnp.exp(log_f_H - jnp.squeeze(exponent, both)[..., None] * np.log(2))
        diagonal_H = jnp.diagonal(whole, axis1=0, axis2=-1)
        square = jnp.sum(whole**2, both)
        share = jnp.sum(gates_H * diagonal_H, -1) / jnp.where(square > 0, square, jnp.nan)
        log_whole = log_norm(Scaled(whole, exponent), both)
        log_highway = 0.5 * jax.nn.logsumexp(2 * log_f_H, axis=-1)

        _, pull = jax.vjp(lambda carry: cell.advance(params, carry, u)[0], before)
        of_before = jax.vmap(lambda cotangent: pull(cotangent)[0])(delta.value)
        after = (rescaled(of_before, delta.exponent, both), log_f_H + jnp.log(f))
        return after, (log_highway, log_whole, jnp.exp(log_highway - log_whole), share)

    begin = (rescaled(start, 0, both), jnp.zeros_like(carry.c))
    _, by_step = jax.lax.scan(back, begin, (before_T, u_T, gates.f), reverse=True)
    return Highway(*by_step)
