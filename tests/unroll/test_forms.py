"""Every form of the unroll, with every choice of what is kept, gives the plain form's numbers and gradients.

The plain form itself is held against flax, PyTorch and finite differences.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit, linear
from rnn_research.cells.initializers import normal
from rnn_research.errors import UserError
from rnn_research.unroll import Solver, Stack, unroll, unroll_stack
from rnn_research.unroll import fast as fast_form
from rnn_research.unroll.forms import best_form
from rnn_research.unroll.stack import init, initial_carry

T, B, D, H = 5, 3, 2, 4
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
SPLIT = [name for name in CELLS if name != "gru_reset_before"]
LENGTHS = jnp.array([5, 0, 3])


def numbers(cell, dtype):
    """Parameters, carry, inputs, the two arrays that the edit below reads, and one that it closes over."""
    keys = jax.random.split(jax.random.key(1), 3)
    return (
        cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), dtype),
        jax.tree.map(lambda c: c + 0.3, cell.initial_carry((B, H), dtype)),
        jax.random.normal(keys[0], (T, B, D), dtype),
        (jax.random.normal(keys[1], (T, B, H), dtype), jax.random.bernoulli(keys[2], 0.4, (T, B))),
        jnp.full(H, 0.2, dtype),
    )


def edited(closed_H):
    """Adds e_t times t, and begins anew from a learned state where a truth value says so."""

    def edit(carry, t, e):
        add_BH, ends_B = e
        return carry._replace(h=jnp.where(ends_B[:, None], closed_H, carry.h + 0.1 * t * add_BH))

    return edit


def gradients(cell, lengths, reverse, edits, form, remat):
    """Of every float: parameters, carry, inputs, what the edit reads and what it closes over."""

    def loss(params, carry, x_TBD, add_TBH, closed_H, ends_TB):
        more = {"edit": edited(closed_H), "edit_xs": (add_TBH, ends_TB)} if edits else {}
        last, h_TBH = unroll(
            cell, params, carry, x_TBD, lengths=lengths, reverse=reverse, form=form, remat=remat, **more
        )
        total = sum(jnp.sum(jnp.sin(c)) for c in jax.tree.leaves(last))
        return total + jnp.sum(jnp.sin(h_TBH + jnp.arange(T)[:, None, None])), (last, h_TBH)

    return jax.value_and_grad(loss, argnums=(0, 1, 2, 3, 4), has_aux=True)


def compare(cell, dtype, lengths, reverse, edits, forms):
    params, carry, x_TBD, (add_TBH, ends_TB), closed_H = numbers(cell, dtype)
    args = (params, carry, x_TBD, add_TBH, closed_H, ends_TB)
    both = [gradients(cell, lengths, reverse, edits, *form) for form in (("plain", "none"), *forms)]
    expected, *found = jax.jit(lambda *args: [f(*args) for f in both])(*args)
    for form, mine in zip(forms, found, strict=True):
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
            assert a.dtype == b.dtype == dtype
            np.testing.assert_allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=str(form))
    assert np.any(jax.tree.leaves(expected)[-1] != 0) == edits


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, "float64") for name in SPLIT), ("lstm", "float32"), ("gru", "float32")]
)
def test_the_fast_form_of_every_cell(name, dtype):
    """With all at once: backwards, lengths, an edit that reads arrays and closes over others."""
    compare(CELLS[name], dtype, LENGTHS, True, True, [("fast", "none")])


def test_the_best_form_of_every_cell(cell):
    assert best_form(cell) == ("fast" if cell.name in SPLIT else "plain")


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_the_fast_form_forwards(lengths):
    compare(CELLS["gru"], "float32", lengths, False, False, [("fast", "none")])


@pytest.mark.parametrize(("name", "reverse"), [("lstm_peephole", True), ("gru_reset_before", False)])
def test_what_is_kept_changes_nothing(name, reverse):
    """T = 5 is cut into segments of two and one step left over; the edit's times and the lengths go on in each."""
    compare(CELLS[name], "float32", LENGTHS, reverse, True, [("auto", "gates"), ("auto", "sqrt")])


