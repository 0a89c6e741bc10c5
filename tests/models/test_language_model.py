"""A language model: its equation, causality, dropout, embedding, carry and precision."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.models.recurrent import count, stack_of
from rnn_research.training.defaults import defaults
from rnn_research.training.state import cast
from rnn_research.unroll import Solver
from tests.time_first import apply, language_model

T, B, V, H, E = 6, 3, 5, 4, 2


@pytest.fixture(scope="module")
def model_of(draw):
    @cache  # compiled once
    def build(dtype=jnp.float32, **fields):
        config = defaults().model
        config.update({"hidden": H, **fields})
        model = language_model(config, V, dtype)
        return model._replace(predict=jax.jit(model.predict)), draw(model, config.init)

    return build


@pytest.fixture
def symbols_TB():
    return jax.random.randint(jax.random.key(1), (T, B), 0, V)


def test_the_equation(model_of, symbols_TB):
    """A NumPy transcription: h_t = tanh(W_x x_t + W_h h_{t-1} + b), y_t = W h_t + b."""
    model, params = model_of(cell="elman")
    p = jax.tree.map(lambda w: np.asarray(w, np.float64), params)
    ((layer,),) = p.stack.cells
    logits_TBV, carry = apply(model, params, symbols_TB, model.carry(params, B))
    for b in range(B):
        h = np.zeros(H)
        for t in range(T):
            h = np.tanh(layer.w_x_GDH[0][symbols_TB[t, b]] + h @ layer.w_h_GHH[0] + layer.b_GH[0])
            np.testing.assert_allclose(logits_TBV[t, b], h @ p.w_HV + p.b_V, atol=1e-6)
        np.testing.assert_allclose(carry[0][0].h[b], h, atol=1e-6)


@pytest.mark.parametrize(("cell", "gates"), [("elman", 1), ("gru_reset_before", 3), ("lstm", 4)])
def test_number_of_parameters(model_of, cell, gates):
    """Of one layer: G (V H + H H + H) + H V + V."""
    _, params = model_of(cell=cell)
    assert count(params) == gates * (V * H + H * H + H) + H * V + V


TALL = {"layers": 2, "embedding": E, "learned_carry": True, "residual": True}


@pytest.mark.parametrize("fields", [{}, {"cell": "gru"}, TALL])
def test_a_carry_handed_between_chunks_is_one_long_unroll(model_of, fields, symbols_TB):
    model, params = model_of(**fields)
    start = model.carry(params, B)
    whole_TBV, end = apply(model, params, symbols_TB, start)
    one_TBV, carry = apply(model, params, symbols_TB[:3], start)
    two_TBV, carry = apply(model, params, symbols_TB[3:], carry)
    np.testing.assert_allclose(jnp.concatenate([one_TBV, two_TBV]), whole_TBV, atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), carry, end)
    without_TBV, _ = apply(model, params, symbols_TB[3:], start)
    assert np.abs(without_TBV - two_TBV).max() > 1e-3, "the carry matters"


@pytest.mark.parametrize("embedding", [0, E])
def test_scores_see_the_past_of_their_own_stream_alone(model_of, symbols_TB, embedding):
    model, params = model_of(**{**TALL, "embedding": embedding})
    x_TBV = jax.nn.one_hot(symbols_TB, V)

    def scores(x_TBV):
        return jnp.sum(apply(model, params, x_TBV, model.carry(params, B))[0] ** 3, axis=-1)

    reach = np.abs(jax.jit(jax.jacrev(scores))(x_TBV)).sum(-1)  # [T, B, T, B]
    for t in range(T):
        for s in range(T):
            if s > t:
                assert not reach[t, :, s].any(), "the future"
            else:
                assert np.diag(reach[t, :, s]).all(), "the past"
                assert not (reach[t, :, s] * (1 - np.eye(B))).any(), "another stream"


@pytest.mark.parametrize("embedding", [0, E])
def test_symbols_are_one_hot_distributions(model_of, symbols_TB, embedding):
    model, params = model_of(embedding=embedding)
    start = model.carry(params, B)
    by_symbol, _ = apply(model, params, symbols_TB, start)
    by_distribution, _ = apply(model, params, jax.nn.one_hot(symbols_TB, V), start)
    np.testing.assert_array_equal(by_symbol, by_distribution)


@pytest.mark.parametrize("embedding", [0, E])
def test_a_symbol_outside_the_vocabulary_is_read_as_nothing(model_of, embedding):
    model, params = model_of(embedding=embedding)
    start = model.carry(params, 1)
    outside, _ = apply(model, params, jnp.array([[1], [-1], [2]]), start)
    nothing, _ = apply(model, params, jnp.eye(V)[jnp.array([[1], [0], [2]])].at[1].set(0), start)
    np.testing.assert_array_equal(outside, nothing)


def test_the_embedding_is_looked_up(model_of, symbols_TB):
    """A model without embedding reads symbol s as the rows of E W_x would."""
    model, params = model_of(embedding=E)
    plain, _ = model_of()
    ((layer,),) = params.stack.cells
    folded = layer._replace(w_x_GDH=jnp.stack([params.embedding_VE @ w_DH for w_DH in layer.w_x_GDH]))
    same = params._replace(embedding_VE=None, stack=params.stack._replace(cells=((folded,),)))
    assert params.embedding_VE.shape == (V, E)
    np.testing.assert_allclose(
        apply(model, params, symbols_TB, model.carry(params, B))[0],
        apply(plain, same, symbols_TB, plain.carry(same, B))[0],
        atol=1e-6,
    )


@pytest.mark.parametrize("fields", [{}, TALL])
def test_dropout_in_training_only(model_of, symbols_TB, fields):
    model, params = model_of(**fields)
    start = model.carry(params, B)

    def scores(rate, key):
        drawn = {} if key is None else {"key": jax.random.key(key)}
        return apply(model, params, symbols_TB, start, numbers={"dropout": rate}, **drawn)[0]

    plain, _ = apply(model, params, symbols_TB, start)
    np.testing.assert_array_equal(scores(0.5, None), plain)
    np.testing.assert_array_equal(scores(0.0, 0), plain)
    np.testing.assert_array_equal(scores(0.5, 0), scores(0.5, 0))
    assert (scores(0.5, 0) != plain).any()
    assert (scores(0.5, 0) != scores(0.5, 1)).any()


def test_dropout_before_the_output_is_inverted(model_of):
    """With the identity as output layer the scores are the hidden units: dropped, or scaled up."""
    model, params = model_of(hidden=V)
    params = params._replace(w_HV=jnp.eye(V), b_V=jnp.zeros(V))
    symbols_TB = jax.random.randint(jax.random.key(1), (50, 20), 0, V)
    start = model.carry(params, 20)
    plain, end = apply(model, params, symbols_TB, start)
    dropped, end_dropped = apply(model, params, symbols_TB, start, key=jax.random.key(2), numbers={"dropout": 0.3})
    np.testing.assert_allclose(dropped, jnp.where(dropped == 0, 0, plain / 0.7), rtol=1e-5)
    assert abs(np.mean(dropped == 0) - 0.3) < 0.03
    jax.tree.map(np.testing.assert_array_equal, end, end_dropped)  # nothing is dropped within time


def test_a_learned_carry_is_where_every_stream_begins(model_of, symbols_TB):
    model, params = model_of(**TALL)
    for layer, learned in zip(model.carry(params, B), params.stack.carry, strict=True):
        np.testing.assert_array_equal(layer[0].c, [learned[0].c] * B)

    def loss(params):
        return jnp.sum(apply(model, params, symbols_TB, model.carry(params, B))[0] ** 2)

    assert all(g.all() for g in jax.tree.leaves(jax.jit(jax.grad(loss))(params).stack.carry))


def test_bfloat16_weights_keep_a_float32_carry(model_of, symbols_TB):
    model, params = model_of(**TALL)
    exact, _ = apply(model, params, symbols_TB, model.carry(params, B))
    coarse = cast(params, "bfloat16")
    scores, carry = apply(model, coarse, symbols_TB, model.carry(coarse, B))
    assert {leaf.dtype for leaf in jax.tree.leaves((scores, carry))} == {jnp.dtype("float32")}
    np.testing.assert_allclose(scores, exact, atol=0.03)


@pytest.mark.usefixtures("x64")
def test_float64_all_through(model_of, symbols_TB):
    model, params = model_of(jnp.float64, **TALL)
    result = apply(model, params, symbols_TB, model.carry(params, B))
    assert {leaf.dtype for leaf in jax.tree.leaves((params, result))} == {jnp.dtype("float64")}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cell": "lstn"}, r"model.cell='lstn' is unknown, did you mean 'lstm'\?; known: elman, "),
        ({"hidden": 0}, "model.hidden=0 must be at least 1"),
        ({"layers": -1}, "model.layers=-1 must be at least 1"),
        ({"embedding": -1}, "model.embedding=-1 must be at least 0"),
        ({"dropout": 1.0}, "model.dropout=1.0 must be at least 0 and below 1"),
    ],
)
def test_wrong_fields(model_of, fields, sentence):
    with pytest.raises(UserError, match=sentence):
        model_of(**fields)


def test_an_unknown_initialiser():
    config = defaults().model
    config.init.recurrent = "ortogonal"
    with pytest.raises(UserError, match=r"model.init.recurrent='ortogonal' .*did you mean 'orthogonal'"):
        language_model(config, V)


@pytest.mark.parametrize("part", ["input", "output"])
def test_a_spectral_radius_needs_a_square_matrix(part):
    config = defaults().model
    config.init[part] = "spectral_radius"
    with pytest.raises(UserError, match="needs a square matrix"):
        language_model(config, V)


def test_the_solver_of_the_parallel_form_is_that_of_the_config(draw):
    """One round of Newton's method settles nothing, so that all goes through the loop: the same numbers either way."""
    inputs = jax.random.randint(jax.random.key(3), (T, B), 0, V)
    once = {"method": "quasi", "tolerance": 1e-5, "iterations": 1, "damping": 0.5}
    logits = []
    for fields in ({"unroll": "plain"}, {"unroll": "parallel", "parallel": once}, {"unroll": "parallel"}):
        config = defaults().model
        config.update({"hidden": H, **fields})
        stack = stack_of(config)
        assert stack.solver == (Solver("quasi", 1e-5, 1, 0.5) if "parallel" in fields else Solver())
        model = language_model(config, V)
        params = draw(model, config.init)
        logits.append(apply(model, params, inputs, model.carry(params, B))[0])
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-5)
    np.testing.assert_allclose(logits[2], logits[0], atol=1e-5)
