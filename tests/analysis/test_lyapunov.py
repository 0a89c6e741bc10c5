"""Lyapunov exponents against closed forms, determinants and the gradient itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.decay import decay
from rnn_research.analysis.jacobians import jacobians
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.lyapunov import finite_time, lyapunov, lyapunov_along
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal, orthogonal
from rnn_research.errors import UserError
from tests.analysis.build import layers, near, one_layer

jitted = jax.jit(lyapunov, static_argnums=1, static_argnames="burn_in")


@pytest.mark.usefixtures("x64")
def test_diagonal_products_tend_to_their_mean_logs():
    """Rates of -0.1, -1 and +0.3 a step in a hidden basis, fluctuating; the smallest is 1e-430 in the end."""
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    logs_TM = np.array([-0.1, -1.0, 0.3]) + rng.uniform(-0.05, 0.05, (1000, 3))
    j = jnp.asarray(np.einsum("ij,tj,kj->tik", basis, np.exp(logs_TM), basis))
    mine = jitted(j)
    # The basis turns into place in the first steps; its log is divided by T.
    near(mine.exponents, np.sort(logs_TM.mean(0))[::-1], atol=5e-3)
    near(jitted(j, burn_in=100).exponents, np.sort(logs_TM[100:].mean(0))[::-1], atol=1e-10)
    near(jitted(j, 1).exponents, mine.exponents[:1])


@pytest.mark.usefixtures("x64")
def test_orthogonal_is_zero_at_every_step():
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 4, 4)))[0]
    mine = jitted(jnp.asarray(q))
    near(mine.local, np.zeros((50, 4)), atol=1e-13)
    near(mine.running, np.zeros((50, 4)), atol=1e-13)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["elman", "gru", "lstm"])
def test_sum_is_the_mean_log_determinant(name):
    params, carry, x_TBD = one_layer(CELLS[name], 2, 4, 30, (2,))
    j = jax.jit(lambda *args: jacobians(CELLS[name], *args))(params, carry, x_TBD)
    mine = jitted(j)
    assert mine.exponents.shape == (2, 4 * len(carry))
    near(mine.exponents.sum(-1), np.linalg.slogdet(np.asarray(j))[1].mean(0), rtol=1e-10)
    near(mine.running[-1], mine.exponents)
    near(mine.running[9], mine.local[:10].mean(0), rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_pushed_by_jvp_or_by_matrix_is_the_same(cell):
    params, carry, x_TBD = one_layer(cell, 2, 3, 12, (2,))

    @jax.jit
    def both(*args):
        return lyapunov_along(cell, *args, 2, burn_in=3), lyapunov(jacobians(cell, *args), 2, burn_in=3)

    near(*both(params, carry, x_TBD), rtol=1e-9, atol=1e-10)


def test_a_thousand_steps_to_1e_3000_in_float32():
    mine = jitted(jnp.broadcast_to(jnp.diag(jnp.float32([1e-3, 0.5])), (1000, 2, 2)), burn_in=50)
    near(mine.exponents, np.log([0.5, 1e-3]), rtol=1e-5)


def test_finite_time_windows():
    local = jnp.arange(7.0)[:, None] * jnp.ones((7, 2))
    near(finite_time(local, 3), [[1.0, 1.0], [4.0, 4.0]], rtol=1e-6)
    near(finite_time(local, 7), [[3.0, 3.0]], rtol=1e-6)


def test_gradient_slope_is_the_top_exponent():
    """The lag profile of a tanh network falls at the rate of its first exponent, within 5 %."""
    start = CellInit(input=normal(0.3), recurrent=orthogonal(0.95))
    shape, params, carry, x_TBD = layers(CELLS["elman"], 2, 16, 200, 8, 1, dtype=jnp.float32, start=start)
    profile = jax.jit(lambda *args: lag_profile(shape, *args))(params, carry, x_TBD, jnp.ones((8, 16)))
    slope = jax.jit(lambda l: decay(l, first_lag=20, draws=50))(profile.log_h[0])
    (cell,), (begin,) = params.cells[0], carry[0]
    top = jax.jit(lambda *args: lyapunov_along(CELLS["elman"], *args, 1))(cell, begin, x_TBD)
    assert float(slope.slope) == pytest.approx(float(jnp.median(top.exponents)), rel=0.05)
    assert float(slope.slope) < -0.1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda j: lyapunov(j, 3), "3 exponents"),
        (lambda j: lyapunov(j, 0), "0 exponents"),
        (lambda j: lyapunov(j, burn_in=5), "burn-in of 5"),
        (lambda j: finite_time(lyapunov(j).local, 6), "window of 6"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(UserError, match=words):
        call(jnp.ones((5, 2, 2)))
