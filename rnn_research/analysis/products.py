"""All singular values of a long product P = J_T ... J_1, in logs, without ever forming it.

First two sweeps of product QR (Stewart 1997, "On graded QR decompositions of products
of matrices"; Oliveira and Stewart 2000, "Exponents of product matrices"). One writes

    P = Q R_T ... R_1        by   Q_t R_t = J_t Q_{t-1}

and the next does the same to the transpose R_1' ... R_T', which leaves a product of
triangles whose rows fall off as the singular values do. Then one-sided Jacobi
(Hestenes 1958) turns those rows until they are orthogonal: their norms are the
singular values, each to its own relative accuracy (Demmel and Veselic 1992). Every
row stands under a power of two of its own, so that a ratio of 1e-300 costs nothing.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.scaled import Scaled, log_norm, rescaled, times_power
from rnn_research.types import Array


class ProductSpectrum(NamedTuple):
    """The spectrum and how far to trust it.

    Attributes:
      log_sigma: logs of the singular values ``[..., M]`` in nats, the largest first; -inf for zero.
      rounding: how far rounding may have moved each log, ``[..., M]``; about 1 or
        more where a factor is singular to working precision, and the value a mere
        sign that it is very small.
      cosine: the largest that the last Jacobi sweep found between two rows, ``[...]``.
      sweeps: how many Jacobi sweeps were made, ``[...]``; six to ten as a rule.
    """

    log_sigma: Array
    rounding: Array
    cosine: Array
    sweeps: Array


def log_singular_values(j: Array, *, sweeps: int = 30) -> ProductSpectrum:
    """The log singular values of ``j[T-1] @ ... @ j[0]`` for ``j [T, ..., M, M]``.

    Args:
      j: the factors, the first to act first; from ``jacobians``.
      sweeps: the most Jacobi sweeps to make. They converge quadratically, near ties or not.

    What rounding leaves of accuracy is set by the condition of each FACTOR, not of
    the product: the error of a factor's diagonal is a rounding of its largest entry.
    """
    one = lambda j_TMM: _spectrum(j_TMM, sweeps)  # noqa: E731
    for _ in range(j.ndim - 3):
        one = jax.vmap(one, in_axes=1)
    return one(j)


def _spectrum(j_TMM: Array, sweeps: int) -> ProductSpectrum:
    eps = jnp.finfo(j_TMM.dtype).eps
    r_TMM = _triangles(jnp.swapaxes(_triangles(j_TMM)[::-1], -1, -2))
    diagonal_TM = jnp.abs(jnp.diagonal(r_TMM, axis1=-2, axis2=-1))
    lost_TM = jnp.max(jnp.abs(r_TMM), axis=(-2, -1))[:, None] / diagonal_TM
    rows, cosine, made = _orthogonal(_product(r_TMM), sweeps)
    log_M = log_norm(rows)
    size_M = jnp.where(jnp.isfinite(log_M), jnp.abs(log_M), 0)
    rounding_M = eps * (jnp.sqrt(jnp.sum(lost_TM**2, axis=0)) + size_M)
    order = jnp.argsort(-log_M)
    return ProductSpectrum(log_M[order], rounding_M[order], cosine, made)


def _triangles(j_TMM: Array) -> Array:
    """R_t of every step of one QR sweep."""

    def onwards(q: Array, j: Array) -> tuple[Array, Array]:
        q, r = jnp.linalg.qr(j @ q)
        return q, r

    return jax.lax.scan(onwards, jnp.eye(j_TMM.shape[-1], dtype=j_TMM.dtype), j_TMM)[1]


def _product(r_TMM: Array) -> Scaled:
    """R_T ... R_1 with an exponent for each row."""
    M = r_TMM.shape[-1]

    def times(rows: Scaled, r: Array) -> tuple[Scaled, None]:
        # A row mixes rows of many sizes: each enters relative to the largest of them.
        entering = jnp.where(r != 0, rows.exponent.T, jnp.iinfo(jnp.int32).min // 2)
        top = jnp.max(entering, axis=-1, keepdims=True)
        return rescaled(times_power(r, jnp.minimum(rows.exponent.T - top, 0)) @ rows.value, top), None

    start = Scaled(jnp.eye(M, dtype=r_TMM.dtype), jnp.zeros((M, 1), jnp.int32))
    return jax.lax.scan(times, start, r_TMM)[0]


def _orthogonal(rows: Scaled, sweeps: int) -> tuple[Scaled, Array, Array]:
    """Rotates pairs of rows until all are orthogonal to rounding."""
    M = rows.value.shape[-1]
    if M == 1:
        return rows, jnp.zeros((), rows.value.dtype), jnp.zeros((), jnp.int32)
    enough = M * jnp.finfo(rows.value.dtype).eps
    rounds = jnp.asarray(_round_robin(M))

    def again(state: tuple[Scaled, Array, Array]) -> tuple[Scaled, Array, Array]:
        rows, cosines = jax.lax.scan(_rotate, state[0], rounds)
        return rows, jnp.max(cosines), state[2] + 1

    def unfinished(state: tuple[Scaled, Array, Array]) -> Array:
        return (state[2] < sweeps) & (state[1] > enough)

    first = (rows, jnp.asarray(jnp.inf, rows.value.dtype), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(unfinished, again, first)


def _rotate(rows: Scaled, pairs: Array) -> tuple[Scaled, Array]:
    """Makes each of the disjoint ``pairs [M // 2, 2]`` of rows orthogonal; the largest cosine found.

    With a, b = n_i 2^e_i, n_j 2^e_j, e_i >= e_j and t the tangent of the angle: a' = c (a + t b)
    and b' = c (b - t a). Where b is far below a, t is as small, but t a is still of b's size:
    so it is tau = t 2^(e_i - e_j) that is computed.
    """
    n, e = rows
    p, q = pairs[:, 0], pairs[:, 1]
    ahead = e[p, 0] >= e[q, 0]
    i, j = jnp.where(ahead, p, q), jnp.where(ahead, q, p)
    n_i, n_j, one = n[i], n[j], jnp.ones_like(n, shape=i.shape)
    gap = times_power(one, e[j, 0] - e[i, 0])
    ii, jj, ij = jnp.sum(n_i * n_i, -1), jnp.sum(n_j * n_j, -1), jnp.sum(n_i * n_j, -1)
    d = ii - gap**2 * jj
    below = d + jnp.where(d >= 0, 1, -1) * jnp.sqrt(d**2 + 4 * (gap * ij) ** 2)
    tau = jnp.where(ij == 0, 0, 2 * ij / jnp.where(below == 0, 1, below))[:, None]
    t = gap[:, None] * tau
    c = 1 / jnp.sqrt(1 + t**2)
    n = n.at[i].set(c * (n_i + t * gap[:, None] * n_j)).at[j].set(c * (n_j - tau * n_i))
    lengths = jnp.sqrt(ii * jj)
    return rescaled(n, e), jnp.max(jnp.where(lengths > 0, jnp.abs(ij) / jnp.where(lengths > 0, lengths, 1), 0))


def _round_robin(M: int) -> np.ndarray:
    """Every pair of M rows once, in rounds of disjoint pairs ``[rounds, M // 2, 2]``."""
    players = list(range(M + M % 2))  # an odd one out meets the row M that is not there
    rounds = []
    for _ in range(len(players) - 1):
        half = len(players) // 2
        pairs = zip(players[:half], reversed(players[half:]), strict=True)
        rounds.append([pair for pair in pairs if max(pair) < M])
        players = [players[0], players[-1], *players[1:-1]]
    return np.array(rounds, np.int32)
