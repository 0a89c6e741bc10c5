"""All singular values of a long product P = J_T ... J_1, in logs, without ever forming it.

Product QR (Stewart 1997, "On graded QR decompositions of products of matrices";
Oliveira and Stewart 2000, "Exponents of product matrices"). One sweep writes

    P = Q R_T ... R_1        by   Q_t R_t = J_t Q_{t-1}

and P has the singular values of R_T ... R_1. The next sweep does the same to the
transpose R_1' ... R_T', and so on: this is the QR iteration on P'P, and the
diagonals' products tend to the singular values. Their logs are sums, so that a
ratio of 1e-300 between the first and the last costs no accuracy.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.types import Array


class ProductSpectrum(NamedTuple):
    """What the sweeps converged to.

    Attributes:
      log_sigma: logs of the singular values ``[..., M]`` in nats, the largest first.
      change: the last sweep's largest change of any of them, ``[...]``.
      sweeps: how many were made.
    """

    log_sigma: Array
    change: Array
    sweeps: Array


def log_singular_values(j: Array, *, sweeps: int = 200, tolerance: float | None = None) -> ProductSpectrum:
    """The log singular values of ``j[T-1] @ ... @ j[0]`` for ``j [T, ..., M, M]``.

    Args:
      j: the factors, the first to act first; from ``jacobians``.
      sweeps: the most QR sweeps to make, T factorisations each.
      tolerance: stops once no log changes by more than this in a sweep; None for
        what rounding allows.

    The error of a pair of neighbours falls by (sigma_{i+1} / sigma_i)^2 a sweep: a
    long product, whose exponents are apart, takes three or four sweeps, and a short
    one with near ties more; a pair left unconverged by ties is off by less than the
    log of its ratio. What rounding leaves of accuracy is set by the condition of each
    FACTOR, not of the product. A factor that is singular to working precision leaves
    a value that is very negative, or -inf, instead of exactly zero.
    """
    eps = jnp.finfo(j.dtype).eps
    T = len(j)

    def onwards(q: Array, j: Array) -> tuple[Array, Array]:
        q, r = jnp.linalg.qr(j @ q)
        return q, r

    def sweep(j: Array) -> tuple[Array, Array]:
        """The transposed product's factors, and this product's log diagonal."""
        eye = jnp.broadcast_to(jnp.eye(j.shape[-1], dtype=j.dtype), j.shape[1:])
        _, r = jax.lax.scan(onwards, eye, j)
        log_diagonal = jnp.sum(jnp.log(jnp.abs(jnp.diagonal(r, axis1=-2, axis2=-1))), axis=0)
        return jnp.swapaxes(r[::-1], -1, -2), log_diagonal

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        _, logs, change, made = state
        size = jnp.where(jnp.isfinite(logs), jnp.abs(logs), 0)
        enough = 4 * eps * (T**0.5 + jnp.max(size, axis=-1)) if tolerance is None else tolerance
        return jnp.logical_and(made < sweeps, jnp.any(change > enough))

    def again(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        j, before, _, made = state
        j, logs = sweep(j)
        change = jnp.max(jnp.where(logs == before, 0, jnp.abs(logs - before)), axis=-1)
        return j, logs, change, made + 1

    transposed, logs = sweep(j)
    first = (transposed, logs, jnp.full(j.shape[1:-2], jnp.inf, j.dtype), jnp.asarray(1))
    _, logs, change, made = jax.lax.while_loop(unfinished, again, first)
    return ProductSpectrum(-jnp.sort(-logs, axis=-1), change, made)
