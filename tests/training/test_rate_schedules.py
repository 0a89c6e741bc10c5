"""The learning rate at given steps, worked out by hand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.training import optimizer
from rnn_research.training.defaults import defaults

STEPS, EPOCH = 100, 10


def rates(steps, name="constant", **fields):
    config = defaults().optimizer
    config.learning_rate = 2.0
    config.schedule.update({"name": name, **fields})
    numbers = optimizer.numbers_of(config)
    return [float(optimizer.rate(config, numbers, jnp.asarray(k), STEPS, EPOCH)) for k in steps]


def assert_rates(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_constant():
    assert_rates(rates([0, 50, 99]), [2, 2, 2])


def test_exponential_decays_once_an_epoch_after_epoch_n():
    """Two epochs of 10 steps at the full rate, then half of it in the third, a quarter in the fourth."""
    assert_rates(
        rates([0, 19, 20, 29, 30, 39, 40], "exponential", factor=0.5, after_epochs=2), [2, 2, 1, 1, 0.5, 0.5, 0.25]
    )


def test_cosine_ends_at_the_last_step():
    expected = [2 * (0.1 + 0.9 * (1 + math.cos(math.pi * k / 100)) / 2) for k in (0, 25, 50, 100)]
    assert_rates(rates([0, 25, 50, 100, 200], "cosine", final=0.1), [*expected, 0.2])
    assert_rates(expected[0::2], [2, 1.1])


def test_linear_ends_at_the_last_step():
    assert_rates(rates([0, 25, 50, 100, 200], "linear", final=0.5), [2, 1.75, 1.5, 1, 1])


def test_step():
    assert_rates(rates([0, 29, 30, 59, 60], "step", factor=0.1, every_steps=30), [2, 2, 0.2, 0.2, 0.02])


def test_warmup_is_linear_from_zero():
    """Step k trains at (k + 1) / 4: the first update is not wasted on a rate of zero."""
    assert_rates(rates([0, 1, 2, 3, 4, 99], warmup_steps=4), [0.5, 1, 1.5, 2, 2, 2])


def test_cosine_begins_where_warmup_ends():
    found = rates([9, 20, 65, 110], "cosine", warmup_steps=20)
    assert_rates(found[:2], [1, 2])
    assert_rates(rates([60], "cosine", warmup_steps=20), [1])


def test_the_rate_of_a_run_is_in_its_metrics(started):
    built, state, data = started(**{"optimizer.schedule.name": "linear", "training.steps": 4})
    _, metrics = built.program.chunk(state, data, built.numbers, 4)
    assert_rates(metrics["learning_rate"], [0.01, 0.0075, 0.005, 0.0025])


def test_a_rate_of_zero_changes_nothing(started):
    built, state, data = started(**{"optimizer.learning_rate": 0.0})
    before = [np.array(leaf) for leaf in (state.params.w_HV, state.params.b_V)]
    after, _ = built.program.chunk(state, data, built.numbers, 3)
    np.testing.assert_array_equal(after.params.w_HV, before[0])
    np.testing.assert_array_equal(after.params.b_V, before[1])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "cos"}, "optimizer.schedule.name='cos' is unknown.*known: constant, cosine, "),
        ({"warmup_steps": -1}, "optimizer.schedule.warmup_steps=-1 must be at least 0"),
        ({"every_steps": 0}, "optimizer.schedule.every_steps=0 must be at least 1"),
    ],
)
def test_wrong_fields(fields, sentence):
    with pytest.raises(UserError, match=sentence):
        rates([0], **fields)
