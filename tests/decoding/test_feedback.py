"""What a language model reads next: its draw, its best symbol, or its whole distribution, against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.decoding.generate import Choice, generate, prime, restrict
from rnn_research.training.defaults import defaults
from tests.time_first import apply, language_model

V, N, LENGTH = 6, 2, 12
PRIMING = jnp.array([3, 1, 4])
KEY = jax.random.key(5)


@pytest.fixture(scope="module")
def run(draw):
    config = defaults().model
    config.update({"hidden": 5, "layers": 2, "cell": "gru", "embedding": 3})
    model = language_model(config, V)
    params = draw(model, config.init)
    return model, params._replace(w_HV=params.w_HV * 4)


@pytest.fixture(scope="module")
def step(run):
    model, params = run
    return jax.jit(lambda inputs, carry: apply(model, params, inputs, carry))


def by_loop(run, step, choose):
    """``choose(logits_NV, t)`` gives the symbols shown and the next inputs ``[1, N]`` or ``[1, N, V]``."""
    model, params = run
    carry = model.carry(params, N)
    for symbol in PRIMING:
        logits_TNV, carry = step(jnp.full((1, N), symbol), carry)
    shown = []
    for t in range(LENGTH):
        symbols_N, fed = choose(np.asarray(logits_TNV[0]), t)
        shown.append(symbols_N)
        logits_TNV, carry = step(fed, carry)
    return np.array(shown), logits_TNV[0]


def generated(run, choice, length=LENGTH):
    model, params = run
    return generate(model, params, prime(model, params, PRIMING, N), KEY, length=length, choice=choice)


def assert_same(mine, expected):
    (end, symbols_TN), (expected_TN, logits_NV) = mine, expected
    np.testing.assert_array_equal(symbols_TN, expected_TN)
    np.testing.assert_allclose(end.logits_NV, logits_NV, atol=1e-4)


@pytest.mark.parametrize("choice", [Choice(feedback="argmax"), Choice(temperature=0.0)])
def test_the_best_symbol_is_read(run, step, choice):
    def choose(logits_NV, t):
        best_N = logits_NV.argmax(-1)
        return best_N, jnp.asarray(best_N)[None]

    assert_same(generated(run, choice), by_loop(run, step, choose))


def test_the_draw_is_read(run, step):
    symbols_TN = np.asarray(generated(run, Choice())[1])
    assert len(np.unique(symbols_TN.T, axis=0)) == N, "samples differ"
    assert_same(
        generated(run, Choice()),
        by_loop(run, step, lambda logits_NV, t: (symbols_TN[t], jnp.asarray(symbols_TN[t])[None])),
    )


@pytest.mark.parametrize("choice", [Choice(feedback="softmax"), Choice(0.3, 3, 0.9, "softmax")])
def test_the_distribution_is_read(run, step, choice):
    """The network reads blends of symbols; what is shown is the mode."""

    def choose(logits_NV, t):
        scaled = restrict(jnp.asarray(logits_NV) / choice.temperature, choice.top_k, choice.top_p)
        weights = np.exp(np.asarray(scaled) - logits_NV.max(-1, keepdims=True) / choice.temperature)
        return logits_NV.argmax(-1), jnp.asarray(weights / weights.sum(-1, keepdims=True))[None]

    assert_same(generated(run, choice), by_loop(run, step, choose))


def test_a_cold_distribution_is_the_best_symbol(run):
    cold = generated(run, Choice(temperature=1e-3, feedback="softmax"))
    best = generated(run, Choice(feedback="argmax"))
    np.testing.assert_array_equal(cold[1], best[1])


@pytest.mark.parametrize("choice", [Choice(), Choice(feedback="argmax"), Choice(feedback="softmax")])
def test_a_text_made_in_pieces_is_the_text_made_at_once(run, choice):
    model, params = run
    _, whole_TN = generated(run, choice)
    half, first = generated(run, choice, LENGTH // 2)
    _, second = generate(model, params, half, KEY, length=LENGTH // 2, choice=choice)
    np.testing.assert_array_equal(np.concatenate([first, second]), whole_TN)
