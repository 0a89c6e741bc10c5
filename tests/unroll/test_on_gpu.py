"""What only an NVIDIA GPU can show: its kernels give the numbers and gradients of the plain loop, there and then."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import persistent, unroll

pytestmark = pytest.mark.skipif(not persistent.there_is_one(), reason="needs one NVIDIA GPU")

T, D, H = 50, 7, 64


def close(mine, expected, tolerance):
    """To a share of the largest number of each array: sums over T and B lose digits where they cancel."""
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
        scale = float(np.max(np.abs(b)))
        assert scale > 0
        np.testing.assert_allclose(np.asarray(a) / scale, np.asarray(b) / scale, atol=tolerance)


def of_layer(cell, form, reverse, params, carry, x):
    last, h_TBH = unroll(cell, params, carry, x, form=form, reverse=reverse)
    return jnp.sum(jnp.sin(h_TBH)) + sum(jnp.sum(jnp.sin(c)) for c in jax.tree.leaves(last)), (last, h_TBH)


def layer(cell, B, dtype=jnp.float32):
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), dtype)
    carry = jax.tree.map(lambda c: c + 0.3, cell.initial_carry((B, H)))
    return params, carry, jax.random.normal(jax.random.key(1), (T, B, D))


@pytest.mark.parametrize("name", ["elman", "gru", "lstm"])
@pytest.mark.parametrize(("B", "reverse"), [(16, True), (5, False), (33, False)])
@pytest.mark.parametrize("form", ["fast", "persistent"])
def test_forms_of_a_layer(form, name, B, reverse):
    cell = CELLS[name]
    args = layer(cell, B)
    assert persistent.takes(cell, *args)
    mine, expected = (
        jax.jit(jax.value_and_grad(partial(of_layer, cell, each, reverse), argnums=(0, 1, 2), has_aux=True))(*args)
        for each in (form, "plain")
    )
    close(mine, expected, 1e-5)


@pytest.mark.parametrize("name", ["elman", "gru", "lstm"])
def test_a_kernel_of_bfloat16(name):
    cell = CELLS[name]
    args = layer(cell, 33, jnp.bfloat16)
    mine, expected = (
        jax.jit(jax.value_and_grad(partial(of_layer, cell, each, False), argnums=(1, 2), has_aux=True))(*args)
        for each in ("persistent", "fast")
    )
    close(mine, expected, 0.03)


def test_members_side_by_side_in_a_kernel():
    """Under vmap each member has matrices of its own."""
    cell = CELLS["gru"]
    params, carry, x = layer(cell, 20)
    members = jax.tree.map(lambda p: jnp.stack([p, -p, 0.5 * p]), params)
    mine, expected = (
        jax.jit(jax.vmap(jax.grad(lambda p, form=form: of_layer(cell, form, False, p, carry, x)[0])))(members)
        for form in ("persistent", "plain")
    )
    close(mine, expected, 1e-5)
