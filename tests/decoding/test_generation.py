"""How symbols are chosen: draws follow the softmax, restricted as asked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnn_research.decoding.generate import Choice, generate, prime, restrict
from rnn_research.models.model import Decoder
from rnn_research.training.defaults import defaults
from tests.time_first import language_model

LOGITS_V = np.array([1.2, 0.3, -0.5, 0.9, -2.0, 0.3001])
KEY = jax.random.key(7)


def always(logits_V):
    """A model that knows the distribution of its text and looks at nothing."""

    def scores(*batch):
        return jnp.broadcast_to(jnp.asarray(logits_V, jnp.float32), (*batch, len(logits_V)))

    return language_model(defaults().model, len(logits_V))._replace(
        carry=lambda params, B: (),
        predict=lambda params, batch, carry, **_: (scores(*batch.inputs.shape), carry),
        decoder=Decoder(lambda params, carry, inputs, edits: (scores(len(inputs)), carry)),
    )


CONSTANT = always(LOGITS_V)


def draws(choice, samples, length, key=KEY):
    start = prime(CONSTANT, (), jnp.array([0]), samples)
    return np.asarray(generate(CONSTANT, (), start, key, length=length, choice=choice)[1])


def expected(temperature, top_k, top_p):
    """By the definitions: the k best, and of those the fewest that reach p, renormalised."""
    p = scipy.special.softmax(LOGITS_V / temperature)
    order = np.argsort(-p)
    kept = order[: top_k or len(p)]
    mass = p[kept] / p[kept].sum()
    fewest = next(n for n in range(1, len(kept) + 1) if mass[:n].sum() >= top_p - 1e-9)
    result = np.zeros(len(p))
    result[kept[:fewest]] = p[kept[:fewest]]
    return result / result.sum()


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.0, 0, 1.0), (1.0, 3, 1.0), (1.0, 0, 0.7), (1.5, 4, 0.8), (1.0, 0, 0.01)],
)
def test_draws_follow_the_softmax(temperature, top_k, top_p):
    counts = np.bincount(draws(Choice(temperature, top_k, top_p), 1000, 20).ravel(), minlength=len(LOGITS_V))
    p = expected(temperature, top_k, top_p)
    assert set(np.flatnonzero(counts)) == set(np.flatnonzero(p))
    if np.count_nonzero(p) > 1:
        assert scipy.stats.chisquare(counts[p > 0], counts.sum() * p[p > 0]).pvalue > 1e-3


def test_samples_are_independent_of_one_another_and_of_time():
    symbols_TN = draws(Choice(), 2, 4000)
    for one, other in (symbols_TN.T, (symbols_TN[1:, 0], symbols_TN[:-1, 0]), (symbols_TN[1:, 0], symbols_TN[:-1, 1])):
        table = scipy.stats.contingency.crosstab(one, other).count
        assert scipy.stats.chi2_contingency(table).pvalue > 1e-3


def test_a_seed_gives_one_text_and_another_seed_another():
    np.testing.assert_array_equal(draws(Choice(), 3, 40), draws(Choice(), 3, 40))
    assert (draws(Choice(), 3, 40) != draws(Choice(), 3, 40, jax.random.key(8))).any()


@pytest.mark.parametrize("choice", [Choice(temperature=0.0), Choice(feedback="argmax"), Choice(top_k=1), Choice(1e-4)])
def test_the_greedy_choices_take_the_best_symbol(choice):
    assert (draws(choice, 5, 20) == np.argmax(LOGITS_V)).all()


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(7)),
    spread=st.floats(0.1, 2.0),
    top_k=st.integers(0, 9),
    top_p=st.floats(0.01, 1.0),
)
def test_the_support(order, spread, top_k, top_p):
    """Of different logits in any order: the k best, of those the fewest that reach p, the best in any case."""
    logits = spread * np.array(order, np.float32)
    best_first = np.argsort(-logits)[: top_k or None]
    mass = np.cumsum(scipy.special.softmax(logits[best_first].astype(np.float64)))
    assume(np.abs(mass - top_p).min() > 1e-5)  # where rounding may decide
    fewest = np.sum(mass < top_p) + 1
    kept = np.isfinite(restrict(jnp.asarray(logits), top_k, top_p))
    assert set(np.flatnonzero(kept)) == set(best_first[:fewest])


def test_equal_symbols_at_the_edge_of_the_best_k_all_stay():
    np.testing.assert_array_equal(np.isfinite(restrict(jnp.array([1.0, 2.0, 1.0, 0.0]), 2, 1.0)), [1, 1, 1, 0])


def test_restricted_logits_keep_their_values():
    kept = restrict(jnp.asarray(LOGITS_V, jnp.float32), 3, 1.0)
    np.testing.assert_allclose(kept, np.where(LOGITS_V >= 0.3001, LOGITS_V, -np.inf), rtol=1e-6)
