"""What is handed to cuDNN, against JAX's own reference of what cuDNN computes; the kernel itself needs a GPU."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import rnn

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import Stack, cudnn, unroll_stack
from rnn_research.unroll.stack import init, initial_carry

T, B, D, H, L = 4, 3, 3, 5, 2
LSTM = CELLS["lstm"]


def reference(x, h, c, weights, lengths, D, H, L, bidirectional):
    unpacked = rnn.unpack_lstm_weights(weights, D, H, L, bidirectional)
    return rnn.lstm_ref(x, h, c, *unpacked, lengths, D, H, L, 0.0, bidirectional)


@pytest.mark.parametrize(("bidirectional", "lengths"), [(False, None), (True, (2, 0, 4))])
def test_packed_weights_give_the_same_numbers_and_gradients(bidirectional, lengths):
    stack = Stack(LSTM, H, L, bidirectional=bidirectional)
    params = init(stack, jax.random.key(0), D, CellInit(bias=normal(0.5)))
    start = jax.tree.map(lambda c: c + 0.3, initial_carry(stack, params, (B,)))
    x_TBD = jax.random.normal(jax.random.key(1), (T, B, D))
    lengths_B = None if lengths is None else jnp.array(lengths)

    def loss(run):
        def of(cells, start, x_TBD):
            ends, h = run(cells, start, x_TBD)
            return jnp.sum(jnp.sin(h)) + sum(jnp.sum(c**2) for c in jax.tree.leaves(ends)), (ends, h)

        return jax.jit(jax.value_and_grad(of, argnums=(0, 1, 2), has_aux=True))(params.cells, start, x_TBD)

    ours = loss(lambda cells, c, x: unroll_stack(stack, params._replace(cells=cells), c, x, lengths=lengths_B))
    theirs = loss(lambda cells, c, x: cudnn.run(cells, c, x, lengths_B, reference))
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for mine, expected in zip(jax.tree.leaves(theirs), jax.tree.leaves(ours), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-5)


def test_every_weight_has_a_place():
    stack = Stack(LSTM, H, L, bidirectional=True)
    params = init(stack, jax.random.key(0), D)
    assert cudnn.packed(params.cells).size == rnn.get_num_params_in_lstm(D, H, L, True)


def test_no_gpu_here_or_another_cell_or_dtype():
    params = init(Stack(LSTM, H), jax.random.key(0), D)
    x_TBD = jnp.zeros((T, B, D))
    assert cudnn.takes("lstm", params, x_TBD)
    assert not cudnn.takes("lstm_peephole", params, x_TBD)
    assert not cudnn.takes("lstm", params, x_TBD.astype(jnp.bfloat16))
    assert not cudnn.takes("lstm", params, x_TBD[:, 0])


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        ({"form": "fast"}, {}),
        ({"remat": "gates"}, {}),
        ({"residual": True}, {}),
        ({}, {"edit": lambda layer, carry, t: carry}),
        ({}, {"dropout": 0.5, "key": jax.random.key(0)}),
    ],
)
def test_it_is_chosen_where_it_has_all_that_is_asked_for(monkeypatch, changes, arguments):
    calls = []
    monkeypatch.setattr(cudnn, "there_is_one", lambda: True)
    monkeypatch.setattr(cudnn, "run", lambda cells, carry, x, lengths: (calls.append(lengths), (carry, x))[1])
    stack = Stack(LSTM, H, L, form="cudnn")
    params = init(stack, jax.random.key(0), D)
    start, x_TBD = initial_carry(stack, params, (B,)), jnp.zeros((T, B, D))
    run = lambda stack, **more: jax.eval_shape(  # noqa: E731
        lambda: unroll_stack(stack, params, start, x_TBD, **more)
    )
    run(stack)
    assert len(calls) == 1
    run(stack._replace(**changes), **arguments)
    assert len(calls) == 1


def test_a_population_runs_one_after_another(monkeypatch):
    """cuDNN has no batching rule: the same gradients under vmap, with the kernel's two halves by the reference."""

    def forwards(x, h, c, weights, lengths, *sizes):
        run = lambda *floats: reference(*floats, lengths, *sizes[:3], sizes[4])  # noqa: E731
        return run(x, h, c, weights), (x, h, c, weights, lengths)

    def backwards(*args):
        *sizes, (*floats, lengths), cotangents = args
        run = lambda *floats: reference(*floats, lengths, *sizes[:3], sizes[4])  # noqa: E731
        return (*jax.vjp(run, *floats)[1](cotangents), jnp.zeros_like(lengths))

    monkeypatch.setattr(rnn, "lstm_fwd", forwards)
    monkeypatch.setattr(rnn, "lstm_bwd", backwards)
    stack = Stack(LSTM, H)
    members = jax.vmap(lambda key: init(stack, key, D))(jax.random.split(jax.random.key(0), 2))
    x_TBD = jax.random.normal(jax.random.key(1), (T, B, D))
    start = initial_carry(stack, init(stack, jax.random.key(0), D), (B,))
    theirs = jax.grad(lambda cells: jnp.sum(cudnn.run(cells, start, x_TBD, None)[1] ** 2))
    ours = jax.grad(lambda cells: jnp.sum(unroll_stack(stack, members._replace(cells=cells), start, x_TBD)[1] ** 2))
    both = jax.jit(lambda cells: (jax.vmap(theirs)(cells), jax.vmap(ours)(cells)))(members.cells)
    for mine, expected in zip(*map(jax.tree.leaves, both), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-5)
