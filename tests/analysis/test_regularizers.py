"""The penalties' values by their definitions, and their gradients by finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rnn_research.analysis.jacobians import jacobians
from rnn_research.analysis.lyapunov import lyapunov
from rnn_research.analysis.regularizers import flossing, pascanu_omega
from rnn_research.cells import CELLS
from rnn_research.errors import UserError
from rnn_research.unroll import trace
from tests.analysis.build import one_layer

T, B, D, H = 5, 2, 2, 3
SPLIT = [name for name, cell in CELLS.items() if cell.recur is not None]


def by_definition(j, d_s):
    """Omega of one example: Jacobians ``[T, M, M]`` and the direct derivative ``[T, M]`` of the loss by each state."""
    delta, omega = np.zeros(j.shape[-1]), 0.0
    for k in reversed(range(1, len(j))):
        delta = delta + d_s[k]
        if np.any(delta):
            omega += (np.linalg.norm(delta @ j[k]) / np.linalg.norm(delta) - 1) ** 2
        delta = delta @ j[k]
    return omega


def central_differences(f, params, step=1e-5):
    point, unravel = ravel_pytree(params)
    around = point + step * jnp.stack([jnp.eye(point.size), -jnp.eye(point.size)])
    above, below = jax.jit(jax.vmap(jax.vmap(lambda p: f(unravel(p)))))(around)
    return (above - below) / (2 * step)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", SPLIT)
def test_omega_by_its_definition(name):
    cell = CELLS[name]
    params, carry, x_TBD = one_layer(cell, D, H, T, (B,))
    d_h = jnp.asarray(np.random.default_rng(5).normal(size=(T, B, H))).at[1].set(0)
    run = jax.jit(lambda *args: (pascanu_omega(cell, *args, d_h), jacobians(cell, *args)))
    mine, j = run(params, carry, x_TBD)
    d_s = np.concatenate([d_h, *[np.zeros((T, B, H))] * (len(carry) - 1)], -1)
    expected = [by_definition(np.asarray(j)[:, b], d_s[:, b]) for b in range(B)]
    np.testing.assert_allclose(mine, expected, rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_whole_gradient_by_finite_differences():
    cell = CELLS["lstm"]
    params, carry, x_TD = one_layer(cell, D, H, T)
    d_h = jnp.asarray(np.random.default_rng(5).normal(size=(T, H)))
    omega = lambda params: pascanu_omega(cell, params, carry, x_TD, d_h, immediate=False)  # noqa: E731
    value, gradient = jax.jit(jax.value_and_grad(omega))(params)
    approximate = jax.jit(pascanu_omega, static_argnums=0)(cell, params, carry, x_TD, d_h)
    assert float(value) == pytest.approx(float(approximate)), "the value is one; the derivatives differ"
    exact, _ = ravel_pytree(gradient)
    np.testing.assert_allclose(exact, central_differences(omega, params), rtol=1e-5, atol=1e-8)


@pytest.mark.usefixtures("x64")
def test_immediate_gradient_is_that_of_equation_10():
    """Only the W_h in each Jacobian moves: states, slopes and dE/dh stay those of the unmoved network."""
    cell = CELLS["elman"]
    params, carry, x_TD = one_layer(cell, D, H, T)
    d_h = np.zeros((T, H))
    d_h[-1] = np.random.default_rng(0).normal(size=H)
    _, (after, _) = trace(cell, params, carry, x_TD)
    slope = 1 - np.asarray(after.h) ** 2
    w = np.asarray(params.w_h_GHH[0])
    deltas, delta = {}, d_h[-1]
    for k in reversed(range(1, T)):
        deltas[k] = delta
        delta = w @ (slope[k] * delta)
    omega = lambda w: sum(  # noqa: E731
        (np.linalg.norm(w @ (slope[k] * d)) / np.linalg.norm(d) - 1) ** 2 for k, d in deltas.items()
    )
    expected = np.empty_like(w)
    for place in np.ndindex(*w.shape):
        moved = np.zeros_like(w)
        moved[place] = 1e-6
        expected[place] = (omega(w + moved) - omega(w - moved)) / 2e-6
    value = lambda params: pascanu_omega(cell, params, carry, x_TD, jnp.asarray(d_h))  # noqa: E731
    mine = jax.jit(jax.grad(value))(params)
    np.testing.assert_allclose(mine.w_h_GHH[0], expected, rtol=1e-6, atol=1e-9)
    assert np.all(mine.b_GH == 0)
    assert np.all(mine.w_x_GDH == 0)


@pytest.mark.parametrize("immediate", [False, True])
def test_dead_gradients_cost_nothing_and_stay_finite(immediate):
    cell = CELLS["elman_relu"]
    params, carry, x_TD = one_layer(cell, D, H, T, dtype=jnp.float32)
    params = params._replace(b_GH=params.b_GH - 100)
    d_h = jnp.zeros((T, H)).at[-1].set(1.0)
    value = lambda params: pascanu_omega(cell, params, carry, x_TD, d_h, immediate=immediate)  # noqa: E731
    omega, gradient = jax.jit(jax.value_and_grad(value))(params)
    assert float(omega) == 1, "the one step that kills the gradient; the rest has none left to lose"
    assert all(np.all(np.isfinite(leaf)) for leaf in gradient)


def test_a_cell_that_does_not_split_is_refused():
    cell = CELLS["gru_reset_before"]
    params, carry, x_TD = one_layer(cell, D, H, T, dtype=jnp.float32)
    with pytest.raises(UserError, match="gru_reset_before"):
        pascanu_omega(cell, params, carry, x_TD, jnp.zeros((T, H)))


@pytest.mark.usefixtures("x64")
def test_gradient_of_flossing():
    cell = CELLS["lstm"]
    params, carry, x_TD = one_layer(cell, D, H, T)
    value = lambda params: flossing(cell, params, carry, x_TD, 2, burn_in=1)  # noqa: E731
    gradient = jax.jit(jax.grad(value))(params)
    numeric = central_differences(value, params)
    np.testing.assert_allclose(ravel_pytree(gradient)[0], numeric, rtol=1e-5, atol=1e-7)


@pytest.mark.usefixtures("x64")
def test_flossing_is_the_sum_of_squared_exponents():
    cell = CELLS["lstm"]
    params, carry, x_TBD = one_layer(cell, D, H, T, (B,))

    @jax.jit
    def both(*args):
        top = lyapunov(jacobians(cell, *args), 2, burn_in=1).exponents
        return flossing(cell, *args, 2, burn_in=1), jnp.sum(top**2, -1)

    mine, expected = both(params, carry, x_TBD)
    assert mine.shape == (B,)
    np.testing.assert_allclose(mine, expected, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_flossing_pulls_the_top_exponent_to_zero():
    """Descent on the penalty alone, as before training in the paper: with the step halved while it does not help."""
    cell = CELLS["elman"]
    params, carry, x_TD = one_layer(cell, D, 8, 30)
    value = jax.jit(jax.value_and_grad(lambda params: flossing(cell, params, carry, x_TD, 1)))
    first, gradient = value(params)
    against = lambda step, params, gradient: jax.tree.map(lambda p, g: p - step * g, params, gradient)  # noqa: E731

    # To first order a step of t value / |g|^2 takes a share t off.
    share, size = 1e-3, float(sum(jnp.sum(g**2) for g in jax.tree.leaves(gradient)))
    after, _ = value(against(share * first / size, params, gradient))
    assert float((first - after) / first) == pytest.approx(share, rel=0.05)

    penalty, step = first, 1.0
    for _ in range(60):
        tried = against(step, params, gradient)
        found, its_gradient = value(tried)
        if found < penalty:
            params, penalty, gradient, step = tried, found, its_gradient, 2 * step
        else:
            step /= 2
    assert float(penalty) < 0.05 * float(first)
