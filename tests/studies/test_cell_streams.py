"""A text read in streams and chunks is the text read at once; gates stuck over it; its errors taken apart."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from rnn_research.analysis.interventions import Intervention, edit_of
from rnn_research.analysis.layers import trace_layers
from rnn_research.errors import UserError
from rnn_research.models.recurrent import stack_of
from rnn_research.studies.cells.breakdown import breakdown
from rnn_research.studies.cells.intervened import NOBODY, moments, read_under
from rnn_research.studies.cells.parallel_reading import lay_streams
from rnn_research.studies.cells.probabilities import probabilities
from rnn_research.studies.cells.saturation import saturation
from rnn_research.training.defaults import defaults
from tests.time_first import apply, language_model

V, H = 5, 6


@pytest.fixture(scope="module")
def config():
    config = defaults().model
    config.update({"hidden": H, "layers": 2, "cell": "lstm"})
    config.init.update({"bias_half_width": 2.0, "input_scale": 3.0, "recurrent_scale": 3.0, "output_scale": 3.0})
    return config


@pytest.fixture(scope="module")
def run(config):
    model = language_model(config, V)
    return model, jax.jit(lambda key: model.init(key, config.init))(jax.random.key(0))


@pytest.fixture(scope="module")
def symbols_N():
    symbols_N = np.random.default_rng(0).integers(V, size=75).astype(np.int32)
    symbols_N[40] = -1  # one that the model does not know
    return symbols_N


def test_streams_by_hand():
    laid = lay_streams(np.arange(10, 20), 2, chunk=3, warm_up=1)
    assert laid.place_SB.T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert laid.inputs_CTB[..., 0].tolist() == [[10, 11, 12], [13, -1, -1]]
    assert laid.targets_CTB[..., 1].tolist() == [[15, 16, 17], [18, -1, -1]]
    assert laid.counted_SB[:, 0].tolist() == [False, True, True, True]
    assert laid.chunked(np.arange(10) * 2)[..., 1].tolist() == [[8, 10, 12], [14, -1, -1]]
    assert lay_streams(np.arange(10), 2, 3, chunk=3, warm_up=1).place_SB.T.tolist() == [[0, 1, 2], [4, 5, 6]]
    with pytest.raises(UserError, match="--text has 4 symbols, and 5 are the fewest"):
        lay_streams(np.arange(4), 2, warm_up=1)


def test_chunks_hand_on_the_carry(run, symbols_N):
    """Against each stream read at once by a program of its own."""
    model, params = run
    laid = lay_streams(symbols_N, 2, chunk=10, warm_up=5)
    done = Intervention(1, "c", 3, "clamp", -2.0)
    closing_CTB = laid.chunked(np.full(len(symbols_N), 2))
    found = read_under(model, params, laid, [done._replace(index=NOBODY), done], closing_CTB)
    assert found.loss_USB.shape == (2, 37, 2)
    inputs_SB = symbols_N[laid.place_SB]
    for u, edit in enumerate((None, edit_of(done))):
        logits_SBV, _ = apply(model, params, jnp.asarray(inputs_SB), model.carry(params, 2), edit=edit)
        log_p_SBV = scipy.special.log_softmax(np.asarray(logits_SBV, np.float64), axis=-1)
        np.testing.assert_allclose(found.p_closing_USB[u], np.exp(log_p_SBV[..., 2]), rtol=1e-4)
        next_SB = symbols_N[laid.place_SB + 1]
        expected = -np.take_along_axis(log_p_SBV, np.maximum(next_SB, 0)[..., None], -1)[..., 0]
        known = next_SB >= 0
        np.testing.assert_allclose(found.loss_USB[u][known], expected[known], rtol=1e-4)
        assert not laid.counted_SB[~known].any()
    assert np.abs(found.loss_USB[0] - found.loss_USB[1]).max() > 1e-2
    with pytest.raises(ValueError, match="one layer"):
        read_under(model, params, laid, [done, done._replace(layer=0)])


def test_probabilities_of_a_text_read_at_once(run, symbols_N):
    """In one stream; in three that overlap so far that each begins with the text; in three that hardly overlap."""
    model, params = run
    logits_NBV, _ = apply(model, params, jnp.asarray(symbols_N)[:, None], model.carry(params, 1))
    p_NV = scipy.special.softmax(np.asarray(logits_NBV[:, 0], np.float64), axis=-1)
    expected = np.append(1 / V, np.take_along_axis(p_NV[:-1], symbols_N[1:, None], -1)[:, 0])
    expected[40] = 0
    for streams, warm_up in ((1, 0), (3, 75)):
        mine = probabilities(model, params, symbols_N, V, streams=streams, warm_up=warm_up)
        np.testing.assert_allclose(mine, expected, rtol=1e-4)
    cold = probabilities(model, params, symbols_N, V, streams=3, warm_up=2)
    stretch = 25  # 74 symbols follow another one
    np.testing.assert_allclose(cold[: stretch + 1], expected[: stretch + 1], rtol=1e-4)
    assert np.all((cold > 0) == (expected > 0))
    assert np.abs(cold - expected).max() > 1e-3


def test_moments_and_stuck_gates_of_a_text_read_at_once(run, config, symbols_N):
    model, params = run
    shape = stack_of(config)
    laid = lay_streams(symbols_N, 2, chunk=10, warm_up=5)
    inputs = jax.nn.one_hot(jnp.asarray(symbols_N[laid.place_SB]), V)
    traces = jax.jit(lambda x: trace_layers(shape, params.stack, model.carry(params, 2), x))(inputs)
    whole = moments(model, params, laid, 1, "c")
    c_NH = np.asarray(traces[1].carries.c)[laid.counted_SB]
    np.testing.assert_allclose(whole.mean_H, c_NH.mean(0), rtol=1e-4)
    np.testing.assert_allclose(whole.variance_H, c_NH.var(0), rtol=1e-3)

    # The streams of the whole text have 100 steps of warming up: 75 symbols are too few, ten times as many are not.
    long_N = np.tile(symbols_N, 10)
    laid = lay_streams(long_N, 2)
    found = saturation(model, params, long_N, streams=2)
    json.dumps(found, allow_nan=False)
    assert [(row["layer"], row["gate"]) for row in found] == [(n, gate) for n in (1, 2) for gate in "ifo"]
    inputs = jax.nn.one_hot(jnp.asarray(long_N[laid.place_SB]), V)
    traces = jax.jit(lambda x: trace_layers(shape, params.stack, model.carry(params, 2), x))(inputs)
    for row in found:
        gate_NH = np.asarray(getattr(traces[row["layer"] - 1].gates, row["gate"]))[laid.counted_SB]
        assert row["positions"] == len(gate_NH)
        np.testing.assert_allclose(row["left"], np.mean(gate_NH < 0.1, 0), atol=2 / len(gate_NH))
        np.testing.assert_allclose(row["right"], np.mean(gate_NH > 0.9, 0), atol=2 / len(gate_NH))
    assert any(0.1 < share < 0.9 for row in found for share in row["left"] + row["right"])


def test_a_cell_without_gates_is_refused(config):
    config = config.copy_and_resolve_references()
    config.cell = "elman"
    model = language_model(config, V)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), config.init))
    params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    with pytest.raises(UserError, match="elman has no gates"):
        saturation(model, params, np.zeros(250, np.int32), streams=2)


def test_errors_taken_apart():
    """One error of each of three oracles, one for the boost, and the rest of the text right."""
    training = b"the cat sat. " * 40
    text = b"the cat zq mmm"
    p_N = np.ones(len(text))
    p_N[4] = 0.2  # c of cat: the n-grams know it
    p_N[8] = 0.1  # z: its word is in no training text
    p_N[10] = 0.45  # the blank after it: nobody's, and a boost of 0.1 mends it
    found = breakdown(p_N, text, training, order=3)
    json.dumps(found, allow_nan=False)
    assert (found["characters"], found["errors"]) == (14, 3)
    taken = {name: part["errors"] for name, part in found["by_oracle"].items()}
    assert taken == {
        **dict.fromkeys(("dynamic memory", "word model", "punctuation"), 0),
        **dict.fromkeys(("n-gram", "rare words", "boost"), 1),
    }
    # The paper's n are characters of context: grams of 2 and 3, and none without context.
    assert [part["setting"] for part in found["removed"] if part["oracle"] == "n-gram"] == [1, 2]
    assert found["left"] == {"errors": 1, "share": pytest.approx(1 / 3)}
    assert found["removed"][-1]["left"] == 0
    np.testing.assert_allclose(found["losses"]["network"], -np.log(0.2 * 0.1 * 0.45) / 14)
    with pytest.raises(UserError, match="order=1"):
        breakdown(p_N, text, training, order=1)
    with pytest.raises(UserError, match="--text is empty"):
        breakdown(p_N[:0], b"", training)


def test_closing_brackets_by_distance():
    """The network is told to know the bracket; two n-grams see only that it follows a b, as often as not."""
    training = b"(ab)ab" * 50
    text = b"(ab)(aaaaaaaaaaab)"
    p_N = np.full(len(text), 0.9)
    p_N[3], p_N[17] = 0.6, 0.7
    round_ones = breakdown(p_N, text, training, order=2)["closing"][0]
    filled = {row["nearest"]: row for row in round_ones["bins"] if row["closings"]}
    assert {nearest: row["network"] for nearest, row in filled.items()} == {1: 0.6, 10: 0.7}
    for row in filled.values():
        np.testing.assert_allclose(row["ngram"], 0.5, atol=0.02)
    assert round_ones["bins"][2]["network"] is None
