"""Bounds and closed forms, against the gradients that they speak of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.theory import (
    GAMMA,
    forget_half_life,
    forget_rate,
    linear_rate,
    pascanu_bound,
    scalar_log_gradient,
)
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal, uniform
from tests.analysis.build import layers

profile_of = jax.jit(lag_profile, static_argnums=0)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid"])
def test_gamma_is_the_steepest_slope(name):
    phi = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[name]
    slopes = jax.jit(jax.vmap(jax.grad(phi)))(jnp.linspace(-5, 5, 2001))
    assert float(slopes.max()) == pytest.approx(GAMMA[name], abs=1e-6)


@pytest.mark.usefixtures("x64")
def test_no_gradient_falls_more_slowly_than_the_bound():
    shape, params, carry, x_TBD = layers(CELLS["elman"], 2, 8, 40, 4, 1)
    profile = profile_of(shape, params, carry, x_TBD, jnp.ones((4, 8)))
    bound = float(pascanu_bound(params.cells[0][0].w_h_GHH[0]))
    sigma = np.linalg.norm(np.asarray(params.cells[0][0].w_h_GHH[0]), 2)
    assert bound == pytest.approx(np.log(sigma))
    lag_T1 = np.arange(40)[::-1, None]
    assert np.all(profile.log_h[0] - profile.log_h[0, -1] <= lag_T1 * bound + 1e-12)
    assert float(pascanu_bound(jnp.eye(3) * 2, GAMMA["sigmoid"])) == pytest.approx(np.log(0.5))


@pytest.mark.usefixtures("x64")
def test_linear_network_decays_at_its_spectral_radius():
    """A ReLU network held positive is linear; its norms swing with the matrix, its mean rate does not."""
    start = CellInit(input=uniform(0.0), recurrent=normal(0.3))
    shape, params, carry, x_TBD = layers(CELLS["elman_relu"], 1, 6, 400, 1, 1, start=start)
    (cell,) = params.cells[0]
    # Inputs so strong that every unit stays above zero.
    cell = cell._replace(b_GH=cell.b_GH + 100.0, w_h_GHH=cell.w_h_GHH / 2)
    params = params._replace(cells=((cell,),))
    log_T = profile_of(shape, params, carry, x_TBD, jnp.ones((1, 6))).log_h[0, :, 0]
    rate = float(linear_rate(cell.w_h_GHH[0]))
    radius = np.abs(np.linalg.eigvals(np.asarray(cell.w_h_GHH[0]))).max()
    assert rate == pytest.approx(np.log(radius), rel=1e-10)
    assert float(log_T[200] - log_T[0]) / 200 == pytest.approx(-rate, rel=0.02)


def test_scalar_case():
    lag = jnp.arange(5)
    np.testing.assert_allclose(scalar_log_gradient(jnp.float32(-0.5), lag), lag * np.log(0.5), rtol=1e-6)
    np.testing.assert_array_equal(scalar_log_gradient(jnp.float32(0.0), lag), [0, *[-np.inf] * 4])
    w = jnp.float32([0.9, 1.1])[:, None]
    np.testing.assert_allclose(scalar_log_gradient(w, lag), np.log(w) * lag, rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_forget_bias_predicts_the_half_life():
    bias = jnp.asarray([-2.0, 0.0, 1.0, 2.0, 40.0])
    sigma = 1 / (1 + np.exp(-np.asarray(bias[:4])))
    np.testing.assert_allclose(forget_rate(bias)[:4], np.log(sigma), rtol=1e-12)
    np.testing.assert_allclose(forget_half_life(bias)[:4], -np.log(2) / np.log(sigma), rtol=1e-12)
    assert float(forget_half_life(jnp.asarray(0.0))) == pytest.approx(1.0)
    assert float(forget_half_life(bias[4])) == pytest.approx(np.exp(40) * np.log(2), rel=1e-10)
