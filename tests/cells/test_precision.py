"""bfloat16 weights: products in bfloat16, carries and gates in float32."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import trace

T, B, D, H = 8, 2, 3, 8


def test_bfloat16_weights_keep_a_float32_carry(cell):
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.3)), jnp.bfloat16)
    assert {p.dtype for p in params} == {jnp.dtype("bfloat16")}
    x_TBD = jax.random.normal(jax.random.key(1), (T, B, D))

    @jax.jit
    def run(params):
        def loss(params):
            carry, steps = trace(cell, params, cell.initial_carry((B, H)), x_TBD)
            return jnp.sum(cell.hidden(carry)), (carry, steps)

        return jax.grad(loss, has_aux=True)(params)

    of_low, low = run(params)
    of_high, high = run(jax.tree.map(lambda p: p.astype(jnp.float32), params))

    assert {a.dtype for a in jax.tree.leaves(low)} == {jnp.dtype("float32")}
    assert {g.dtype for g in of_low} == {jnp.dtype("bfloat16")}
    for mine, expected in zip(jax.tree.leaves((low, of_low)), jax.tree.leaves((high, of_high)), strict=True):
        error = np.abs(np.float32(mine) - expected).max()
        assert error < 0.05 * np.abs(expected).max()
    h_low, h_high = cell.hidden(low[0]), cell.hidden(high[0])
    assert np.any(h_low != h_high), "bfloat16 products should round somewhere"
