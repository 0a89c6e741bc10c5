"""Runs in float32, bfloat16 and float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.training.walk import totals

FIELDS = {"model.cell": "gru", "model.dropout": 0.2}


def assert_dtypes(state, metrics, dtype):
    leaves = jax.tree.leaves((state.params, state.opt_state, state.carry, metrics["loss"]))
    assert {str(leaf.dtype) for leaf in leaves if jnp.issubdtype(leaf.dtype, jnp.floating)} == {dtype}


def test_bfloat16_is_for_computing(started):
    """Parameters, moments and carries stay in float32; with 8 bits of precision losses agree to a percent."""
    losses, tests = [], []
    for dtype in ("float32", "bfloat16"):
        built, state, data = started(**FIELDS, **{"training.dtype": dtype})
        state, metrics = built.program.chunk(state, data, built.numbers, 6)
        assert_dtypes(state, metrics, "float32")
        losses.append(np.asarray(metrics["loss"]))
        split = built.task.splits["test"]
        sums = built.program.evaluate(state.params, split.data, split.batches, split.batch_size)
        tests.append(built.model.figures(totals(sums), split.facts)["nats_per_token"])
    np.testing.assert_allclose(*losses, rtol=0.01)
    assert (losses[0] != losses[1]).all()
    assert tests[0] == pytest.approx(tests[1], rel=0.01)
    assert tests[0] != tests[1]


def test_float64_all_through(started):
    """The draws of the two precisions differ, so they are compared from the same numbers, without dropout."""
    built, state, data = started(**{"model.cell": "gru"})
    params = jax.tree.map(np.asarray, state.params)
    _, single = built.program.chunk(state, data, built.numbers, 6)
    built, state, data = started(**{"model.cell": "gru", "training.dtype": "float64"})
    state = state.replace(params=jax.tree.map(lambda p: jnp.asarray(p, jnp.float64), params))
    state, double = built.program.chunk(state, data, built.numbers, 6)
    assert_dtypes(state, double, "float64")
    np.testing.assert_allclose(single["loss"], double["loss"], rtol=1e-5)
    assert (np.asarray(single["loss"], np.float64) != double["loss"]).any()


def test_an_unknown_dtype(started):
    with pytest.raises(UserError, match=r"training.dtype='float16' .*known: bfloat16, float32, float64"):
        started(**{"training.dtype": "float16"})