def test_the_gradient_of_a_gradient():
    cell = CELLS["lstm_peephole"]
    params, carry, x_TBD, _, _ = numbers(cell, jnp.float32)

    def penalty(form):
        loss = lambda params: jnp.sum(jnp.sin(unroll(cell, params, carry, x_TBD, form=form)[1]))  # noqa: E731
        square = lambda params: sum(jnp.sum(g**2) for g in jax.tree.leaves(jax.grad(loss)(params)))  # noqa: E731
        return jax.grad(square)

    mine, expected = jax.jit(lambda p: (penalty("fast")(p), penalty("plain")(p)))(params)
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
        assert np.any(b != 0)


def test_forward_mode_is_the_plain_forms():
    """The default has every derivative; the fast form says that it has not."""
    cell = CELLS["gru"]
    params, carry, x_TBD, _, _ = numbers(cell, jnp.float32)
    push = lambda **form: jax.jvp(lambda x: unroll(cell, params, carry, x, **form)[1], (x_TBD,), (x_TBD,))[1]  # noqa: E731
    assert np.any(push() != 0)
    with pytest.raises(TypeError, match="custom_vjp"):
        push(form="fast")


def test_under_vmap():
    """Over sequences, whose edit closes over an integer of each; and over members with parameters of their own."""
    cell = CELLS["lstm"]
    params, carry, x_TBD, _, _ = numbers(cell, jnp.float32)

    def of_sequences(form):
        def loss(params, carry, x_TD, unit):
            edit = lambda carry, t: carry._replace(h=carry.h.at[unit].multiply(0.5))  # noqa: E731
            return jnp.sum(unroll(cell, params, carry, x_TD, edit=edit, form=form)[1] ** 2)

        each = jax.vmap(loss, in_axes=(None, 0, 1, 0))
        return jax.grad(lambda params: jnp.sum(each(params, carry, x_TBD, jnp.arange(B))))(params)

    def of_members(form):
        members = jax.tree.map(lambda p: jnp.stack([p, -p]), params)
        loss = lambda params: jnp.sum(unroll(cell, params, carry, x_TBD, form=form)[1] ** 2)  # noqa: E731
        return jax.vmap(jax.grad(loss))(members)

    both = jax.jit(lambda: [(of_sequences(form), of_members(form)) for form in ("fast", "plain")])()
    for a, b in zip(*map(jax.tree.leaves, both), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_stack_hands_form_and_remat_to_every_layer():
    """Both directions, a learned carry and dropout."""
    plain = Stack(CELLS["lstm"], H, 2, bidirectional=True, learned_carry=True)
    params = init(plain, jax.random.key(0), D, CellInit(bias=normal(0.5)))
    x_TBD = jax.random.normal(jax.random.key(1), (T, B, D))

    def loss(params, stack):
        start = initial_carry(stack, params, (B,))
        _, h = unroll_stack(stack, params, start, x_TBD, dropout=0.5, key=jax.random.key(2), lengths=LENGTHS)
        return jnp.sum(jnp.sin(h))

    fast = plain._replace(form="auto", remat="gates")
    found = jax.jit(lambda p: [jax.grad(loss)(p, stack) for stack in (fast, plain)])(params)
    for a, b in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert "custom_vjp" in str(jax.make_jaxpr(lambda p: loss(p, fast))(params))
    assert "custom_vjp" not in str(jax.make_jaxpr(lambda p: loss(p, plain))(params))


def test_one_matmul_or_one_a_gate(monkeypatch):
    """The layout of an accelerator and of a large batch on a CPU: the same numbers."""
    cell = CELLS["lstm"]
    params, carry, x_TBD, _, _ = numbers(cell, jnp.float32)
    run = lambda: jax.grad(lambda p: jnp.sum(unroll(cell, p, carry, x_TBD, form="fast")[1] ** 2))(params)  # noqa: E731
    found, dots = [], []
    for one in (False, True):
        monkeypatch.setattr(linear, "one_matmul", lambda rows, one=one: one)
        found.append(jax.jit(run)())
        dots.append(str(jax.make_jaxpr(lambda h: cell.recur(params, h))(carry.h)).count("dot_general"))
    assert dots == [4, 1]
    for a, b in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_bfloat16_weights_and_float32_carries():
    """The fast form sums over time in float32; adding up in bfloat16 rounds at every step."""
    cell, steps = CELLS["gru"], 200
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.bfloat16)
    x_TBD = jax.random.normal(jax.random.key(1), (steps, B, D))
    start = cell.initial_carry((B, H))

    def gradient(params, form):
        def loss(params):
            last, h_TBH = unroll(cell, params, start, x_TBD, form=form)
            return jnp.sum(h_TBH) + jnp.sum(last.h), h_TBH

        return jax.grad(loss, has_aux=True)(params)

    high = jax.tree.map(lambda p: p.astype(jnp.float32), params)
    (fast, h_TBH), (plain, _), (exact, _) = jax.jit(
        lambda: (gradient(params, "fast"), gradient(params, "plain"), gradient(high, "plain"))
    )()
    assert h_TBH.dtype == jnp.float32
    assert {g.dtype for g in fast} == {jnp.dtype("bfloat16")}
    error = lambda mine: [np.abs(np.float32(a) - b).max() / np.abs(b).max() for a, b in zip(mine, exact, strict=True)]  # noqa: E731
    assert max(error(fast)) < 2**-7, "one rounding to bfloat16 is 2^-8; of weights, and of biases that combine reads"
    assert np.mean(error(fast)) < 0.5 * np.mean(error(plain))


