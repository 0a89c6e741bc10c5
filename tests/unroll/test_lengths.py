"""Sequences of unequal lengths in one batch: padding is as if it were not there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import Stack, trace, unroll, unroll_stack
from rnn_research.unroll.stack import init, initial_carry

T, D, H = 5, 3, 4
LENGTHS = jnp.array([3, 0, 5])
PADDING = np.arange(T)[:, None] >= np.asarray(LENGTHS)


def padded_with(x_TBD, filler):
    return jnp.where(PADDING[..., None], filler, x_TBD)


def assert_equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


@pytest.fixture
def x_TBD():
    return jax.random.normal(jax.random.key(1), (T, len(LENGTHS), D))


@pytest.mark.parametrize("reverse", [False, True])
def test_padding_changes_nothing(cell, reverse, x_TBD):
    """Neither outputs, carry nor gradients see what the padding holds; each sequence is as if alone."""
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)
    start = jax.tree.map(lambda c: c + 0.3, cell.initial_carry((len(LENGTHS), H)))

    @jax.jit
    def run(params, start, x_TBD):
        def loss(params, start, x_TBD):
            carry, h_TBH = unroll(cell, params, start, x_TBD, lengths=LENGTHS, reverse=reverse)
            return jnp.sum(jnp.sin(h_TBH)) + sum(jnp.sum(c**2) for c in carry), (carry, h_TBH)

        return jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True)(params, start, x_TBD)

    result = run(params, start, padded_with(x_TBD, 0.0))
    for filler in (7.0, jnp.inf, jnp.nan):
        assert_equal(run(params, start, padded_with(x_TBD, filler)), result)

    (_, (carry, h_TBH)), (_, _, of_x_TBD) = result
    assert np.all(h_TBH[PADDING] == 0)
    assert np.all(of_x_TBD[PADDING] == 0)
    assert np.any(of_x_TBD[~PADDING] != 0)

    of = lambda tree, b: jax.tree.map(lambda c: c[b], tree)  # noqa: E731
    assert_equal(of(carry, 1), of(start, 1))  # length 0
    for b in (0, 2):
        n = int(LENGTHS[b])
        with jax.disable_jit():  # a Python loop
            alone = unroll(cell, params, of(start, b), x_TBD[:n, b], reverse=reverse)
        for mine, expected in zip(jax.tree.leaves((of(carry, b), h_TBH[:n, b])), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", ["fast", "parallel"])
def test_no_form_reads_the_padding(form, x_TBD):
    """A NaN there reaches no output and no gradient, not even that of the weights, which add up every step."""
    cell = CELLS["gru"]
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)
    start = cell.initial_carry((len(LENGTHS), H))

    def loss(params, x_TBD):
        carry, h_TBH = unroll(cell, params, start, x_TBD, lengths=LENGTHS, form=form)
        return jnp.sum(jnp.sin(h_TBH)) + jnp.sum(carry.h**2), (carry, h_TBH)

    run = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))
    assert_equal(run(params, padded_with(x_TBD, jnp.nan)), run(params, padded_with(x_TBD, 0.0)))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing_in_a_stack(bidirectional):
    """Also where a residual connection hands the padded input itself to the output."""
    stack = Stack(CELLS["gru"], H, 2, residual=True, bidirectional=bidirectional)
    params = init(stack, jax.random.key(0), stack.output_size, CellInit(bias=normal(0.5)))
    start = initial_carry(stack, params, (len(LENGTHS),))
    x_TBD = jax.random.normal(jax.random.key(1), (T, len(LENGTHS), stack.output_size))

    @jax.jit
    def run(params, x_TBD):
        def loss(params, x_TBD):
            carry, h_TBH = unroll_stack(stack, params, start, x_TBD, lengths=LENGTHS)
            return jnp.sum(jnp.sin(h_TBH)), (carry, h_TBH)

        return jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(params, x_TBD)

    result = run(params, padded_with(x_TBD, 0.0))
    assert_equal(run(params, padded_with(x_TBD, jnp.nan)), result)

    (_, (carry, h_TBH)), _ = result
    assert np.all(h_TBH[PADDING] == 0)
    with jax.disable_jit():  # a Python loop
        alone = unroll_stack(stack, params, initial_carry(stack, params, ()), x_TBD[:3, 0])
    mine = jax.tree.leaves((jax.tree.map(lambda c: c[0], carry), h_TBH[:3, 0]))
    for a, b in zip(mine, jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_one_sequence_with_a_scalar_length(x_TBD):
    cell = CELLS["lstm"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    carry, h_TH = unroll(cell, params, cell.initial_carry((H,)), x_TBD[:, 0], lengths=jnp.array(2))
    expected, h_expected = unroll(cell, params, cell.initial_carry((H,)), x_TBD[:2, 0])
    for a, b in zip(jax.tree.leaves((carry, h_TH[:2])), jax.tree.leaves((expected, h_expected)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert np.all(h_TH[2:] == 0)


def test_the_traced_carry_stands_still_in_padding(x_TBD):
    cell = CELLS["lstm"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    _, (carries, _) = trace(cell, params, cell.initial_carry((3, H)), x_TBD, lengths=LENGTHS)
    np.testing.assert_array_equal(carries.c[3:, 0], jnp.stack([carries.c[2, 0]] * 2))
    assert np.any(carries.c[2, 0] != carries.c[1, 0])
