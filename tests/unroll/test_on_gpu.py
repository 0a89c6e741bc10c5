"""What only an NVIDIA GPU can show: its kernels give the numbers and gradients of the plain loop, there and then."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import Stack, cudnn, persistent, unroll, unroll_stack
from rnn_research.unroll.stack import init, initial_carry

pytestmark = pytest.mark.skipif(not cudnn.there_is_one(), reason="needs one NVIDIA GPU")

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


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, (50, 0, 7, 49, 1)])
@pytest.mark.parametrize("members", [1, 3])
def test_cudnn(bidirectional, lengths, members):
    """Two layers; with empty and short sequences; and under vmap."""
    plain = Stack(CELLS["lstm"], H, 2, bidirectional=bidirectional)
    params = init(plain, jax.random.key(0), D, CellInit(bias=normal(0.5)))
    start = jax.tree.map(lambda c: c + 0.3, initial_carry(plain, params, (5,)))
    x_TBD = jax.random.normal(jax.random.key(1), (T, 5, D))
    lengths_B = None if lengths is None else jnp.array(lengths)
    members_of = jax.tree.map(lambda p: jnp.stack([p * (1 - 0.3 * m) for m in range(members)]), params)

    def loss(stack, params, start, x_TBD):
        ends, h = unroll_stack(stack, params, start, x_TBD, lengths=lengths_B)
        return jnp.sum(jnp.sin(h)) + sum(jnp.sum(c**2) for c in jax.tree.leaves(ends)), (ends, h)

    def run(form):
        of = jax.value_and_grad(partial(loss, plain._replace(form=form)), argnums=(0, 1, 2), has_aux=True)
        return jax.jit(jax.vmap(of, in_axes=(0, None, None)))

    args = (members_of, start, x_TBD)
    assert "lstm" in str(jax.make_jaxpr(run("cudnn"))(*args)).lower()
    close(run("cudnn")(*args), run("plain")(*args), 2e-4)  # cuDNN takes its products in TF32 or not as it likes
