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
    "training.dtype": "float64",
}


def trained(started, parts):
    built, state, data = started(**FIELDS, **{"training.accumulate": parts})
    state, metrics = built.program.chunk(state, data, built.hyper, 4)
    return state.params, state.carry, metrics


def test_parts_are_one_batch(started):
    """Parameters, carries of every stream in their place, losses and norms, over four steps."""
    whole, divided = trained(started, 1), trained(started, 2)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9), divided, whole)
    assert all(np.ptp(leaf, axis=0).max() > 1e-3 for leaf in jax.tree.leaves(whole[1])), "the streams differ"


def test_parts_must_divide_the_batch(started):
    with pytest.raises(UserError, match=r"--config.training.accumulate=3 must divide --config.task.batch_size=4"):
        started(**{"training.accumulate": 3})
