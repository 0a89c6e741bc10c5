"""Analytic Jacobians of every cell against jax.jacrev, and their spectra against numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.jacobians import jacobians, singular_values, spectral_norm, spectral_radius
from rnn_research.cells import CELLS
from rnn_research.cells.jacobian import carry_of, state_of
from rnn_research.unroll import trace
from tests.analysis.build import near, one_layer

T, B, D, H = 4, 2, 3, 5


@pytest.mark.usefixtures("x64")
def test_equals_jacrev(cell):
    params, carry, x_TBD = one_layer(cell, D, H, T, (B,))
    mine = jax.jit(lambda *args: jacobians(cell, *args))(params, carry, x_TBD)
    _, (after, _) = trace(cell, params, carry, x_TBD)
    before = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b[:-1]]), carry, after)
    step = lambda s_M, x_D: state_of(cell.step(params, carry_of(carry, s_M), x_D)[0])  # noqa: E731
    expected = jax.jit(jax.vmap(jax.vmap(jax.jacrev(step))))(state_of(before), x_TBD)
    M = H * len(carry)
    assert mine.shape == (T, B, M, M)
    near(mine, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.usefixtures("x64")
def test_elman_by_hand():
    """ds_t/ds_{t-1} = diag(1 - h_t^2) W_h, as the paper writes it for column vectors."""
    cell = CELLS["elman"]
    params, carry, x_TD = one_layer(cell, D, H, T)
    _, (after, _) = trace(cell, params, carry, x_TD)
    expected = (1 - after.h[:, :, None] ** 2) * params.w_h_GHH[0].T
    near(jax.jit(lambda *args: jacobians(cell, *args))(params, carry, x_TD), expected)


@pytest.mark.usefixtures("x64")
def test_spectra():
    j = jnp.asarray(np.random.default_rng(0).normal(size=(3, 2, 6, 6)))
    near(singular_values(j), np.linalg.svd(np.asarray(j), compute_uv=False), rtol=1e-12)
    near(spectral_norm(j), np.linalg.norm(np.asarray(j), 2, axis=(-2, -1)), rtol=1e-12)
    near(spectral_radius(j), np.abs(np.linalg.eigvals(np.asarray(j))).max(-1), rtol=1e-10)


def test_spectral_radius_of_a_rotation_is_one():
    rotation = jnp.float32([[0.6, -0.8], [0.8, 0.6]])
    assert float(jax.jit(spectral_radius)(rotation)) == pytest.approx(1, rel=1e-6)
    nilpotent = jnp.float32([[0.0, 5.0], [0.0, 0.0]])
    assert float(spectral_radius(nilpotent)) == 0
    assert float(spectral_norm(nilpotent)) == pytest.approx(5)
