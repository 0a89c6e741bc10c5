"""Gradients through time: causal, equal to finite differences, and finite over a thousand steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.cells import CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import unroll

T, D, H = 4, 2, 3


def test_causality(cell):
    """dh_t/dx_s is exactly zero where x_s is yet to come, and not where it has been."""
    params = cell.init(jax.random.key(0), D, 8, CellInit(bias=normal(0.3)), jnp.float32)
    x_TD = jax.random.normal(jax.random.key(1), (T, D))
    h = lambda x_TD: unroll(cell, params, cell.initial_carry((8,)), x_TD)[1]  # noqa: E731
    largest_TT = np.abs(jax.jit(jax.jacrev(h))(x_TD)).max(axis=(1, 3))
    t, s = np.mgrid[:T, :T]
    assert np.all(largest_TT[s > t] == 0)
    assert np.all(largest_TT[s <= t] > 0)


@pytest.mark.usefixtures("x64")
def test_central_differences(cell):
    """All of it at once: every parameter, the initial carry and every input."""
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float64)
    x_TD = jax.random.normal(jax.random.key(1), (T, D))
    carry = jax.tree.map(lambda c: c + 0.2, cell.initial_carry((H,), jnp.float64))
    point, unravel = ravel_pytree((params, carry, x_TD))
    weight_TH = jax.random.normal(jax.random.key(2), (T, H))

    def loss(point):
        carry, h_TH = unroll(cell, *unravel(point))
        return jnp.sum(h_TH * weight_TH) + sum(jnp.sum(c**2) for c in carry)

    step = 1e-6
    difference = lambda d: (loss(point + step * d) - loss(point - step * d)) / (2 * step)  # noqa: E731
    exact, numeric = jax.jit(lambda: (jax.grad(loss)(point), jax.vmap(difference)(jnp.eye(point.size))))()
    np.testing.assert_allclose(exact, numeric, rtol=1e-7, atol=1e-8)
    assert np.count_nonzero(exact) > 0.5 * point.size


def test_a_thousand_steps_stay_finite(cell):
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    x_TD = jax.random.normal(jax.random.key(1), (1000, D))

    @jax.jit
    def run(params, x_TD):
        def loss(params, x_TD):
            _, h_TH = unroll(cell, params, cell.initial_carry((H,)), x_TD)
            return jnp.mean(h_TH**2), h_TH

        return jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(params, x_TD)

    (_, h_TH), (of_params, of_x_TD) = run(params, x_TD)
    for leaf in jax.tree.leaves((h_TH, of_params, of_x_TD)):
        assert np.all(np.isfinite(leaf))
    # The few units of a ReLU network may all be off at one step.
    assert np.any(h_TH[-100:] != 0)
    assert np.any(of_x_TD[-100:] != 0)
    assert all(np.any(g != 0) for g in of_params)
