"""The task as a whole: from a config's section to batches, floor and facts."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from rnn_research.errors import UserError
from rnn_research.models.perplexity import figures_of_text
from rnn_research.tasks import TASKS
from rnn_research.tasks.text import language_modelling
from rnn_research.tasks.text.vocabulary import build
from rnn_research.training.defaults import defaults, task_defaults

TEXT = "the quick brown fox jumps over the lazy dog. " * 8


def task_of(stored=None, **fields):
    config = defaults()
    config.task.update({"text": TEXT, "batch_size": 2, "chunk_length": 5, **fields})
    config.evaluation.batch_size = 2
    return TASKS["text"].build(config.task, config.evaluation, stored)


def read(task, split):
    """All that a split scores, in order of stream and time, as text."""
    function = task.batch if split == "train" else task.evaluation_batch
    part = task.splits[split]
    found = [function(part.data, jax.random.key(0), jnp.asarray(k)) for k in range(part.batches)]
    targets_BS = np.concatenate([b.targets for b in found], axis=1)
    return task.symbols.decode(t for t in targets_BS.ravel() if t >= 0).decode()


def test_hello():
    """The lecture's example: h, e, l, l predict e, l, l, o."""
    task = task_of(text="hello", batch_size=1, chunk_length=4, validation_fraction=0.0, test_fraction=0.0)
    assert set(task.splits) == {"train"}
    assert task.symbols.symbols == ("e", "h", "l", "o")
    batch = task.batch(task.splits["train"].data, jax.random.key(0), jnp.asarray(0))
    assert task.symbols.decode(np.asarray(batch.inputs)[0]) == b"hell"
    assert task.symbols.decode(np.asarray(batch.targets)[0]) == b"ello"


def test_the_splits_are_the_text():
    task = task_of(validation_fraction=0.1, test_fraction=0.2)
    assert read(task, "validation") == TEXT[252:288][1:]
    assert read(task, "test") == TEXT[288:][1:]
    assert read(task, "train") == TEXT[1:126] + TEXT[127:252]


