"""Predict the next symbol of a text.

Worked example, the lecture's: the text "hello" over the vocabulary e, h, l, o
gives inputs h, e, l, l and targets e, l, l, o.

The floor is what counting alone reaches; ``floor_unigram_nats`` in the task's
facts is the entropy of single symbols, the loss of a model that ignores context.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError, counted
from rnn_research.tasks.batches import Stream
from rnn_research.tasks.interface import Interface
from rnn_research.tasks.interface import symbols as next_of
from rnn_research.tasks.task import EVALUATION, Pieces, Split, Task
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text import streams, vocabulary
from rnn_research.tasks.text.coverage import Coverage, coverage, entropy
from rnn_research.tasks.text.cutting import cut, shares
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.types import Array, Key

CARRIES = ("stream", "zero")

FIELDS: Section = {
    "path": Field("", "files or folders, commas between; gzip is unpacked; empty: the embedded corpus"),
    "glob": Field("**/*", "which files of a folder"),
    "all_files": Field(False, "hidden and binary files of a folder, too"),
    "keep_byte_order_mark": Field(False, "the mark counts as symbols, and UTF-16 is read byte for byte"),
    "most_bytes": Field(2**28, "of text, unpacked; 0: no limit", low=0),
    "text": Field("", "the text itself, instead of a path"),
    "level": Field(
        "bytes", "what a symbol is; tokens: blanks between them, a line ends as <eos>", choices=vocabulary.LEVELS
    ),
    "min_count": Field(1, "rarer words become <unk>", low=1),
    "split": Field(
        "contiguous",
        "contiguous: the end of the text is held out; streams: the end of every stream",
        choices=("contiguous", "streams"),
    ),
    "validation_fraction": Field(0.05, "of the text"),
    "test_fraction": Field(0.05, "of the text"),
    "batch_size": Field(32, "parallel streams", low=1),
    "chunk_length": Field(100, "time steps of truncated backpropagation", low=1),
    "carry": Field("stream", "handed from chunk to chunk of a stream, or zero: anew at every chunk", choices=CARRIES),
    "fresh_probability": Field(
        0.03, "of each stream to start anew at a chunk of training (carry=stream)", low=0, high=1
    ),
    "reset_at_documents": Field(False, "the carry starts anew where a document ends"),
}


def language_modelling(config: Any, evaluation: Any, stored: Vocabulary | None = None) -> Task:
    """Builds the task from ``config.task`` and ``config.evaluation``.

    Args:
      config: the task section.
      evaluation: the evaluation section: how many streams, whether the carry is kept.
      stored: the vocabulary of an earlier run that this one must match.

    Raises:
      UserError: for text that is missing, empty, too short or of another vocabulary.
    """
    check(FIELDS, config, "task.")
    check(EVALUATION, evaluation, "evaluation.")
    corpus = load(config)
    if config.split == "streams":
        return cut_in_time(config, evaluation, corpus, stored)
    if config.level != "bytes":  # before the cut, so that an offset counts from the beginning of the file
        for name, document in zip(corpus.names, corpus.documents, strict=True):
            vocabulary.readable(document, name)
    parts = cut(corpus, config)
    # Words are counted on the training part alone; other levels have no <unk> to fall back on.
    told_by = (
        parts["train"]
        if config.level in vocabulary.OF_WORDS
        else list(zip(corpus.names, corpus.documents, strict=True))
    )
    rule = stored.rule if stored is not None and stored.level == config.level else ""  # a run goes on as it began
    words = vocabulary.build(told_by, config.level, config.min_count, rule)
    if stored is not None and (difference := stored.difference(words)):
        raise UserError(refusal_of(config, difference))

    splits: dict[str, Split] = {}
    size = {name: sum(len(text) for _, text in documents) for name, documents in parts.items()}
    coverages: dict[str, Coverage] = {}
    pieces: dict[str, Pieces] = {}
    unigram = math.nan
    for name, documents in parts.items():
        encoded, ends, lengths = encode(documents, words, config.reset_at_documents)
        coverages[name] = coverage(encoded, words)
        if name == "train":
            splits[name] = streams.training(encoded, ends, config.batch_size, config.chunk_length)
            unigram = entropy(np.bincount(encoded[encoded >= 0]))
        elif len(encoded) < 2:
            raise UserError(
                f"the {name} text has {counted(len(encoded), 'symbol')}, at least 2 are needed: "
                f"raise task.{name}_fraction or set it to 0"
            )
        else:
            splits[name] = streams.evaluation(encoded, ends, evaluation.batch_size, config.chunk_length)
            pieces[name] = streams.pieces_of(lengths, splits[name], config.chunk_length)
        splits[name] = splits[name]._replace(facts=coverages[name])

    facts = {
        **corpus_facts(config, corpus),
        "vocabulary_size": len(words),
        "bytes": size,
        "tokens": {name: found.symbols for name, found in coverages.items()},
        "bytes_per_token": {name: found.bytes_per_token for name, found in coverages.items()},
        "floor_unigram_nats": unigram,
    }
    return next_symbol(
        words,
        splits,
        config.chunk_length,
        config.carry,
        evaluation.carry,
        facts,
        config.fresh_probability,
        pieces,
    )


def cut_in_time(config: Any, evaluation: Any, corpus: corpora.Corpus, stored: Vocabulary | None) -> Task:
    """The task where every stream has its own train, validation and test part (``config.split = streams``).

    Raises:
      UserError: for levels other than bytes, whose symbols must be known before the text is cut.
    """
    if config.level != "bytes":
        raise UserError(f"task.split=streams needs task.level=bytes, not {config.level}")
    documents = list(zip(corpus.names, corpus.documents, strict=True))
    cut(corpus, config)  # refuses fractions that leave nothing
    words = vocabulary.build(documents, config.level, config.min_count)
    if stored is not None and (difference := stored.difference(words)):
        raise UserError(refusal_of(config, difference))
    encoded, ends, _ = encode(documents, words, config.reset_at_documents)
    splits = streams.in_time(encoded, ends, config.batch_size, config.chunk_length, shares(config))
    tokens = {name: int(split.batches * config.chunk_length * config.batch_size) for name, split in splits.items()}
    splits = {name: split._replace(facts=Coverage(tokens[name], 1.0)) for name, split in splits.items()}
    number_B1 = np.arange(config.batch_size)[:, None]
    pieces = {
        name: Pieces(np.repeat(number_B1, split.batches, axis=1), "streams", config.chunk_length)
        for name, split in splits.items()
        if name != "train"
    }
    facts = {
        **corpus_facts(config, corpus),
        "vocabulary_size": len(words),
        "bytes": tokens,
        "tokens": tokens,
        "bytes_per_token": dict.fromkeys(tokens, 1.0),
        "floor_unigram_nats": entropy(np.bincount(np.asarray(splits["train"].data.tokens_SB).ravel())),
    }
    return next_symbol(
        words,
        splits,
        config.chunk_length,
        config.carry,
        evaluation.carry,
        facts,
        config.fresh_probability,
        pieces,
    )


def refusal_of(config: Any, difference: str) -> str:
    """Why a run cannot go on with this text."""
    given = f"path={config.path}" if config.path else f"text={config.text[:40]!r}"
    return (
        f"task.{given}: the text has another vocabulary than the run was trained on: {difference}: "
        "restore its text, or begin a run of this one in another directory"
    )


def corpus_facts(config: Any, corpus: corpora.Corpus) -> dict[str, Any]:
    """Which text it is."""
    return {
        "corpus": config.text or config.path or "embedded standard library",
        "corpus_sha256": corpus.sha256,
        "corpus_documents": len(corpus.documents),
        "corpus_notes": list(corpus.notes),
    }


def next_symbol(
    words: Vocabulary,
    splits: Mapping[str, Split],
    chunk: int,
    carry: str,
    evaluation_carry: str,
    facts: Mapping[str, Any],
    fresh_probability: float = 0.0,
    pieces: Mapping[str, Pieces] = MappingProxyType({}),
) -> Task:
    """The task over text that is already laid in streams.

    Args:
      words: its vocabulary.
      splits: the streams; the facts of each are its ``Coverage``.
      chunk: time steps of a batch.
      carry: of training, ``stream`` or ``zero``.
      evaluation_carry: of the other splits.
      facts: what provenance must know.
      fresh_probability: of training alone.
      pieces: of every split that is to have an interval.
    """

    def batch(data: Any, key: Key, step: Array) -> Stream:
        return streams.batch(data, step, chunk, carry == "stream", key, fresh_probability)

    def evaluation_batch(data: Any, key: Key, step: Array) -> Stream:
        del key
        return streams.batch(data, step, chunk, evaluation_carry == "stream")

    return Task(
        name="text",
        interface=interface(len(words)),
        splits=splits,
        batch=batch,
        evaluation_batch=evaluation_batch,
        facts=facts,
        symbols=words,
        length=chunk,
        pieces=pieces,
        goes_on=evaluation_carry == "stream",
    )


def interface(V: int) -> Interface:
    """Of a text of V symbols."""
    return Interface(Stream, V, next_of(V))


def load(config: Any) -> corpora.Corpus:
    """The corpus that ``config.task`` names: inline text, paths, or the embedded one."""
    if config.text and config.path:
        raise UserError(
            f"task.path={config.path} and task.text={config.text[:40]!r} are both given: leave one of them empty"
        )
    if config.text:
        return corpora.inline(config.text, config.keep_byte_order_mark)
    if config.path:
        return corpora.read(config.path, corpora.reading_of(config))
    return corpora.embedded()


def parts_of(corpus: corpora.Corpus, config: Any) -> dict[str, list[tuple[str, bytes]]]:
    """The documents of every split, as ``config.split`` cuts them; each stream's piece is a document of its own."""
    if config.split == "contiguous":
        return cut(corpus, config)
    whole = np.frombuffer(b"".join(corpus.documents), np.uint8)
    splits = streams.in_time(whole, None, config.batch_size, config.chunk_length, shares(config))
    return {
        name: [(f"stream {b + 1}", np.asarray(piece, np.uint8).tobytes()) for b, piece in enumerate(split.data[0].T)]
        for name, split in splits.items()
    }


def encode(
    documents: list[tuple[str, bytes]], words: Vocabulary, mark_ends: bool
) -> tuple[np.ndarray, np.ndarray | None, list[int]]:
    """All documents as one ``[S]`` array of symbols, where they end if ``mark_ends``, and how long each is."""
    encoded = [words.encode(text, name) for name, text in documents]
    tokens = np.concatenate([*encoded, np.zeros(0, np.int32)])
    lengths = [len(e) for e in encoded]
    if not mark_ends:
        return tokens, None, lengths
    ends = np.zeros(len(tokens), bool)
    ends[np.cumsum([length for length in lengths if length]) - 1] = True
    return tokens, ends, lengths
