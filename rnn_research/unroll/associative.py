"""Linear recurrences over all of time at once, by a parallel prefix scan (Blelloch 1990; Martin and Cundy 2018).

    s_t = a_t s_{t-1} + b_t        s_0 = a_0 s_start + b_0

Two steps after each other are one of the same kind, (a', b') after (a, b) = (a' a, a' b + b'),
and that is associative: log2(T) rounds where a loop takes T. Nothing is ever divided by
a product of a's, so that products which underflow to zero do no harm.
"""

from functools import reduce

import jax
import jax.numpy as jnp

from rnn_research.types import Array

Pair = tuple[Array, Array]


@jax.custom_vjp
def linear_scan(a: Array, b: Array, start: Array) -> Array:
    """All states of ``s_t = a_t * s_{t-1} + b_t``, entry by entry.

    Args:
      a: ``[T, ...]``, real or complex.
      b: ``[T, ...]``.
      start: ``[...]``, the state before the first step.

    Its gradient is the same kind of scan, from the last step to the first, and keeps
    nothing but a and the states.
    """
    return _one_place(a, b.at[0].add(a[0] * start))


def _linear_scan_forwards(a: Array, b: Array, start: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    s = linear_scan(a, b, start)
    return s, (a, s, start)


def _linear_scan_backwards(kept: tuple[Array, Array, Array], of_s: Array) -> tuple[Array, Array, Array]:
    """delta_t = dL/ds_t + a_{t+1} delta_{t+1}."""
    a, s, start = kept
    later = jnp.concatenate([a[1:], jnp.zeros_like(a[:1])])
    delta = _one_place(later[::-1], of_s[::-1])[::-1]
    before = jnp.concatenate([start[None], s[:-1]])
    return delta * before, delta, a[0] * delta[0]


linear_scan.defvjp(_linear_scan_forwards, _linear_scan_backwards)


def _one_place(a: Array, b: Array) -> Array:
    return block_scan(a[:, None, None], b[:, None])[:, 0]


def block_scan(a: Array, b: Array) -> Array:
    """As ``linear_scan`` from a state of zeros, with one small matrix a unit.

    Args:
      a: ``[T, N, N, ...]``: what each place of a unit's state gives to each, the receiving one first.
      b: ``[T, N, ...]``.

    Returns:
      The states ``[T, N, ...]``.
    """
    places = range(b.shape[1])

    # Sums are written out: one over an axis of two falls off the vectorised path on CPU.
    def after(first: Pair, then: Pair) -> Pair:
        (a, b), (a_, b_) = first, then
        both = reduce(jnp.add, (a_[:, :, k, None] * a[:, None, k] for k in places))
        return both, reduce(jnp.add, (a_[:, :, k] * b[:, k, None] for k in places)) + b_

    return jax.lax.associative_scan(after, (a, b))[1]


def matrix_scan(a: Array, b: Array) -> Array:
    """As ``linear_scan`` from a state of zeros, with full matrices.

    Args:
      a: ``[T, ..., M, M]``.
      b: ``[T, ..., M]``.
    """

    def after(first: Pair, then: Pair) -> Pair:
        (a, b), (a_, b_) = first, then
        return a_ @ a, jnp.einsum("...nm,...m->...n", a_, b) + b_

    return jax.lax.associative_scan(after, (a, b))[1]
