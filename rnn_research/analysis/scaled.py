"""Numbers beyond the range of a float: a value, and the power of two that it stands under.

A gradient that halves at each step is 2^-500 after 500 of them, and float32 ends
at 2^-126. Powers of two are exact, so that a chain of rescalings loses nothing.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.types import Array

Axes = tuple[int, ...] | None


class Scaled(NamedTuple):
    """The tree ``value * 2^exponent``.

    ``exponent`` is an integer array with axes of size one where one exponent
    serves a whole axis of the leaves.
    """

    value: Any
    exponent: Array


def rescaled(tree: Any, exponent: Array | int = 0, axes: Axes = (-1,)) -> Scaled:
    """``tree * 2^exponent`` with a value whose largest entry lies in [1/2, 1).

    A value that is all zero, or not finite, keeps its exponent.

    Args:
      tree: arrays of one rank.
      exponent: what the tree stands under already.
      axes: the axes, shared by all leaves, that have one exponent together; None for all.
    """
    largest = jax.lax.stop_gradient(_largest(tree, axes))
    _, shift = jnp.frexp(jnp.where(jnp.isfinite(largest), largest, 1))
    shift = jnp.where((largest > 0) & jnp.isfinite(largest), shift, 0)
    return Scaled(jax.tree.map(lambda x: times_power(x, -shift), tree), exponent + shift)


def add(a: Scaled, b: Scaled, axes: Axes = (-1,)) -> Scaled:
    """The sum, under the larger of the two exponents; a zero does not count."""
    exponent = jnp.where(_largest(a.value, axes) == 0, b.exponent, jnp.maximum(a.exponent, b.exponent))
    exponent = jnp.where(_largest(b.value, axes) == 0, a.exponent, exponent)
    at = lambda x, e: times_power(x, jnp.minimum(e - exponent, 0))  # noqa: E731
    return Scaled(jax.tree.map(lambda x, y: at(x, a.exponent) + at(y, b.exponent), a.value, b.value), exponent)


def log_norm(scaled: Scaled, axes: Axes = (-1,)) -> Array:
    """log of the Euclidean norm over ``axes`` of all leaves together, in nats; -inf for zero.

    Squares are taken relative to the largest entry, so that they do not underflow either.
    """
    largest = _largest(scaled.value, axes)
    unit = jnp.where(largest > 0, largest, 1)
    squares = sum(jnp.sum((leaf / unit) ** 2, axes, keepdims=True) for leaf in jax.tree.leaves(scaled.value))
    log = jnp.log(largest) + 0.5 * jnp.log(jnp.where(largest > 0, squares, 1)) + scaled.exponent * np.log(2)
    return jnp.squeeze(log, tuple(range(log.ndim)) if axes is None else axes)


def times_power(x: Array, exponent: Array) -> Array:
    """``x * 2^exponent``, exact within the normal range (``jnp.ldexp`` goes by way of a rounded power)."""
    kind = jnp.finfo(x.dtype)
    bits = jnp.dtype(f"int{kind.bits}")

    def power(e: Array) -> Array:
        biased = jnp.clip(e, kind.minexp, kind.maxexp - 1) + (kind.maxexp - 1)
        return jax.lax.bitcast_convert_type(biased.astype(bits) << kind.nmant, x.dtype)

    half = exponent // 2  # two steps, so that one may reach from one end of the range to the other
    return x * power(half) * power(exponent - half)


def _largest(tree: Any, axes: Axes) -> Array:
    tops = [jnp.max(jnp.abs(leaf), axes, keepdims=True) for leaf in jax.tree.leaves(tree)]
    return jnp.max(jnp.stack(tops), 0)
