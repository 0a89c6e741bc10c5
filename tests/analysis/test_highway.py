"""The product of the forget gates beside the whole of dc_T/dc_t, against matrices multiplied out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.highway import highway
from rnn_research.analysis.jacobians import jacobians
from rnn_research.analysis.theory import forget_rate
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import uniform
from rnn_research.errors import UserError
from rnn_research.unroll import trace
from tests.analysis.build import one_layer

T, B, D, H = 7, 2, 3, 4

jitted = jax.jit(highway, static_argnums=0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", ["lstm", "lstm_peephole"])
def test_equals_the_product_of_jacobians(name):
    cell = CELLS[name]
    params, carry, x_TBD = one_layer(cell, D, H, T, (B,))
    mine = jitted(cell, params, carry, x_TBD)
    j = np.asarray(jax.jit(lambda *args: jacobians(cell, *args))(params, carry, x_TBD))
    f = np.asarray(jax.jit(lambda *args: trace(cell, *args)[1][1].f)(params, carry, x_TBD))
    for b in range(B):
        whole, gates = np.eye(2 * H), np.ones(H)
        for t in reversed(range(T)):
            block = whole[H:, H:]
            assert float(mine.log_whole[t, b]) == pytest.approx(np.log(np.linalg.norm(block)), abs=1e-12)
            assert float(mine.log_highway[t, b]) == pytest.approx(np.log(np.linalg.norm(gates)), abs=1e-12)
            assert float(mine.ratio[t, b]) == pytest.approx(np.linalg.norm(gates) / np.linalg.norm(block), rel=1e-11)
            assert float(mine.share[t, b]) == pytest.approx(gates @ np.diag(block) / np.sum(block**2), rel=1e-11)
            whole, gates = whole @ j[t, b], gates * f[t, b]
    np.testing.assert_allclose(mine.share[-1], 1, rtol=1e-14)
    if name == "lstm":
        np.testing.assert_allclose(mine.share[-2], 1, rtol=1e-14, err_msg="at lag 1 there is nothing but the gate")


def test_gates_without_inputs_forget_at_the_rate_of_their_bias():
    """Down to sigma(-1)^400 = 1e-228 in float32."""
    cell, bias = CELLS["lstm"], -1.0
    start = CellInit(uniform(0.0), uniform(0.0), uniform(0.0), forget_bias=bias)
    params, carry, x_TD = one_layer(cell, D, H, 401, dtype=jnp.float32, start=start)
    mine = jitted(cell, params, carry, x_TD)
    exact = np.arange(401)[::-1] * float(forget_rate(jnp.float32(bias))) + 0.5 * np.log(H)
    np.testing.assert_allclose(mine.log_highway, exact, rtol=1e-5)
    np.testing.assert_allclose(mine.log_whole, exact, rtol=1e-5)
    np.testing.assert_allclose(mine.share, 1, rtol=1e-3)


@pytest.mark.parametrize("name", ["elman", "gru", "gru_reset_before"])
def test_a_cell_without_a_c_is_refused(name):
    with pytest.raises(UserError, match=f"{name}.*no highway"):
        highway(CELLS[name], *one_layer(CELLS[name], D, H, T, dtype=jnp.float32))
