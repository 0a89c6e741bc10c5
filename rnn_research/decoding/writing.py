"""Text from a trained model, piece by piece."""

import codecs
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.decoding.generate import Choice, generate, prime
from rnn_research.errors import UserError
from rnn_research.models.model import Model
from rnn_research.tasks.text.vocabulary import OF_WORDS, OUTSIDE, Vocabulary, split
from rnn_research.types import Carry, Key, Params
from rnn_research.unroll import StackEdit

PIECE = 250  # symbols in one compiled call
SHOWN = 70  # of a sample at an evaluation
LONGEST_SAMPLE = 10_000_000  # symbols, written at the end of a run

FIELDS: Section = {
    "sample_length": Field(
        400,
        "symbols of text to write at the end, whose first are shown at every evaluation; 0: none",
        low=0,
        high=LONGEST_SAMPLE,
    ),
    "sample_prime": Field("", "text that the sample goes on from"),
    "sample_temperature": Field(1.0, "divides the logits of the sample; 0: always the likeliest symbol", low=0),
    "show_scores": Field(False, "print the scores of every step of a short text"),
}


def write(
    model: Model,
    params: Params,
    vocabulary: Vocabulary,
    key: Key,
    *,
    length: int,
    samples: int = 1,
    priming: str = "",
    choice: Choice = Choice(),
    piece: int = PIECE,
    edit: StackEdit | None = None,
    start: Carry | None = None,
) -> Iterator[list[str]]:
    """Yields the next piece of each of N samples until ``length`` symbols are written.

    Without priming text the model reads a line break first (or, where the
    vocabulary has none, its first symbol), which is not part of the text.
    ``edit`` acts from the first symbol read on. ``start`` is where the model begins to read
    (``Trained.start``); None: at its initial carry.

    Raises:
      UserError: if the priming text has a symbol that the model does not know.
    """
    generation = prime(model, params, jnp.asarray(first_read(vocabulary, priming)), samples, edit, start)
    decoders = [codecs.getincrementaldecoder("utf-8")(errors="replace") for _ in range(samples)]
    texts = [vocabulary.decoder(priming) for _ in range(samples)]
    done = 0
    while done < length:
        # Every piece but the last is of one length, so that one program serves them all.
        generation, symbols_TN = generate(model, params, generation, key, length=piece, choice=choice, edit=edit)
        written = np.asarray(symbols_TN)[: length - done]
        done += piece
        yield [
            decoder.decode(text(column), done >= length)
            for decoder, text, column in zip(decoders, texts, written.T, strict=True)
        ]


def at_evaluations(
    config: ConfigDict, model: Model, vocabulary: Vocabulary | None
) -> Callable[[Params, Carry], Callable[[], str]] | None:
    """The beginning of a sample while a model learns to write; None where none is wanted, or it does not write.

    Args:
      config: of the run; reads the fields that the sample at its end has.
      model: that is trained.
      vocabulary: of its text.

    Returns:
      ``shown(params, carry of the training streams)``: writes it, since several devices of a CPU must not be run
      ahead of, and gives what turns it into text.
    """
    evaluation = config.evaluation
    if vocabulary is None or model.decoder is None or not evaluation.sample_length or jax.process_count() > 1:
        return None
    length = min(SHOWN, evaluation.sample_length)
    prime_text, key = evaluation.sample_prime, sample_key(config.seed)
    symbols_T = jnp.asarray(first_read(vocabulary, prime_text))
    choice = Choice(temperature=evaluation.sample_temperature)
    from_mean = begins_at_mean(config)

    def shown(params: Params, carry: Carry) -> Callable[[], str]:
        start = jax.tree.map(lambda c: np.asarray(c).mean(axis=0), carry) if from_mean else None
        begun = prime(model, params, symbols_T, 1, None, start)
        # Of the length of the pieces of the sample at the end, so that one program serves both.
        _, symbols_TN = jax.block_until_ready(generate(model, params, begun, key, length=PIECE, choice=choice))

        def text() -> str:
            decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
            return repr(decoder.decode(vocabulary.decoder(prime_text)(np.asarray(symbols_TN)[:length, 0]), True))

        return text

    return shown


def begins_at_mean(config: ConfigDict) -> bool:
    """Whether a text begins at the mean carry of the training streams: a network that hardly ever met another."""
    task = config.task
    return "fresh_probability" in task and task.carry == "stream" and not task.fresh_probability


def first_read(vocabulary: Vocabulary, priming: str) -> np.ndarray:
    """The symbols that a model reads before it writes: the priming text, or a line break, or the first symbol.

    Raises:
      UserError: if the priming text has a symbol that the model does not know.
    """
    return encode_priming(vocabulary, priming) if priming else np.maximum(vocabulary.encode(b"\n"), 0)


def encode_priming(vocabulary: Vocabulary, priming: str, flag: str = "--prime") -> np.ndarray:
    """The symbols of the text that a model reads first.

    Raises:
      UserError: if it has none, or one that the model does not know.
    """
    try:
        symbols = vocabulary.encode(priming.encode(), flag)
    except UnicodeEncodeError as error:
        raise UserError(f"{flag}={priming!r} is not text: give it in UTF-8") from error
    if (symbols == OUTSIDE).any():
        raise UserError(
            f"{flag}={priming!r} has a symbol that the model's vocabulary lacks "
            f"({lacking(vocabulary, priming)}): leave it out"
        )
    if not len(symbols):
        raise UserError(f"{flag}={priming!r} holds no {vocabulary.level} to read: give others, or leave it out")
    return symbols


def unknown_words(vocabulary: Vocabulary, priming: str) -> list[str]:
    """The words of the priming text that the model reads as ``<unk>``; none at levels without words."""
    if vocabulary.level not in OF_WORDS:
        return []
    words = split(priming.encode(), vocabulary.level, "--prime", vocabulary.rule)
    return [word for word in dict.fromkeys(words) if word not in vocabulary.symbols]


def lacking(vocabulary: Vocabulary, text: str) -> str:
    """The first few symbols of ``text`` that the vocabulary lacks, quoted."""
    unknown = dict.fromkeys(c for c in text if (vocabulary.encode(c.encode()) == OUTSIDE).any())
    return ", ".join(repr(c) for c in list(unknown)[:5])


def sample_key(seed: int) -> Key:
    """The key of a sampling seed."""
    return jax.random.key(seed)
