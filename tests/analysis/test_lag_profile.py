"""The gradient at every step and layer, against autodiff, closed forms and numbers too small for a float."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import identity, normal
from rnn_research.errors import UserError
from rnn_research.unroll import unroll_stack
from tests.analysis.build import layers

T, B, D, H, L = 5, 3, 2, 4, 2

profile_of = jax.jit(lag_profile, static_argnums=0)


def by_autodiff(shape, params, carry, x_TBD, d_BH):
    """dE_T/d(eps) for a zero eps added to every carry by the unroll's own hook."""
    zero = jax.tree.map(lambda c: jnp.zeros((len(x_TBD), *c.shape), c.dtype), carry)

    def error(eps):
        edit = lambda layer, carry, t: jax.tree.map(lambda c, e: c + e[t], carry, eps[layer][0])  # noqa: E731
        return jnp.sum(unroll_stack(shape, params, carry, x_TBD, edit=edit)[1][-1] * d_BH)

    return jax.jit(jax.grad(error))(zero)


@pytest.mark.usefixtures("x64")
def test_equals_autodiff(cell):
    """The LSTM's stack has residual connections too."""
    shape, params, carry, x_TBD = layers(cell, H, H, T, B, L, residual=cell.name == "lstm")
    d_BH = jnp.asarray(np.random.default_rng(5).normal(size=(B, H)))
    profile = profile_of(shape, params, carry, x_TBD, d_BH)
    for layer, (expected,) in enumerate(by_autodiff(shape, params, carry, x_TBD, d_BH)):
        np.testing.assert_allclose(
            profile.log_h[layer], np.log(np.linalg.norm(expected.h, axis=-1)), rtol=1e-12, atol=1e-12
        )
        if hasattr(expected, "c"):
            np.testing.assert_allclose(
                profile.log_c[layer, :-1], np.log(np.linalg.norm(expected.c[:-1], axis=-1)), rtol=1e-12, atol=1e-12
            )
            assert np.all(profile.log_c[layer, -1] == -np.inf), "the last c is read by nothing but its own h"
        else:
            assert profile.log_c is None


@pytest.mark.usefixtures("x64")
def test_a_function_of_the_top_serves_as_its_gradient():
    shape, params, carry, x_TBD = layers(CELLS["gru"], D, H, T, B, L)
    top = unroll_stack(shape, params, carry, x_TBD)[1][-1]
    error = lambda top_BH: jnp.sum(top_BH**3, -1)  # noqa: E731
    by_function = jax.jit(lag_profile, static_argnums=(0, 4))(shape, params, carry, x_TBD, error)
    by_gradient = profile_of(shape, params, carry, x_TBD, 3 * top**2)
    np.testing.assert_allclose(by_function.log_h, by_gradient.log_h, rtol=1e-12)


def linear_relu(weight, x, T, d_h):
    """A ReLU unit that stays positive is the linear h_t = w h_{t-1} + x_t."""
    shape, params, carry, _ = layers(CELLS["elman_relu"], 1, 1, T, 2, 1, dtype=jnp.float32)
    one = jnp.ones((1, 1, 1), jnp.float32)
    cell = params.cells[0][0]._replace(w_x_GDH=one, w_h_GHH=weight * one, b_GH=jnp.zeros((1, 1), jnp.float32))
    params = params._replace(cells=((cell,),))
    carry = jax.tree.map(lambda c: jnp.abs(c) + 0.1, carry)
    return profile_of(shape, params, carry, x * jnp.ones((T, 2, 1), jnp.float32), jnp.full((2, 1), d_h, jnp.float32))


def test_a_true_1e_120_is_reported_as_such():
    lag = np.arange(501)[::-1]
    weight = np.float32(10 ** (-120 / 500))
    profile = linear_relu(weight, 1.0, 501, 1.0)
    assert profile.log_h.dtype == jnp.float32
    exact = lag * np.log(np.float64(weight))
    np.testing.assert_allclose(profile.log_h[0], np.stack([exact] * 2, 1), rtol=1e-6)
    assert float(profile.log_h[0, 0, 0]) == pytest.approx(-276.3, abs=0.05)


@pytest.mark.parametrize(("weight", "d_h"), [(1.5, 1.0), (0.25, 1e-30), (1.0, 1e-30)])
def test_scalar_case_is_exact(weight, d_h):
    profile = linear_relu(np.float32(weight), 1e-3, 201, d_h)
    exact = np.arange(201)[::-1] * np.log(weight) + np.log(np.float64(np.float32(d_h)))
    np.testing.assert_allclose(profile.log_h[0, :, 0], exact, rtol=1e-6, atol=1e-6)


def test_an_exact_zero_is_minus_infinity():
    profile = linear_relu(np.float32(0), 1.0, 201, 1.0)
    np.testing.assert_array_equal(profile.log_h[0, :, 0], [*[-np.inf] * 200, 0])


def test_examples_do_not_touch_each_other():
    """One example vanishes, one explodes: each has its own scale."""
    shape, params, carry, x_TBD = layers(
        CELLS["elman"], 1, 1, 400, 2, 1, dtype=jnp.float32, start=CellInit(normal(1.0), identity(2.0))
    )
    cell = params.cells[0][0]._replace(w_x_GDH=jnp.ones((1, 1, 1)))
    params = params._replace(cells=((cell,),))
    # Driven to 0 the slope of tanh is 1 and the gradient doubles; driven far off it vanishes.
    carry = jax.tree.map(jnp.zeros_like, carry)
    x_TBD = jnp.zeros_like(x_TBD).at[:, 1].set(3.0)
    log_T2 = profile_of(shape, params, carry, x_TBD, jnp.ones((2, 1))).log_h[0]
    np.testing.assert_allclose(log_T2[0, 0], 399 * np.log(2), rtol=1e-6)
    assert -8000 < log_T2[0, 1] < -1000


def test_a_bidirectional_stack_is_refused():
    shape, params, carry, x_TBD = layers(CELLS["gru"], D, H, T, B, 1, dtype=jnp.float32, bidirectional=True)
    with pytest.raises(UserError, match="bidirectional"):
        lag_profile(shape, params, carry, x_TBD, jnp.ones((B, 2 * H)))
