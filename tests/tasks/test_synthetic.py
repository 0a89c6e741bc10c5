"""Every drawn task against its definition, written again in plain NumPy, and its floor by simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks import TASKS
from rnn_research.tasks.synthetic import (
    adding,
    copying,
    delayed_xor,
    flip_flop,
    parity,
    random_permutation,
    temporal_order,
)
from rnn_research.training.defaults import defaults

KEY = jax.random.key(7)
STEP = jnp.int32(0)
DRAWN = sorted(set(TASKS) - {"text", "images"})


def built(name, **fields):
    config = defaults(name)
    config.task.update(fields)
    return TASKS[name].build(config.task, config.evaluation)


def test_adding_answers_the_sum_of_one_mark_in_each_half():
    batch = adding.draw_uniform(KEY, 64, 12)
    value, marker = (np.asarray(batch.x.values[..., d]) for d in range(2))
    assert (marker[:, :6].sum(1) == 1).all()
    assert (marker[:, 6:].sum(1) == 1).all()
    np.testing.assert_allclose(np.asarray(batch.label_B[:, 0]), (value * marker).sum(1), rtol=1e-6)


@pytest.mark.parametrize("form", ["1997", "product"])
def test_adding_of_1997(form):
    T, B = 40, 256
    batch = adding.draw_1997(KEY, B, T, form)
    lengths = np.asarray(batch.x.lengths_B)
    assert set(lengths) == set(range(T, T + T // 10 + 1))
    for b in range(B):
        value, marker = np.asarray(batch.x.values[b, : lengths[b]]).T
        marked = np.flatnonzero(marker == 1)
        assert len(marked) == 2
        assert (marked < 10).any()
        assert (marked < T // 2).all()
        assert marker[-1] == -1
        assert marker[0] == (1 if 0 in marked else -1)
        x1, x2 = value[marked]
        assert value[0] == 0 or 0 not in marked
        answer = x1 * x2 if form == "product" else 0.5 + (x1 + x2) / 4
        np.testing.assert_allclose(float(batch.label_B[b, 0]), answer, rtol=1e-5, atol=1e-7)
    assert batch.label_B.shape == (B, 1)


def test_copying_asks_for_the_word_after_the_blanks():
    batch = copying.draw(KEY, 3, 4, 3)
    inputs, targets = np.asarray(batch.x.values), np.asarray(batch.targets)
    for row, wanted in zip(inputs, targets, strict=True):
        assert list(row[3:]) == [8, 8, 8, 9, 8, 8, 8]
        assert (row[:3] < 8).all()
        assert list(wanted) == [8] * 7 + list(row[:3])


@pytest.mark.parametrize("symbols", [2, 3])
def test_temporal_order_reads_the_special_symbols_in_order(symbols):
    T, B = 50, 200
    batch = temporal_order.draw(KEY, B, T, symbols)
    inputs = np.asarray(batch.x.values)
    tenths = {2: (1, 4), 3: (1, 3, 6)}[symbols]
    for b in range(B):
        places = np.flatnonzero(inputs[b] < 2)
        assert len(places) == symbols
        for place, tenth in zip(places, tenths, strict=True):
            assert tenth * T // 10 <= place < (tenth + 1) * T // 10
        word = "".join(str(s) for s in inputs[b, places])
        assert int(batch.label_B[b]) == int(word, 2)


def test_parity_counts_the_ones():
    batch = parity.draw(KEY, 20, 15, "every")
    bits = np.asarray(batch.x.values)
    ones = np.array([[bits[b, : t + 1].sum() % 2 for t in range(15)] for b in range(20)])
    assert (np.asarray(batch.targets) == ones).all()
    last = parity.draw(KEY, 20, 15, "last")
    assert (np.asarray(last.targets[:, -1]) == ones[:, -1]).all()
    assert (np.asarray(last.targets[:, :-1]) == -1).all()


def test_flip_flop_holds_the_last_pulse():
    batch = flip_flop.draw(KEY, 5, 30, 3, 0.2)
    inputs, held = np.asarray(batch.x.values), np.zeros((5, 3))
    for t in range(30):
        held = np.where(inputs[:, t] == 0, held, inputs[:, t])
        assert (np.asarray(batch.targets[:, t]) == held).all()


def test_random_permutation_repeats_nothing_and_asks_for_the_first():
    batch = random_permutation.draw(KEY, 10, 99)
    inputs = np.asarray(batch.x.values)
    assert (inputs[:, 0] < 2).all()
    for b in range(10):
        assert sorted(inputs[b, 1:]) == list(range(2, 100))
    assert (np.asarray(batch.label_B) == inputs[:, 0]).all()


def test_delayed_xor():
    batch = delayed_xor.draw(KEY, 50, 9, 0.3)
    value, flag = (np.asarray(batch.x.values[..., d]) for d in range(2))
    assert (flag == np.r_[1, 1, [0] * 7]).all()
    assert (np.asarray(batch.label_B) == (value[:, 0] != value[:, 1])).all()


@pytest.mark.parametrize("fields", [{"form": "uniform"}, {"form": "product", "length": 100}])
def test_the_floor_of_adding_is_the_variance_of_the_answer(fields):
    task = built("adding", batch_size=20_000, **fields)
    answers = np.asarray(task.batch(None, KEY, STEP).answers)
    assert np.var(answers) == pytest.approx(task.facts["floor_mean_squared_error"], rel=0.05)


def test_the_floor_of_copying_is_that_of_a_guess():
    task = built("copying", length=200)
    assert task.facts["floor_nats_per_answer"] == pytest.approx(0.0945, abs=5e-5)


def test_the_floor_of_the_flip_flop():
    task = built("flip_flop", batch_size=2000)
    targets = np.asarray(task.batch(None, KEY, STEP).targets)
    assert np.mean(targets**2) == pytest.approx(task.facts["floor_mean_squared_error"], rel=0.02)


@pytest.mark.parametrize("name", DRAWN)
def test_a_batch_depends_on_the_key_and_a_split_on_nothing(name):
    task = built(name)
    first, again, other = (task.batch(None, jax.random.key(k), STEP).x.values for k in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    data = {split: part.data for split, part in task.splits.items()}
    validation = [task.evaluation_batch(data["validation"], jax.random.key(k), jnp.int32(3)).x.values for k in (1, 2)]
    assert (validation[0] == validation[1]).all()
    assert (validation[0] != task.evaluation_batch(data["test"], KEY, jnp.int32(3)).x.values).any()
    assert len(first) == 32