def test_facts():
    task = task_of(validation_fraction=0.1, test_fraction=0.2)
    facts = task.facts
    assert facts["corpus_sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert facts["vocabulary_size"] == len(set(TEXT)) == task.interface.inputs == task.interface.answer.size
    assert facts["tokens"] == facts["bytes"] == {"train": 252, "validation": 36, "test": 72}


def test_the_floor_is_the_entropy_of_single_symbols_of_the_training_text():
    task = task_of(text="aab" * 40 + "zzzz" * 3, test_fraction=0.0, validation_fraction=12 / 132)
    assert task.facts["floor_unigram_nats"] == pytest.approx(scipy.stats.entropy([2, 1]))


def test_a_words_vocabulary_knows_the_training_text_alone():
    task = task_of(text="a b " * 20 + "c c c c", level="words", validation_fraction=0.0, test_fraction=0.1)
    assert task.symbols.symbols == ("<unk>", "a", "b")
    assert read(task, "test") == "<unk> <unk> <unk>"


def test_bytes_of_a_symbol():
    task = task_of(text="é" * 100, level="codepoints", validation_fraction=0.5, test_fraction=0.0)
    assert task.facts["bytes_per_token"] == {"train": 2, "validation": 2}


def test_each_split_has_bytes_a_symbol_of_its_own():
    """Not those of the text that it was trained on."""
    task = task_of(text="a" * 100 + "é" * 20, level="codepoints", validation_fraction=40 / 140, test_fraction=0.0)
    assert task.facts["bytes_per_token"] == {"train": 1, "validation": 2}
    totals = {"nats": (6, 6), "right": (6, 6)}
    found = [figures_of_text(totals, task.splits[split].facts) for split in ("train", "validation")]
    bits = [figures["bits_per_byte"] for figures in found]
    assert bits == pytest.approx([1 / np.log(2), 1 / np.log(4)])


def test_chunks_know_the_document_that_they_begin_in(tmp_path):
    """Three documents of 100, 7 and 93 characters are held out; a chunk has ten targets, the first symbol is none."""
    for name, size in (("0", 200), ("1", 100), ("2", 7), ("3", 93)):
        (tmp_path / name).write_text("ab" * (size // 2) + "c" * (size % 2))
    task = task_of(
        text="", path=str(tmp_path), chunk_length=10, batch_size=2, validation_fraction=0.0, test_fraction=0.5
    )
    found = task.pieces["test"]
    assert found[1:] == ("documents", 10)
    assert found.piece_BK.shape == (task.splits["test"].batch_size, task.splits["test"].batches)
    assert found.piece_BK.ravel()[:20].tolist() == [0] * 10 + [1] + [2] * 9


def test_of_streams_cut_in_time_each_has_a_piece():
    task = task_of(split="streams", batch_size=3, chunk_length=10, validation_fraction=0.2, test_fraction=0.2)
    assert task.pieces["test"].kind == "streams"
    assert (task.pieces["test"].piece_BK == np.arange(3)[:, None]).all()
    assert task.pieces["test"].piece_BK.shape == (3, task.splits["test"].batches)


def test_documents_end_where_files_end(tmp_path):
    (tmp_path / "1").write_text("abcdefgh")
    (tmp_path / "2").write_text("ijk")
    (tmp_path / "3").write_text("lmnop")
    task = task_of(
        text="", path=str(tmp_path), reset_at_documents=True, batch_size=1, validation_fraction=0.0, test_fraction=0.0
    )
    batches = [task.batch(task.splits["train"].data, jax.random.key(0), jnp.asarray(k)) for k in range(3)]
    ended = [np.asarray(b.inputs)[np.asarray(b.ends_BT)] for b in batches]
    assert [task.symbols.decode(symbols) for symbols in ended] == [b"", b"h", b"k"]


def test_the_same_step_is_the_same_batch_whatever_the_key():
    task = task_of()
    one, other = (task.batch(task.splits["train"].data, jax.random.key(k), jnp.asarray(3)) for k in (0, 1))
    np.testing.assert_array_equal(one.inputs, other.inputs)


def test_another_vocabulary_is_refused_in_a_sentence():
    with pytest.raises(UserError, match=r"task.path: .*another vocabulary .*27 symbols|28 symbols instead of 4"):
        task_of(stored=build([("", b"hello")], "bytes"))


def test_the_same_vocabulary_is_accepted():
    task_of(stored=task_of().symbols)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_too_short_to_score(split):
    other = {"validation": "test", "test": "validation"}[split]
    with pytest.raises(UserError, match=f"the {split} text has 1 symbol, .* raise task.{split}_fraction"):
        task_of(**{f"{split}_fraction": 1 / len(TEXT), f"{other}_fraction": 0.1})


@pytest.mark.parametrize("level", ["codepoints", "words"])
@pytest.mark.parametrize("offset", [3, 350])
def test_the_offset_of_a_wrong_byte_counts_from_the_beginning_of_the_file(tmp_path, level, offset):
    path = tmp_path / "latin1.txt"
    path.write_bytes(TEXT.encode()[:offset] + b"\xe9" + TEXT.encode()[offset:])
    with pytest.raises(UserError, match=f"{path} is not UTF-8: byte 0xe9 at offset {offset};"):
        task_of(text="", path=str(path), level=level)


@pytest.mark.parametrize("field", ["batch_size", "chunk_length", "min_count"])
def test_sizes_below_one_are_refused(field):
    with pytest.raises(UserError, match=f"task.{field}=0 must be at least 1"):
        task_of(**{field: 0})


def test_an_unknown_carry_is_refused():
    with pytest.raises(UserError, match=r"task.carry='streams' .*did you mean 'stream'"):
        task_of(carry="streams")


def test_streams_cut_in_time_hold_every_byte_of_their_part():
    config = task_defaults("text")
    config.update({"text": "".join(chr(97 + i % 26) for i in range(1000)), "split": "streams", "batch_size": 4})
    config.update({"chunk_length": 10, "validation_fraction": 0.25, "test_fraction": 0.25})
    corpus = language_modelling.load(config)
    parts = language_modelling.parts_of(corpus, config)
    assert {name: len(pieces) for name, pieces in parts.items()} == {"train": 4, "validation": 4, "test": 4}
    text = corpus.documents[0]
    for b in range(4):
        stream = text[250 * b : 250 * (b + 1)]
        assert parts["train"][b][1] == stream[:121]  # half of the 24 whole chunks, and the last target
        assert parts["test"][b][1] == stream[180:241]
    task = language_modelling.language_modelling(config, defaults().evaluation)
    sizes = {name: split.batches for name, split in task.splits.items()}
    assert sizes == {"train": 12, "validation": 6, "test": 6}
