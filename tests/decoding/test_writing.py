"""Text from a trained model: piece by piece, in whole characters, one seed one text."""

import jax
import jax.numpy as jnp
import pytest

from rnn_research.decoding.generate import generate
from rnn_research.decoding.writing import SHOWN, Choice, at_evaluations, sample_key, write
from rnn_research.errors import UserError
from rnn_research.models.model import Decoder
from rnn_research.tasks.text.vocabulary import build
from rnn_research.training.build import build as build_run
from rnn_research.training.defaults import defaults
from tests.time_first import language_model

CYCLE = "né😀\n".encode()


def reciting(text):
    """A vocabulary, and a model that always goes on to the next symbol of the text, all of them different."""
    words = build([("", text)], "bytes")
    follows = words.encode(text[1:] + text[:1])[words.encode(text).argsort()]

    def scores(symbols):
        return 50 * jax.nn.one_hot(jnp.asarray(follows)[symbols], len(words))

    return words, language_model(defaults().model, len(words))._replace(
        carry=lambda params, B: (),
        predict=lambda params, batch, carry, **_: (scores(batch.inputs), carry),
        decoder=Decoder(lambda params, carry, inputs, edits: (scores(inputs), carry)),
    )


def written(length, piece, text=CYCLE, priming="", **more):
    words, model = reciting(text)
    pieces = list(write(model, (), words, sample_key(0), length=length, piece=piece, priming=priming, **more))
    return ["".join(parts) for parts in zip(*pieces, strict=True)], len(pieces)


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_a_character_of_several_bytes_may_fall_in_two_pieces(piece):
    (text,), _ = written(16, piece)
    assert text == "né😀\nné😀\n"


def test_the_length_is_that_asked_for():
    assert written(10, 4)[1] == 3
    assert len(written(10, 4, b"abc\n")[0][0]) == 10


def test_a_character_cut_at_the_end_is_shown_as_unreadable():
    assert written(2, 100)[0] == ["n�"]


def test_priming_is_read_and_not_repeated():
    assert written(3, 2, b"abcdef", "abc")[0] == ["def"]


def test_without_priming_a_text_begins_after_a_line_break():
    assert written(3, 2, b"xyz\nabc")[0] == ["abc"]


def test_without_a_line_break_in_the_vocabulary_it_begins_after_the_first_symbol():
    assert written(3, 2, b"dbca")[0] == ["dbc"]


def test_several_samples():
    assert written(4, 3, b"ab\n", samples=3)[0] == ["ab\na"] * 3


@pytest.mark.parametrize("piece", [1, 7])
def test_a_seed_gives_one_text_whatever_the_pieces(piece):
    """Drawn at a temperature at which the model forgets its text."""
    hot = Choice(temperature=100.0)
    one, _ = written(40, piece, b"abcd\n", choice=hot, samples=2)
    other, _ = written(40, 40, b"abcd\n", choice=hot, samples=2)
    assert one == other
    assert one[0] != one[1]


def test_priming_outside_the_vocabulary():
    with pytest.raises(UserError, match=r"--prime='xnΩ' has a symbol that the model's vocabulary lacks.*'x', 'Ω'"):
        written(3, 2, priming="xnΩ")


def test_a_stream_of_pieces_compiles_one_program():
    config = defaults()
    config.task.update({"text": "the quick brown fox " * 20, "batch_size": 4, "chunk_length": 6})
    config.model.update({"cell": "elman", "hidden": 5})
    run = build_run(config)
    params = run.program.init(run.numbers).params
    before = generate._cache_size()
    pieces = list(write(run.model, params, run.task.symbols, sample_key(0), length=12, priming="the", piece=3))
    assert len(pieces) == 4
    assert generate._cache_size() == before + 1, "the second piece met other types, and compiled again"


@pytest.mark.parametrize(("length", "temperature"), [(0, 1.0), (10, 1.0), (400, 0.0)])
def test_what_is_shown_at_an_evaluation_is_how_the_sample_at_the_end_would_begin(length, temperature):
    config = defaults()
    config.evaluation.update({"sample_length": length, "sample_temperature": temperature, "sample_prime": "n"})
    words, model = reciting(CYCLE)
    shown = at_evaluations(config, model, words)
    if not length:
        assert shown is None
        return
    choice = Choice(temperature=temperature)
    (text,), _ = written(min(SHOWN, length), 250, priming="n", choice=choice)
    assert shown((), ())() == repr(text)


def test_a_model_that_does_not_write_shows_nothing():
    words, model = reciting(CYCLE)
    assert at_evaluations(defaults(), model._replace(decoder=None), words) is None
    assert at_evaluations(defaults(), model, None) is None