def test_symbols_are_their_one_hot_vectors():
    cell = CELLS["lstm"]
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)
    symbols_TB = jnp.array([[0, 1, -1], [1, 1, 0], [0, 7, 1], [1, 0, 0], [0, 0, 1]])
    run = lambda x, form: jax.value_and_grad(  # noqa: E731
        lambda p: jnp.sum(jnp.sin(unroll(cell, p, cell.initial_carry((B, H)), x, form=form, lengths=LENGTHS)[1]))
    )(params)
    found = jax.jit(lambda s: [run(s, "fast"), run(s, "plain"), run(jax.nn.one_hot(s, D), "plain")])(symbols_TB)
    for mine in found[:2]:
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(found[2]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_symbols_on_an_accelerator_are_multiplied(monkeypatch):
    w_DH, symbols = jax.random.normal(jax.random.key(0), (4, 3)), jnp.array([3, -1, 0])
    looked_up = linear.matmul(symbols, w_DH)
    monkeypatch.setattr(linear, "looks_up", lambda: False)
    np.testing.assert_array_equal(linear.matmul(symbols, w_DH), looked_up)
    assert "dot_general" in str(jax.make_jaxpr(lambda s: linear.matmul(s, w_DH))(symbols))


def test_what_cannot_be_asked_for():
    params, carry, x_TBD, _, _ = numbers(CELLS["gru_reset_before"], jnp.float32)
    run = lambda **asked: unroll(CELLS["gru_reset_before"], params, carry, x_TBD, **asked)  # noqa: E731
    with pytest.raises(UserError, match="three parts"):
        run(form="fast")
    with pytest.raises(UserError, match="form='fest' is unknown, did you mean 'fast'"):
        run(form="fest")
    with pytest.raises(UserError, match="remat='gate' is unknown"):
        run(remat="gate")


@pytest.mark.parametrize("name", SPLIT)
def test_where_a_batch_may_be_spread_over_devices(name, x64, monkeypatch):
    """There what combine reads of the weights has its derivative from all steps at the end."""
    for module in (fast_form, linear):
        monkeypatch.setattr(module, "whole_batch_here", lambda: False)
    compare(CELLS[name], "float64", LENGTHS, False, True, [("fast", "none"), ("fast", "gates")])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("edits", [False, True])
@pytest.mark.parametrize("name", ["gru", "minlstm"])
def test_the_parallel_form(name, edits):
    """All that the loop can be asked for reaches it, also in segments; with an edit it is the loop."""
    compare(CELLS[name], "float64", LENGTHS, True, edits, [("parallel", "none"), ("parallel", "sqrt")])


def test_the_solver_reaches_the_parallel_form():
    shape = Stack(CELLS["elman"], H, form="parallel", solver=Solver(iterations=0))
    params = init(shape, jax.random.key(0), D)
    with pytest.raises(UserError, match="iterations=0 must be at least 1"):
        unroll_stack(shape, params, initial_carry(shape, params, (B,)), jnp.zeros((T, B, D)))
