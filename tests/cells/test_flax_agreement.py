"""The cells that Flax has too: the same hidden states and the same gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import unroll

T, B, D, H = 2, 2, 3, 4


def simple_variables(p):
    return {"i": {"kernel": p.w_x_GDH[0], "bias": p.b_GH[0]}, "h": {"kernel": p.w_h_GHH[0]}}


def lstm_variables(p):
    inputs = {f"i{gate}": {"kernel": w} for gate, w in zip("ifog", p.w_x_GDH, strict=True)}
    hidden = {f"h{gate}": {"kernel": w, "bias": b} for gate, w, b in zip("ifog", p.w_h_GHH, p.b_GH, strict=True)}
    return inputs | hidden


def gru_variables(p):
    inputs = {f"i{gate}": {"kernel": w, "bias": b} for gate, w, b in zip("rzn", p.w_x_GDH, p.b_GH, strict=True)}
    hidden = {f"h{gate}": {"kernel": w} for gate, w in zip("rzn", p.w_h_GHH, strict=True)}
    hidden["hn"]["bias"] = p.b_h_H
    return inputs | hidden


ORACLES = {
    "SimpleCell tanh": ("elman", linen.SimpleCell(H), simple_variables),
    "SimpleCell relu": ("elman_relu", linen.SimpleCell(H, activation_fn=jax.nn.relu), simple_variables),
    "OptimizedLSTMCell": ("lstm", linen.OptimizedLSTMCell(H), lstm_variables),
    "GRUCell": ("gru", linen.GRUCell(H), gru_variables),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("oracle", ORACLES)
def test_values_and_gradients(oracle, dtype, tolerance):
    name, module, variables = ORACLES[oracle]
    cell = CELLS[name]
    k_params, k_x, k_weight = jax.random.split(jax.random.key(0), 3)
    params = cell.init(k_params, D, H, CellInit(normal(0.5), normal(0.5), normal(0.5)), dtype)
    x_TBD = jax.random.normal(k_x, (T, B, D), dtype)
    weight_TBH = jax.random.normal(k_weight, (T, B, H), dtype)

    def ours(params, x_TBD):
        _, h_TBH = unroll(cell, params, cell.initial_carry((B, H), dtype), x_TBD)
        return jnp.sum(h_TBH * weight_TBH), h_TBH

    def flax(params, x_TBD):
        zeros = jnp.zeros((B, H), dtype)
        carry = (zeros, zeros) if name == "lstm" else zeros
        h = []
        for x_BD in x_TBD:
            carry, h_BH = module.apply({"params": variables(params)}, carry, x_BD)
            h.append(h_BH)
        return jnp.sum(jnp.stack(h) * weight_TBH), jnp.stack(h)

    both = [jax.jit(jax.value_and_grad(f, argnums=(0, 1), has_aux=True))(params, x_TBD) for f in (ours, flax)]
    mine, expected = (jax.tree.leaves(result) for result in both)
    assert len(mine) == 2 + len(params) + 1  # loss, h, every parameter, the input
    for a, b in zip(mine, expected, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
