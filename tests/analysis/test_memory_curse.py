"""Sensitivities: closed forms against simulation, forward mode against autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.memory_curse import linear_moments, linear_moments_by_step, sensitivity
from rnn_research.cells import CELLS
from rnn_research.unroll import unroll
from tests.analysis.build import one_layer

jitted = jax.jit(sensitivity, static_argnums=0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("eigenvalue", [0.5, -0.8, 0.9, 0.6 + 0.6j])
def test_closed_forms_against_simulation(eigenvalue):
    rng = np.random.default_rng(0)
    h, s = np.zeros(200_000, complex), np.zeros(200_000, complex)
    steps = 60
    for _ in range(steps):
        h, s = eigenvalue * h + rng.normal(size=h.size), h + eigenvalue * s
    by_step = linear_moments_by_step(jnp.asarray(eigenvalue), steps)
    assert float(by_step.state[-1]) == pytest.approx(np.mean(np.abs(h) ** 2), rel=0.02)
    assert float(by_step.sensitivity[-1]) == pytest.approx(np.mean(np.abs(s) ** 2), rel=0.02)
    stationary, late = linear_moments(jnp.asarray(eigenvalue)), linear_moments_by_step(jnp.asarray(eigenvalue), 2000)
    np.testing.assert_allclose(stationary.state, late.state[-1], rtol=1e-12)
    np.testing.assert_allclose(stationary.sensitivity, late.sensitivity[-1], rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_moments_at_the_edge_grow_without_bound_but_slowly():
    by_step = linear_moments_by_step(jnp.asarray([1.0, 0.0]), 10)
    np.testing.assert_allclose(by_step.state[:, 0], np.arange(1, 11))
    np.testing.assert_allclose(by_step.sensitivity[:, 0], np.cumsum(np.arange(10) ** 2))
    np.testing.assert_allclose(by_step.sensitivity[:, 1], [0, *[1] * 9])


@pytest.mark.usefixtures("x64")
def test_equals_autodiff(cell):
    T, B, D, H = 6, 2, 2, 3
    params, carry, x_TBD = one_layer(cell, D, H, T, (B,))
    mine = jitted(cell, params, carry, x_TBD)

    def hidden(s, h_0, x_TD, start):
        if cell.linear is None:
            scaled = params._replace(w_h_GHH=s * params.w_h_GHH)
            return unroll(cell, scaled, start._replace(h=h_0), x_TD)[1]
        state, h = cell.linear.state(start._replace(h=h_0)), []
        for x_D in x_TD:
            a, b = cell.linear.terms(params, cell.input(params, x_D))
            state = s * a * state + b
            h.append(state.real)
        return jnp.stack(h)

    derivatives = jax.jit(jax.vmap(jax.jacfwd(hidden, (0, 1)), (None, 0, 1, 0), 1))
    of_s, of_h0 = derivatives(1.0, carry.h, x_TBD, carry)
    h = jax.jit(lambda *args: unroll(cell, *args)[1])(params, carry, x_TBD)
    norms = [np.linalg.norm(of_s, axis=-1), np.linalg.norm(of_h0, axis=(-2, -1)), np.linalg.norm(h, axis=-1)]
    # A ReLU network may be dead at times: its exact zeros are exp(-inf).
    for log, norm in zip(mine, norms, strict=True):
        np.testing.assert_allclose(np.exp(log), norm, rtol=1e-11)


@pytest.mark.parametrize("weight", [0.3, 1.0, 1.1])
def test_scalar_recurrence_in_float32(weight):
    """h_t = w h_{t-1} + 1 from 1: dh/dh_0 = w^t, dh/ds = w dh/dw, while both fit into a float and beyond."""
    cell, T = CELLS["elman_relu"], 300
    params, carry, x_TD = one_layer(cell, 1, 1, T, dtype=jnp.float32)
    one = jnp.ones((1, 1, 1))
    params = params._replace(w_x_GDH=one, w_h_GHH=weight * one, b_GH=jnp.zeros((1, 1)))
    mine = jitted(cell, params, jax.tree.map(jnp.ones_like, carry), jnp.ones_like(x_TD))
    h, s, expected, w = 1.0, 0.0, [], np.float64(np.float32(weight))
    for _ in range(T):
        h, s = w * h + 1, w * s + w * h
        expected.append((np.log(s), np.log(h)))
    expected = np.array(expected)
    np.testing.assert_allclose(mine.log_dh_dh0, np.arange(1, T + 1) * np.log(w), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(mine.log_dh_ds, expected[:, 0], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(mine.log_h, expected[:, 1], rtol=1e-5, atol=1e-4)


def test_no_state_has_no_sensitivity():
    cell = CELLS["elman_relu"]
    params, carry, x_TD = one_layer(cell, 1, 2, 3, dtype=jnp.float32)
    params = jax.tree.map(jnp.zeros_like, params)
    mine = jitted(cell, params, carry, x_TD)
    assert np.all(np.asarray(mine.log_dh_ds) == -np.inf)
    assert np.all(np.asarray(mine.log_dh_dh0) == -np.inf)
