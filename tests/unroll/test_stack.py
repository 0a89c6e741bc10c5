"""Many layers: composition, both directions, residual connections, dropout, learned initial carries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import Stack, unroll, unroll_stack
from rnn_research.unroll.stack import drop, init, initial_carry

T, B, D, H = 4, 2, 3, 5
LSTM = CELLS["lstm"]


@pytest.fixture
def x_TBD():
    return jax.random.normal(jax.random.key(1), (T, B, D))


def assert_near(mine, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6), mine, expected)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers_are_composed(bidirectional, x_TBD):
    """Each of 1 to 4 layers reads the one below; backward layers walk the flipped sequence."""
    tall = Stack(LSTM, H, 4, bidirectional=bidirectional)
    params = init(tall, jax.random.key(0), D, CellInit(bias=normal(0.3)))
    start = jax.tree.map(lambda c: c + 0.2, initial_carry(tall, params, (B,)))

    @jax.jit
    def by_hand(below, layer_params, layer_start):
        ends, outputs = [], []
        for direction, (p, c) in enumerate(zip(layer_params, layer_start, strict=True)):
            c, h = unroll(LSTM, p, c, below[::-1] if direction else below)
            ends.append(c)
            outputs.append(h[::-1] if direction else h)
        return tuple(ends), jnp.concatenate(outputs, axis=-1)

    below, ends = x_TBD, []
    for layer in range(4):
        end, below = by_hand(below, params.cells[layer], start[layer])
        ends.append(end)
        stack = tall._replace(layers=layer + 1)
        lower = params._replace(cells=params.cells[: layer + 1])
        with jax.disable_jit():  # a Python loop
            carry, h_TBH = unroll_stack(stack, lower, start[: layer + 1], x_TBD)
        assert h_TBH.shape == (T, B, H * (1 + bidirectional))
        assert_near((carry, h_TBH), (tuple(ends), below))


def test_every_cell_stacks(cell, x_TBD):
    """The carry of one chunk starts the next."""
    stack = Stack(cell, H, 2)
    params = init(stack, jax.random.key(0), D)
    run = jax.jit(lambda carry, x: unroll_stack(stack, params, carry, x))
    carry, before = run(initial_carry(stack, params, (B,)), x_TBD[:2])
    carry, after = run(carry, x_TBD[2:])
    assert_near((carry, jnp.concatenate([before, after])), run(initial_carry(stack, params, (B,)), x_TBD))


def test_layers_and_directions_start_apart():
    stack = Stack(CELLS["elman"], H, 3, bidirectional=True)
    params = init(stack, jax.random.key(0), stack.output_size)
    drawn = [np.asarray(p.w_x_GDH).ravel() for layer in params.cells for p in layer]
    assert len(np.unique(drawn, axis=0)) == 6


def test_residual_where_the_sizes_agree(x_TBD):
    stack = Stack(LSTM, H, 2, residual=True)
    params = init(stack, jax.random.key(0), D)
    start = initial_carry(stack, params, (B,))
    _, first = unroll(LSTM, params.cells[0][0], start[0][0], x_TBD)  # D != H: nothing to add
    _, second = unroll(LSTM, params.cells[1][0], start[1][0], first)
    assert_near(unroll_stack(stack, params, start, x_TBD)[1], first + second)


def test_dropout_keeps_the_expected_scale():
    kept = drop(jax.random.key(0), jnp.ones((100, 100)), 0.3)
    values = np.unique(kept)
    np.testing.assert_allclose(values, [0, 1 / 0.7], rtol=1e-6)
    np.testing.assert_allclose(np.mean(kept == 0), 0.3, atol=0.02)
    np.testing.assert_allclose(np.mean(kept), 1, atol=0.03)


def test_dropout_takes_a_traced_rate_and_keeps_the_dtype():
    run = jax.jit(lambda rate: drop(jax.random.key(0), jnp.ones((10, 10), jnp.bfloat16), rate))
    assert run(0.0).dtype == jnp.bfloat16
    assert np.all(run(0.0) == 1)
    assert np.any(run(0.5) == 0)


def test_dropout_is_between_layers_only(x_TBD):
    stack = Stack(LSTM, H, 3)
    params = init(stack, jax.random.key(0), D)
    start = initial_carry(stack, params, (B,))
    run = jax.jit(lambda key: unroll_stack(stack, params, start, x_TBD, dropout=0.5, key=key)[1])
    out = run(jax.random.key(7))
    assert np.all(out != 0), "the top output goes to the head as it is"

    below = x_TBD
    for layer in range(3):
        if layer > 0:
            below = drop(jax.random.fold_in(jax.random.key(7), layer), below, 0.5)
        _, below = unroll(LSTM, params.cells[layer][0], start[layer][0], below)
    assert_near(out, below)
    assert np.any(run(jax.random.key(8)) != out)


def test_no_dropout_without_a_key(x_TBD):
    stack = Stack(LSTM, H, 2)
    params = init(stack, jax.random.key(0), D)
    start = initial_carry(stack, params, (B,))
    plain = unroll_stack(stack, params, start, x_TBD)
    assert_near(unroll_stack(stack, params, start, x_TBD, dropout=0.9), plain)


def test_no_dropout_in_one_layer(x_TBD):
    stack = Stack(LSTM, H, 1)
    params = init(stack, jax.random.key(0), D)
    start = initial_carry(stack, params, (B,))
    plain = unroll_stack(stack, params, start, x_TBD)
    assert_near(unroll_stack(stack, params, start, x_TBD, dropout=0.9, key=jax.random.key(7)), plain)


def test_a_learned_carry_is_broadcast_and_receives_gradient(x_TBD):
    stack = Stack(LSTM, H, 2, bidirectional=True, learned_carry=True)
    params = init(stack, jax.random.key(0), D)
    params = params._replace(carry=jax.tree.map(lambda c: c + jnp.arange(H) / 10, params.carry))
    start = initial_carry(stack, params, (B,))
    assert {leaf.shape for leaf in jax.tree.leaves(start)} == {(B, H)}
    np.testing.assert_allclose(start[1][1].c[1], np.arange(H) / 10, rtol=1e-6)

    def loss(params):
        start = initial_carry(stack, params, (B,))
        return jnp.sum(unroll_stack(stack, params, start, x_TBD)[1] ** 2)

    gradients = jax.tree.leaves(jax.jit(jax.grad(loss))(params).carry)
    assert len(gradients) == 2 * 2 * 2  # layers, directions, h and c
    assert all(np.all(g != 0) for g in gradients)


def test_a_carry_that_is_not_learned_is_no_parameter():
    stack = Stack(LSTM, H, 2)
    params = init(stack, jax.random.key(0), D)
    assert params.carry is None
    assert all(np.all(c == 0) for c in jax.tree.leaves(initial_carry(stack, params, (B,))))
