"""Cells, stacks and sequences at random, for the tests of this directory.

Drawn by numpy: each of jax's own draws would be one more program to compile.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.unroll import Stack, stack


def one_layer(cell, D, H, T, batch=(), seed=0, dtype=jnp.float64, start=None):
    """Parameters, a carry away from zero, and inputs ``[T, *batch, D]``."""
    rng = np.random.default_rng(seed)
    params = drawn(rng, lambda start: cell.init(jax.random.key(seed), D, H, *start, dtype=dtype), start)
    carry = like(rng, jax.eval_shape(lambda: cell.initial_carry((*batch, H), dtype)), 0.3)
    return params, carry, jnp.asarray(rng.normal(size=(T, *batch, D)), dtype)


def layers(cell, D, H, T, B, count, seed=0, dtype=jnp.float64, start=None, **options):
    """A stack, its parameters, its joint carry and inputs ``[T, B, D]``."""
    rng = np.random.default_rng(seed)
    shape = Stack(cell=cell, hidden=H, layers=count, **options)
    params = drawn(rng, lambda start: stack.init(shape, jax.random.key(seed), D, *start, dtype=dtype), start)
    carry = like(rng, jax.eval_shape(lambda: stack.initial_carry(shape, params, (B,), dtype)), 0.3)
    return shape, params, carry, jnp.asarray(rng.normal(size=(T, B, D)), dtype)


def drawn(rng, init, start):
    """Normal parameters of deviation 1/2, or those of a ``CellInit``."""
    if start is None:
        return like(rng, jax.eval_shape(lambda: init(())), 0.5)
    return jax.jit(lambda: init((start,)))()


def like(rng, shapes, scale):
    return jax.tree.map(lambda s: jnp.asarray(scale * rng.normal(size=s.shape), s.dtype), shapes)


def near(mine, expected, rtol=1e-12, atol=1e-14):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), mine, expected)
