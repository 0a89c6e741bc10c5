"""Checkpoints: bit for bit, the newest two and the best, and nothing that does not fit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from rnn_research.errors import UserError
from rnn_research.runs.checkpoints import Checkpoints, Damaged, flat


@struct.dataclass
class State:
    step: jax.Array
    params: dict
    key: jax.Array


def state_of(step=0, width=3):
    """Every kind of number that a run may hold, awkward ones among them."""
    awkward = [np.nan, -0.0, np.inf, 1e-45, 1 / 3, -1e30]
    return State(
        step=jnp.array(step, jnp.int32),
        params={
            "w": jnp.array(awkward, jnp.float32) + 0,
            "half": jnp.array(np.arange(6) / 7 + step, jnp.bfloat16),
            "bytes": jnp.array([-128, 127], jnp.int8),
            "wide": jnp.full((2, width), step, jnp.float32),
            "none": None,
        },
        key=jax.random.fold_in(jax.random.key(3), step),
    )


def snapshot(state):
    return jax.device_get(flat(state))


@pytest.fixture
def checkpoints(tmp_path):
    opened = Checkpoints(tmp_path / "checkpoints", "loss")
    yield opened
    opened.close()


def save(checkpoints, step, objective=None):
    checkpoints.save(step, snapshot(state_of(step)), objective)
    checkpoints.wait()


def assert_identical(mine, expected):
    """In structure, dtype and every bit."""
    assert jax.tree.structure(mine) == jax.tree.structure(expected)
    for (name, a), (_, b) in zip(flat(mine).items(), flat(expected).items(), strict=True):
        assert a.dtype == b.dtype, name
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes(), name


def test_what_is_restored_is_what_was_saved_bit_for_bit(checkpoints):
    save(checkpoints, 5)
    restored = checkpoints.restore(5, state_of())
    assert_identical(restored, state_of(5))
    # The key goes on with the same draws.
    np.testing.assert_array_equal(jax.random.normal(restored.key), jax.random.normal(state_of(5).key))


@pytest.mark.usefixtures("x64")
def test_float64(checkpoints):
    values = {"w": jnp.array([1 / 3, 1e-300])}
    checkpoints.save(1, snapshot(values), None)
    checkpoints.wait()
    assert_identical(checkpoints.restore(1, jax.tree.map(jnp.zeros_like, values)), values)


def test_another_process_reads_what_one_wrote(checkpoints, tmp_path):
    save(checkpoints, 5, objective=0.5)
    reader = Checkpoints(tmp_path / "checkpoints", "loss", reading=True)
    assert reader.best_step() == 5
    assert_identical(reader.restore(5, state_of()), state_of(5))
    reader.close()


def test_a_part_is_restored_alone(checkpoints):
    save(checkpoints, 5)
    assert_identical(checkpoints.restore(5, state_of().params, ".params"), state_of(5).params)


def test_the_newest_two_and_the_best_are_kept(checkpoints):
    for step, objective in enumerate([3.0, 1.0, 2.0, 5.0, 4.0], 1):
        save(checkpoints, step, objective)
    assert checkpoints.steps() == [2, 4, 5]
    assert checkpoints.best_step() == 2
    save(checkpoints, 6, 0.5)
    assert checkpoints.steps() == [5, 6]
    assert checkpoints.best_step() == 6


def test_checkpoints_between_evaluations_are_never_the_best(checkpoints):
    for step, objective in enumerate([2.0, None, 3.0, None, None], 1):
        save(checkpoints, step, objective)
    assert checkpoints.steps() == [1, 4, 5]
    assert checkpoints.best_step() == 1


def test_without_any_evaluation_the_newest_is_the_best(checkpoints):
    for step in (1, 2, 3):
        save(checkpoints, step)
    assert checkpoints.steps() == [2, 3]
    assert checkpoints.best_step() == 3


def test_nothing_saved(checkpoints):
    assert checkpoints.best_step() is None
    assert checkpoints.restore_newest(state_of()) == (None, 0, [])


def test_the_newest_is_restored(checkpoints):
    save(checkpoints, 1, 0.0)
    save(checkpoints, 2, 1.0)
    restored, step, passed_over = checkpoints.restore_newest(state_of())
    assert (step, passed_over) == (2, [])
    assert_identical(restored, state_of(2))


def test_a_step_that_is_already_saved_is_left_as_it_is(checkpoints):
    """Orbax would say nothing and save nothing; so it is asked only for newer steps."""
    save(checkpoints, 4)
    for step in (4, 3):
        checkpoints.save(step, {"other": np.zeros(1)}, None)
    assert checkpoints.steps() == [4]
    assert_identical(checkpoints.restore(4, state_of()), state_of(4))


def test_a_save_is_finished_in_the_background(checkpoints, monkeypatch):
    """``save`` returns a pending write, which ``wait`` finishes; the next save waits for it."""
    began = []
    begin = checkpoints._manager.save_async
    monkeypatch.setattr(checkpoints._manager, "save_async", lambda *a, **k: began.append(begin(*a, **k)) or began[-1])
    monkeypatch.setattr(checkpoints._manager, "save", lambda *a, **k: pytest.fail("the loop would stand still"))
    checkpoints.save(1, snapshot(state_of(1)), None)
    assert len(began) == 1
    checkpoints.wait()
    assert checkpoints.steps() == [1]


def test_a_state_that_does_not_fit_is_refused_field_by_field(checkpoints):
    save(checkpoints, 5)
    like = state_of(width=4)
    params = {**like.params, "half": like.params["half"].astype(jnp.float32), "new": jnp.zeros(2)}
    del params["bytes"]
    sentence = (
        "checkpoint 5 does not fit this config (.params['bytes'] is stored but not wanted; "
        ".params['half'] is bfloat16[6], not float32[6]; "
        ".params['new'] is wanted but not stored; "
        ".params['wide'] is float32[2, 3], not float32[2, 4])"
    )
    with pytest.raises(UserError, match=re.escape(sentence)):
        checkpoints.restore(5, like.replace(params=params))
    assert checkpoints.steps() == [5]


def test_a_state_that_does_not_fit_is_not_taken_for_damage(checkpoints):
    save(checkpoints, 4)
    save(checkpoints, 5)
    with pytest.raises(UserError, match="checkpoint 5 does not fit"):
        checkpoints.restore_newest(state_of(width=4))
    assert checkpoints.steps() == [4, 5]


def test_a_step_that_is_not_there(checkpoints):
    save(checkpoints, 4)
    with pytest.raises(Damaged, match="checkpoint 7 cannot be read"):
        checkpoints.restore(7, state_of())
