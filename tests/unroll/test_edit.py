"""The one hook after each step: gradients of every h_t, clamped units, resets, noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import Stack, unroll, unroll_stack
from rnn_research.unroll.stack import init, initial_carry

T, D, H = 4, 2, 3


@pytest.fixture
def x_TD():
    return jax.random.normal(jax.random.key(1), (T, D))


@pytest.fixture
def params(cell):
    return cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)


def assert_near(mine, expected):
    np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)


def add_to_h(carry, t, e_H):
    return carry._replace(h=carry.h + e_H)


def gradients_of_h(cell, params, x_TD, weight_TH):
    def loss(eps_TH):
        _, h_TH = unroll(cell, params, cell.initial_carry((H,)), x_TD, edit=add_to_h, edit_xs=eps_TH)
        return jnp.sum(weight_TH * h_TH)

    return jax.jit(jax.grad(loss))(jnp.zeros((T, H)))


def test_a_zero_whose_gradient_is_that_of_h(cell, params, x_TD):
    """Against the definition: put h_t in by hand, run what is left of the sequence, differentiate."""
    weight_TH = jax.random.normal(jax.random.key(2), (T, H))
    carries = []
    carry = cell.initial_carry((H,))
    for x_D in x_TD:
        carry, _ = cell.step(params, carry, x_D)
        carries.append(carry)

    def rest(h_H, t):
        carry, total = carries[t]._replace(h=h_H), weight_TH[t] @ h_H
        for s in range(t + 1, T):
            carry, _ = cell.step(params, carry, x_TD[s])
            total += weight_TH[s] @ cell.hidden(carry)
        return total

    expected = jax.jit(lambda h_TH: jnp.stack([jax.grad(rest)(h_TH[t], t) for t in range(T)]))
    h_TH = jnp.stack([cell.hidden(carry) for carry in carries])
    assert_near(gradients_of_h(cell, params, x_TD, weight_TH), expected(h_TH))


def test_backpropagation_through_time_by_hand(x_TD):
    """dL/dh_t = w_t + W_h (dL/dh_{t+1} * (1 - h_{t+1}^2)), from the last step to the first."""
    cell = CELLS["elman"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    weight_TH = np.asarray(jax.random.normal(jax.random.key(2), (T, H)))
    _, h_TH = unroll(cell, params, cell.initial_carry((H,)), x_TD)
    h_TH, (w_h_HH,) = np.asarray(h_TH), np.asarray(params.w_h_GHH)
    delta_TH = weight_TH.copy()
    for t in reversed(range(T - 1)):
        delta_TH[t] += w_h_HH @ (delta_TH[t + 1] * (1 - h_TH[t + 1] ** 2))
    assert_near(gradients_of_h(cell, params, x_TD, weight_TH), delta_TH)


def test_a_clamped_unit_stays_and_acts_on_the_others(cell, params, x_TD):
    clamp = lambda carry, t: carry._replace(h=carry.h.at[1].set(0.7))  # noqa: E731
    _, h_TH = unroll(cell, params, cell.initial_carry((H,)), x_TD, edit=clamp)
    carry = cell.initial_carry((H,))
    for t in range(T):
        carry = clamp(cell.step(params, carry, x_TD[t])[0], t)
        assert_near(h_TH[t], carry.h)
    assert np.all(h_TH[:, 1] == np.float32(0.7))
    _, free_TH = unroll(cell, params, cell.initial_carry((H,)), x_TD)
    acts = np.any(h_TH[1:, (0, 2)] != free_TH[1:, (0, 2)])
    assert acts == (cell.linear is None), "units of a linear recurrence do not hear each other"


@pytest.mark.parametrize("reverse", [False, True])
def test_the_hook_is_told_the_time(reverse):
    cell = CELLS["elman"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    write = lambda carry, t: carry._replace(h=jnp.full(H, t, jnp.float32))  # noqa: E731
    _, h_TH = unroll(cell, params, cell.initial_carry((H,)), jnp.zeros((T, D)), edit=write, reverse=reverse)
    np.testing.assert_array_equal(h_TH[:, 0], np.arange(T))


@pytest.mark.parametrize("reverse", [False, True])
def test_edit_xs_keep_to_their_time(reverse, x_TD):
    cell = CELLS["elman"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    noise_TH = jax.random.normal(jax.random.key(3), (T, H))
    start = cell.initial_carry((H,))
    last, h_TH = unroll(cell, params, start, x_TD, edit=add_to_h, edit_xs=noise_TH, reverse=reverse)
    carry = start
    for t in reversed(range(T)) if reverse else range(T):
        carry = add_to_h(cell.step(params, carry, x_TD[t])[0], t, noise_TH[t])
        assert_near(h_TH[t], carry.h)
    assert_near(last.h, carry.h)


def test_a_reset_starts_a_new_document(cell, params, x_TD):
    """After step 1 of one sequence of two; the other runs on."""
    x_TBD = jnp.stack([x_TD, x_TD], axis=1)
    ends_TB = jnp.zeros((T, 2), bool).at[1, 0].set(True)
    start = cell.initial_carry((2, H))
    reset = lambda carry, t, end_B: jax.tree.map(  # noqa: E731
        lambda now, zero: jnp.where(end_B[:, None], zero, now), carry, start
    )
    _, h_TBH = unroll(cell, params, start, x_TBD, edit=reset, edit_xs=ends_TB)
    one = cell.initial_carry((H,))
    assert_near(h_TBH[2:, 0], unroll(cell, params, one, x_TD[2:])[1])
    assert_near(h_TBH[:, 1], unroll(cell, params, one, x_TD)[1])


def test_no_edit_in_padding(x_TD):
    cell = CELLS["elman"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    edit = lambda carry, t: carry._replace(h=jnp.full(H, t, jnp.float32))  # noqa: E731
    carry, _ = unroll(cell, params, cell.initial_carry((H,)), x_TD, edit=edit, lengths=jnp.array(2))
    np.testing.assert_array_equal(carry.h, np.ones(H))  # step 1, the last valid one


@pytest.mark.parametrize("bidirectional", [False, True])
def test_in_a_stack_the_hook_is_told_the_layer(bidirectional, x_TD):
    stack = Stack(CELLS["gru"], H, 2, bidirectional=bidirectional)
    params = init(stack, jax.random.key(0), D)
    start = initial_carry(stack, params, ())

    def silence(ablated):
        edit = lambda layer, carry, t: carry._replace(h=carry.h * 0) if layer == ablated else carry  # noqa: E731
        return unroll_stack(stack, params, start, x_TD, edit=edit)[1]

    assert np.all(silence(1) == 0)
    first_off = silence(0)
    assert np.any(first_off != unroll_stack(stack, params, start, x_TD)[1])
    above = Stack(CELLS["gru"], H, 1, bidirectional=bidirectional)
    alone = params._replace(cells=params.cells[1:])
    zeros = jnp.zeros((T, stack.output_size))
    assert_near(first_off, unroll_stack(above, alone, start[1:], zeros)[1])


def test_in_a_stack_edit_xs_reach_every_layer(x_TD):
    stack = Stack(CELLS["elman"], H, 2)
    params = init(stack, jax.random.key(0), D)
    eps_TLH = jax.random.normal(jax.random.key(3), (T, 2, H))
    edit = lambda layer, carry, t, e_LH: carry._replace(h=carry.h + e_LH[layer])  # noqa: E731
    start = initial_carry(stack, params, ())
    _, h_TH = unroll_stack(stack, params, start, x_TD, edit=edit, edit_xs=eps_TLH)
    expected = x_TD
    for layer in range(2):
        _, expected = unroll(
            stack.cell, params.cells[layer][0], start[layer][0], expected, edit=add_to_h, edit_xs=eps_TLH[:, layer]
        )
    assert_near(h_TH, expected)
