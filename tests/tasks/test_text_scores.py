"""Nats, bits, perplexity and entropy, held against SciPy and numbers worked out by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from rnn_research.models import answers
from rnn_research.models.perplexity import figures_of_text, limits_of, perplexity
from rnn_research.models.readout import mean
from rnn_research.tasks.interface import symbols
from rnn_research.tasks.text.coverage import Coverage, coverage, entropy
from rnn_research.tasks.text.vocabulary import build
from rnn_research.training.walk import totals

TARGETS_TB = np.array([[0, 1], [2, -1], [3, 3]])


@pytest.fixture
def logits_TBV():
    return 3 * jax.random.normal(jax.random.key(0), (3, 2, 4))


def expected_nats(logits_TBV):
    log_probability = scipy.special.log_softmax(np.asarray(logits_TBV, np.float64), axis=-1)
    return np.array(
        [[0.0 if k < 0 else -log_probability[t, b, k] for b, k in enumerate(row)] for t, row in enumerate(TARGETS_TB)]
    )


def cross_entropy(logits_TBV, targets_TB):
    return mean(symbols(4), logits_TBV, targets_TB, over=(0,))


def test_nats(logits_TBV):
    nats_TB, scored_TB, _ = answers.nats_of(logits_TBV, jnp.asarray(TARGETS_TB))
    np.testing.assert_allclose(nats_TB, expected_nats(logits_TBV), rtol=1e-5)
    np.testing.assert_array_equal(scored_TB, TARGETS_TB >= 0)


def test_the_loss_is_the_mean_over_scored_symbols(logits_TBV):
    np.testing.assert_allclose(
        cross_entropy(logits_TBV, jnp.asarray(TARGETS_TB)), expected_nats(logits_TBV).sum() / 5, rtol=1e-5
    )


def test_a_symbol_outside_the_vocabulary_gives_no_gradient(logits_TBV):
    gradient_TBV = jax.grad(cross_entropy)(logits_TBV, jnp.asarray(TARGETS_TB))
    one_hot = np.where(TARGETS_TB[..., None] >= 0, np.eye(4)[TARGETS_TB], 0)
    expected = scipy.special.softmax(np.asarray(logits_TBV), axis=-1) * (TARGETS_TB >= 0)[..., None] - one_hot
    np.testing.assert_allclose(gradient_TBV, expected / 5, atol=1e-6)


def test_nothing_to_score_is_no_loss():
    assert cross_entropy(jnp.ones((2, 1, 3)), jnp.full((2, 1), -1)) == 0


def test_sums_over_time(logits_TBV):
    sums = answers.sums(symbols(4), logits_TBV, jnp.asarray(TARGETS_TB), over=(0,))
    np.testing.assert_allclose(sums["nats"][0], expected_nats(logits_TBV).sum(0), rtol=1e-5)
    np.testing.assert_array_equal(sums["nats"][1], [3, 2])
    np.testing.assert_array_equal(sums["right"][1], [3, 2])
    np.testing.assert_array_equal(answers.counts(symbols(4), jnp.asarray(TARGETS_TB), over=(0,)), [3, 2])
    np.testing.assert_array_equal(sums["right"][0], (np.argmax(logits_TBV, -1) == TARGETS_TB).sum(0))


def test_headline_figures_by_hand():
    """8 symbols at 2 bits each, 2 bytes a symbol."""
    figures = figures_of_text({"nats": (16 * math.log(2), 8), "right": (4, 8)}, Coverage(9, 2.0))
    assert figures == pytest.approx(
        {
            "nats_per_token": 2 * math.log(2),
            "bits_per_byte": 1.0,
            "perplexity": 4.0,
            "accuracy": 0.5,
            "tokens": 8,
        }
    )


def test_many_small_sums_do_not_lose_precision():
    """Float32 addition would stop growing at 2^24."""
    counted = np.array([2**24, 1, 1, 1], np.float32)
    assert totals({"nats": (counted, counted)}) == {"nats": (2**24 + 3, 2**24 + 3)}


def test_a_perplexity_that_no_float_holds_is_left_out():
    figures = figures_of_text({"nats": (1e6, 1), "right": (0, 1)}, Coverage(2, 1.0))
    assert "perplexity" not in figures
    assert perplexity(1e6) == math.inf
    assert perplexity(700.0) == pytest.approx(math.exp(700))


SUMS = {"nats": (8 * math.log(2), 4), "right": (1, 4)}


def test_the_size_of_a_symbol_is_that_of_the_symbols_that_are_scored():
    """The first of a text is read and not scored; with an accent it has two bytes."""
    words = build([("", "aéè".encode())], "codepoints")
    found = coverage(words.encode("aéèéè".encode()), words)
    assert found == (5, 2.0, 0, 0.0)
    assert figures_of_text(SUMS, found)["bits_per_byte"] == pytest.approx(1)


def test_symbols_outside_the_vocabulary_lower_no_bits():
    """They are not coded, so their bytes do not count: 8,000 of them planted leave the figure where it was."""
    words = build([("", b"abcd")], "codepoints")
    text = "abcd" * 500
    planted = text[:1000] + "\N{SNOWMAN}" * 8000 + text[1000:]
    before, after = (coverage(words.encode(t.encode()), words) for t in (text, planted))
    assert (before.bytes_per_token, after.bytes_per_token) == (1, 1)
    assert (before.uncoded_symbols, after.uncoded_symbols, after.uncoded_share) == (0, 8000, 8000 / 9999)
    figures = [figures_of_text(SUMS, found) for found in (before, after)]
    assert figures[0]["bits_per_byte"] == figures[1]["bits_per_coded_byte"] == 2
    assert "bits_per_byte" not in figures[1]
    assert limits_of(figures[0]) == []
    (sentence,) = limits_of(figures[1])
    one = {"uncoded_symbols": 1, "uncoded_symbols_share": 0.001}
    assert limits_of(one)[0].startswith("1 symbol (0.10%) is outside the vocabulary and is not coded")
    assert sentence.startswith("8,000 symbols (80.01%) are outside the vocabulary and are not coded")


def test_words_have_no_bits_per_byte():
    """Neither blanks nor what stands for <unk> can be read back from them."""
    words = build([("", b"a b c")], "words")
    found = coverage(words.encode(b"a b  b c zebra"), words)
    assert (found.bytes_per_token, found.unknown_share) == (None, 0.25)
    figures = figures_of_text(SUMS, found)
    assert not any("bit" in name for name in figures)
    assert figures["perplexity"] == pytest.approx(4)
    assert limits_of({f"test_{name}": value for name, value in figures.items()}, "test") == [
        "25.00% of the symbols that are scored are <unk>, whose spelling is not coded"
    ]


def test_a_text_of_unknown_words_has_no_perplexity():
    """To guess <unk> every time is no language model."""
    words = build([("", b"a b")], "words", min_count=2)
    assert words.symbols == ("<unk>",)
    figures = figures_of_text({**SUMS, "nats": (0.0, 4)}, coverage(words.encode(b"so many words"), words))
    assert "perplexity" not in figures
    assert limits_of(figures)[0].endswith("a perplexity is not given")


@pytest.mark.parametrize("counts", [[1], [1, 1], [3, 0, 1], [5, 4, 3, 0, 2]])
def test_entropy(counts):
    assert str(entropy(np.array(counts)))[0] != "-"
    assert entropy(np.array(counts)) == pytest.approx(scipy.stats.entropy(counts))
