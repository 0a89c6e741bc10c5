"""The sum over steps is the gradient, and its summands are what they are said to be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.analysis.bptt_sum import bptt_sum
from rnn_research.analysis.jacobians import jacobians
from rnn_research.cells import CELLS
from rnn_research.unroll import trace, unroll
from tests.analysis.build import near, one_layer

T, D, H = 6, 2, 3

jitted = jax.jit(bptt_sum, static_argnums=0)


@pytest.mark.usefixtures("x64")
def test_total_equals_autodiff(cell):
    """Shares of the total add up to 1, or are 0 where there is none: of a ReLU whose units are all off, say."""
    params, carry, x = one_layer(cell, D, H, T, batch=(2,))
    d_h = jnp.asarray(np.random.default_rng(5).normal(size=(2, H)))
    mine = jitted(cell, params, carry, x, d_h)
    error = lambda params: jnp.sum(unroll(cell, params, carry, x)[1][-1] * d_h)  # noqa: E731
    near(mine.total, jax.jit(jax.grad(error))(params), rtol=1e-12, atol=1e-14)
    total = ravel_pytree(mine.total)[0]
    for of_one, whole in ((mine.of_all, total), *zip(mine.of_each, mine.total, strict=True)):
        assert float(jnp.sum(of_one.share)) == pytest.approx(float(np.any(whole)), abs=1e-12)
        felt = np.any(np.asarray(of_one.log_norm) > -np.inf)  # summands may cancel, norms do not
        assert float(jnp.sum(of_one.norm_share)) == pytest.approx(float(felt), abs=1e-12)


@pytest.mark.usefixtures("x64")
def test_summands_by_their_definition():
    """dE/ds_T ds_T/ds_k d+s_k/dW, every factor a matrix of its own."""
    cell = CELLS["lstm"]
    params, carry, x_TD = one_layer(cell, D, H, T)
    d_h = jnp.asarray(np.random.default_rng(5).normal(size=(H,)))
    _, (after, _) = trace(cell, params, carry, x_TD)
    before = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b[:-1]]), carry, after)
    j = np.asarray(jax.jit(lambda *args: jacobians(cell, *args))(params, carry, x_TD))
    flat, unravel = ravel_pytree(params)

    @jax.jit
    @jax.vmap
    def immediate(before, x_D):
        return jax.jacobian(lambda w: jnp.concatenate(cell.step(unravel(w), before, x_D)[0]))(flat)

    d_plus = np.asarray(immediate(before, x_TD))
    d_s, parts = np.concatenate([d_h, np.zeros(H)]), []
    for k in reversed(range(T)):
        parts.insert(0, d_s @ d_plus[k])
        d_s = d_s @ j[k]
    parts = np.stack(parts)
    w_h = np.asarray(jax.jit(jax.vmap(lambda p: unravel(p).w_h_GHH.ravel()))(parts))
    mine = jitted(cell, params, carry, x_TD, d_h)
    np.testing.assert_allclose(mine.of_all.log_norm, np.log(np.linalg.norm(parts, axis=1)), rtol=1e-12)
    total = parts.sum(0)
    np.testing.assert_allclose(mine.of_all.share, parts @ total / (total @ total), rtol=1e-10, atol=1e-14)
    sizes = np.linalg.norm(w_h, axis=1)
    np.testing.assert_allclose(mine.of_each.w_h_GHH.log_norm, np.log(sizes), rtol=1e-12)
    np.testing.assert_allclose(mine.of_each.w_h_GHH.norm_share, sizes / sizes.sum(), rtol=1e-10)


@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_two_hundred_steps_in_float32(weight):
    """Linear h_t = w h_{t-1} + x: summand k is w^(T-k) h_{k-1}, down to 1e-60 and up to 1e60."""
    cell, steps = CELLS["elman_relu"], 200
    params, carry, x_TD = one_layer(cell, 1, 1, steps, dtype=jnp.float32)
    one = jnp.ones((1, 1, 1))
    params = params._replace(w_x_GDH=one, w_h_GHH=weight * one, b_GH=jnp.zeros((1, 1)))
    carry = jax.tree.map(jnp.ones_like, carry)
    x_TD = jnp.ones_like(x_TD) if weight < 1 else jnp.zeros_like(x_TD)
    if weight > 1:
        carry = jax.tree.map(lambda c: c * 1e-37, carry)  # h stays in range as long as it can
    mine = jitted(cell, params, carry, x_TD, jnp.ones(1))
    h = np.float64(carry.h[0])
    expected = []
    for k in range(steps):
        expected.append((steps - 1 - k) * np.log(weight) + np.log(h))
        h = weight * h + float(x_TD[0, 0])
    np.testing.assert_allclose(mine.of_each.w_h_GHH.log_norm, expected, rtol=1e-5, atol=1e-4)
    for summands in (mine.of_all, mine.of_each.w_h_GHH):
        assert float(jnp.sum(summands.share)) == pytest.approx(1, abs=1e-5)


def test_no_gradient_has_no_shares():
    cell = CELLS["elman_relu"]
    params, carry, x_TD = one_layer(cell, 1, 1, 200, dtype=jnp.float32)
    mine = jitted(cell, params, carry, x_TD, jnp.zeros(1))
    assert np.all(mine.of_all.log_norm == -np.inf)
    assert np.all(mine.of_all.share == 0)
    assert np.all(mine.of_all.norm_share == 0)
