"""A batch computed in parts is the batch computed at once."""

import jax
import numpy as np
import pytest

from rnn_research.errors import UserError

FIELDS = {
    "optimizer.name": "sgd",  # Adam would blow up rounding where a gradient is zero
    "optimizer.learning_rate": 0.1,
    "model.cell": "gru",
    "model.learned_carry": True,
    "task.reset_at_documents": True,
    "task.fresh_probability": 0.5,
    "training.dtype": "float64",
}


def trained(started, parts):
    built, state, data = started(**FIELDS, **{"training.accumulate": parts})
    state, metrics = built.program.chunk(state, data, built.numbers, 4)
    return state.params, state.carry, metrics


@pytest.mark.parametrize("parts", [2, 4])
def test_parts_are_one_batch(started, parts):
    """Parameters, carries of every stream in their place, losses and norms, over four steps; some rows start anew."""
    whole, divided = trained(started, 1), trained(started, parts)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9), divided, whole)
    assert all(np.ptp(leaf, axis=0).max() > 1e-3 for leaf in jax.tree.leaves(whole[1])), "the streams differ"


def test_parts_must_divide_the_batch(started):
    with pytest.raises(UserError, match=r"training.accumulate=3 must divide task.batch_size=4"):
        started(**{"training.accumulate": 3})


def test_every_part_draws_its_own_dropout(started):
    """Streams of the same text in different parts: below the dropout their carries agree, above it they do not."""
    fields = {"task.text": "round and round; " * 60, "task.chunk_length": 17, "task.validation_fraction": 0.0}
    fields |= {"task.test_fraction": 0.0, "task.reset_at_documents": False, "model.layers": 2, "model.dropout": 0.5}
    built, state, data = started(**FIELDS | fields, **{"training.accumulate": 2})
    inputs = np.asarray(data.tokens_SB)
    assert np.array_equal(inputs[:18, 0], inputs[:18, 2])
    state, _ = built.program.chunk(state, data, built.numbers, 1)
    ((lower,), (upper,)) = state.carry
    np.testing.assert_array_equal(lower.h[0], lower.h[2])
    assert np.abs(upper.h[0] - upper.h[2]).max() > 1e-3
