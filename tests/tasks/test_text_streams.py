"""Parallel streams in chunks: what truncated backpropagation reads, and what evaluation scores."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.errors import UserError, counted
from rnn_research.tasks.text import streams

SIZES = {"count": st.integers(1, 5), "chunk": st.integers(1, 9)}


def batches(split, chunk, count=None, keep_carry=True):
    """The first ``count`` batches (one pass if None), read as a compiled program reads them."""
    count = split.batches if count is None else count
    one = partial(streams.batch, split.data, chunk=chunk, keep_carry=keep_carry)
    return jax.tree.map(np.asarray, jax.jit(lambda: jax.lax.map(one, jnp.arange(count)))())


def test_the_worked_example():
    text = "the quick brown fox jumps"
    letters = sorted(set(text))
    split = streams.training(np.array([letters.index(c) for c in text]), None, streams=2, chunk=3)
    assert (split.batches, split.batch_size) == (3, 2)
    found = batches(split, 3)

    def read(symbols_T):
        return "".join(letters[i] for i in symbols_T)

    assert [[read(found.inputs[k, b]) for k in range(3)] for b in range(2)] == [
        ["the", " qu", "ick"],
        ["own", " fo", "x j"],
    ]
    assert [read(found.targets[k, 0]) for k in range(3)] == ["he ", "qui", "ck "]


@settings(max_examples=20, deadline=None)
@given(extra=st.integers(0, 60), **SIZES)
def test_every_chunk_continues_the_one_before_in_every_stream(extra, count, chunk):
    size = count * (chunk + 1) + extra
    split = streams.training(np.arange(size), None, count, chunk)
    passes = batches(split, chunk, 2 * split.batches)
    np.testing.assert_array_equal(passes.targets, passes.inputs + 1)
    # Side by side: stream b begins where an equal share of the text begins.
    np.testing.assert_array_equal(passes.inputs[0, :, 0], np.arange(count) * (size // count))
    first, second = np.split(passes.inputs, 2)
    np.testing.assert_array_equal(first[1:, :, 0], first[:-1, :, -1] + 1)
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) == first.size, "no symbol is read twice in a pass"
    # Less than a chunk of every stream is left over.
    assert size // count - 1 - split.batches * chunk < chunk


@settings(max_examples=30, deadline=None)
@given(size=st.integers(2, 150), **SIZES)
def test_evaluation_scores_every_symbol_but_the_first_exactly_once(size, count, chunk):
    split = streams.evaluation(np.arange(size), None, count, chunk)
    assert split.batch_size <= count
    found = batches(split, chunk)
    scored = found.targets[found.targets >= 0]
    np.testing.assert_array_equal(np.sort(scored), np.arange(1, size))
    np.testing.assert_array_equal(found.inputs[found.targets >= 0], scored - 1)


def test_a_large_text_stays_small_on_the_device():
    for largest, dtype in ((127, np.int8), (128, np.int16), (2**15, np.int32)):
        split = streams.training(np.array([0, largest, 1]), None, 1, 2)
        assert split.data.tokens_SB.dtype == dtype
        np.testing.assert_array_equal(batches(split, 2).targets[0, 0], [largest, 1])


def test_where_documents_end():
    tokens, ends = np.arange(12), np.isin(np.arange(12), [2, 7, 11])
    found = batches(streams.training(tokens, ends, 2, 2), 2)
    assert set(found.inputs[found.ends_BT]) == {2, 7}
    found = batches(streams.evaluation(tokens, ends, 2, 4), 4)
    assert set(found.inputs[found.ends_BT & (found.targets >= 0)]) == {2, 7}


def test_no_ends_where_documents_do_not_count():
    assert batches(streams.training(np.arange(12), None, 2, 2), 2).ends_BT is None


def test_a_carry_is_fresh_at_the_beginning_of_every_pass():
    split = streams.training(np.arange(20), None, 2, 3)
    assert split.batches == 3
    np.testing.assert_array_equal(batches(split, 3, 7).fresh_B.T, [[True, False, False] * 2 + [True]] * 2)


def test_a_zero_carry_is_fresh_at_every_chunk():
    split = streams.training(np.arange(20), None, 2, 3)
    assert batches(split, 3, 7, keep_carry=False).fresh_B.all()


def fresh(key, probability, count=64, keep_carry=True):
    """Which streams start anew at each of 300 chunks, three passes of 100: ``[300, count]``."""
    split = streams.training(np.zeros(count * 201, int), None, count, 2)
    assert split.batches == 100

    def one(step):
        k = jax.random.fold_in(key, step)
        return streams.batch(split.data, step, 2, keep_carry, k, probability).fresh_B

    return np.asarray(jax.jit(lambda: jax.lax.map(one, jnp.arange(300)))())


def test_streams_start_anew_each_by_itself():
    """Away from the beginnings of passes: the share is the probability, rows and neighbouring chunks know nothing of
    each other, and another key draws others."""
    p, begins = 0.2, np.arange(300) % 100 == 0
    one, other = fresh(jax.random.key(1), p), fresh(jax.random.key(2), p)
    assert one[begins].all()
    drawn, others = one[~begins], other[~begins]
    error = np.sqrt(p * (1 - p) / drawn.size)
    assert abs(drawn.mean() - p) < 4 * error
    pairs = {
        "rows": (drawn[:, 1:], drawn[:, :-1]),
        "chunks": (drawn[1:], drawn[:-1]),
        "keys": (drawn, others),
    }
    for name, (a, b) in pairs.items():
        assert abs((a & b).mean() - p * p) < 4 * np.sqrt(p * p * (1 - p * p) / a.size) * 2, name
    np.testing.assert_array_equal(one, fresh(jax.random.key(1), p))


def test_no_draws_where_none_are_asked_for():
    begins = np.broadcast_to((np.arange(300) % 100 == 0)[:, None], (300, 64))
    np.testing.assert_array_equal(fresh(jax.random.key(1), 0.0), begins)
    assert fresh(jax.random.key(1), 0.2, keep_carry=False).all()
    assert fresh(jax.random.key(1), 1.0).all()


@pytest.mark.parametrize(("count", "chunk"), [(1, 1), (3, 4), (32, 100)])
def test_a_text_shorter_than_one_chunk_of_every_stream(count, chunk):
    least = count * (chunk + 1)
    assert streams.training(np.zeros(least, int), None, count, chunk).batches == 1
    with pytest.raises(
        UserError,
        match=rf"has {counted(least - 1, 'symbol')}, fewer than the {least:,} that task.batch_size={count} .*"
        rf"task.chunk_length={chunk} need",
    ):
        streams.training(np.zeros(least - 1, int), None, count, chunk)


def test_an_empty_text():
    with pytest.raises(UserError, match="has 0 symbols"):
        streams.training(np.zeros(0, int), None, 1, 1)


def test_streams_cut_in_time_are_parts_of_the_whole_text():
    text = np.arange(2 * 21, dtype=np.int32)  # 2 streams of 21 symbols: 10 chunks of 2 and one symbol
    found = streams.in_time(text, None, 2, 2, {"train": 0.8, "validation": 0.1, "test": 0.1})
    assert {name: split.batches for name, split in found.items()} == {"train": 8, "validation": 1, "test": 1}
    laid = {name: split.data.tokens_SB.T.tolist() for name, split in found.items()}
    assert laid["train"] == [list(range(0, 17)), list(range(21, 38))]
    assert laid["validation"] == [[16, 17, 18], [37, 38, 39]]  # its first symbol is the last target of training
    assert laid["test"] == [[18, 19, 20], [39, 40, 41]]


def test_too_little_text_for_a_part_of_every_stream_is_refused():
    with pytest.raises(UserError, match=r"split=streams: 2 streams of 3 chunks .* hold no validation part"):
        streams.in_time(np.arange(14), None, 2, 2, {"train": 0.8, "validation": 0.1, "test": 0.1})
