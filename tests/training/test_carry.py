"""The carry of truncated backpropagation: handed on, or anew at every chunk; evaluation has its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from rnn_research.errors import UserError
from rnn_research.training.build import build
from rnn_research.training.state import Purpose, purpose_key
from rnn_research.training.walk import score_split
from tests.time_first import apply

STILL = {"optimizer.learning_rate": 0.0}  # the parameters stay, so that a loop outside can follow


def loop(built, params, data, steps, keep):
    """Losses of the first chunks, and the carry after each, from plain calls of the model."""
    carry, losses = built.model.carry(params, 4), []
    read = jax.jit(lambda inputs, carry: apply(built.model, params, inputs, carry))
    for k in range(steps):
        batch = built.task.batch(data, jax.random.key(0), jnp.asarray(k))
        if not keep or k % built.task.splits["train"].batches == 0:
            carry = built.model.carry(params, 4)
        logits_TBV, carry = read(batch.inputs.T, carry)
        log_p = scipy.special.log_softmax(np.asarray(logits_TBV, np.float64), axis=-1)
        losses.append(-np.take_along_axis(log_p, np.asarray(batch.targets).T[..., None], -1).mean())
    return losses, carry


@pytest.mark.parametrize("kind", ["stream", "zero"])
def test_handed_from_chunk_to_chunk_or_anew(started, kind):
    """Over more than one pass of the text: at its beginning the carry is new in both cases; no draws at 0 or zero."""
    handed = {"task.carry": kind, "task.fresh_probability": 0.0 if kind == "stream" else 0.5}
    built, state, data = started(**STILL, **handed, **{"task.chunk_length": 30})
    batches = built.task.splits["train"].batches
    params = jax.tree.map(jnp.copy, state.params)
    losses, carry = loop(built, params, data, batches + 2, kind == "stream")
    state, metrics = built.program.chunk(state, data, built.numbers, batches + 2)
    np.testing.assert_allclose(metrics["loss"], losses, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), state.carry, carry)
    other, _ = loop(built, params, data, batches + 2, kind != "stream")
    assert abs(other[1] - losses[1]) > 1e-4, "it matters"


def test_rows_that_start_anew_and_no_others(started):
    """Against plain calls of the model for every stream by itself, restarted by hand where the batch says so."""
    built, state, data = started(**STILL, **{"task.fresh_probability": 0.4, "model.learned_carry": True})
    params, key = jax.tree.map(jnp.copy, (state.params, state.key))
    initial = built.model.carry(params, 1)
    carries, losses, begun = [initial] * 4, [], []
    read = jax.jit(lambda inputs, carry: apply(built.model, params, inputs, carry))
    for k in range(6):
        batch = built.task.batch(data, purpose_key(key, k, Purpose.BATCH), jnp.asarray(k))
        begun.append(np.asarray(batch.fresh_B))
        carries = [initial if anew else carry for anew, carry in zip(begun[-1], carries, strict=True)]
        each = [read(batch.inputs.T[:, b : b + 1], carries[b]) for b in range(4)]
        log_p = scipy.special.log_softmax(np.concatenate([logits for logits, _ in each], axis=1), axis=-1)
        losses.append(-np.take_along_axis(log_p, np.asarray(batch.targets).T[..., None], -1).mean())
        carries = [carry for _, carry in each]
    assert begun[0].all()
    assert 0 < np.sum(begun[1:]) < 20
    state, metrics = built.program.chunk(state, data, built.numbers, 6)
    np.testing.assert_allclose(metrics["loss"], losses, rtol=1e-5)
    together = jax.tree.map(lambda *rows: np.concatenate(rows), *carries)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), state.carry, together)


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_probability_is_between_0_and_1(tiny, value):
    with pytest.raises(UserError, match=r"task.fresh_probability=.* must be at least 0 and at most 1"):
        build(tiny(**{"task.fresh_probability": value}))


def test_no_gradient_reaches_the_chunk_before(started):
    """A learned carry receives gradient where it begins a pass, and none from the chunks after."""
    fields = {"optimizer.name": "sgd", "optimizer.momentum": 0.0, "model.learned_carry": True}
    fields |= {"task.fresh_probability": 0.0}
    built, state, data = started(**fields)
    learned = [np.asarray(leaf) for leaf in jax.tree.leaves(state.params.stack.carry)]
    state, _ = built.program.chunk(state, data, built.numbers, 1)
    after_one = [np.asarray(leaf) for leaf in jax.tree.leaves(state.params.stack.carry)]
    state, _ = built.program.chunk(state, data, built.numbers, 1)
    after_two = [np.asarray(leaf) for leaf in jax.tree.leaves(state.params.stack.carry)]
    assert all((a != b).any() for a, b in zip(learned, after_one))
    for a, b in zip(after_one, after_two):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["stream", "zero"])
def test_evaluation_is_a_walk_with_a_carry_of_its_own(started, kind):
    """One stream over the whole split: the score is that of a single unroll, or of chunks on their own."""
    fields = {"evaluation.batch_size": 1, "evaluation.carry": kind, "task.chunk_length": 10}
    built, state, _ = started(**fields)
    split = built.task.splits["validation"]
    sums = built.program.evaluate(state.params, split.data, split.batches, 1)
    tokens = np.asarray(split.data.tokens_SB)[:, 0]
    inputs, targets = tokens[:-1], tokens[1:]
    length = len(inputs) if kind == "stream" else 10
    read = jax.jit(lambda x: apply(built.model, state.params, x[:, None], built.model.carry(state.params, 1))[0][:, 0])
    pieces = [read(jnp.asarray(inputs[k : k + length], jnp.int32)) for k in range(0, len(inputs), length)]
    log_p = scipy.special.log_softmax(np.concatenate(pieces).astype(np.float64), axis=-1)
    scored = targets >= 0
    np.testing.assert_allclose(np.sum(sums["nats"][0]), -log_p[scored, targets[scored]].sum(), rtol=1e-5)
    assert np.sum(sums["nats"][1]) == scored.sum() == built.task.facts["tokens"]["validation"] - 1


def test_dropout_is_off_in_evaluation(started):
    built, state, _ = started()
    dropped, _, _ = started(**{"model.dropout": 0.9})
    split = built.task.splits["test"]
    one, other = (b.program.evaluate(state.params, split.data, split.batches, 2) for b in (built, dropped))
    np.testing.assert_array_equal(one["nats"][0], other["nats"][0])


def test_evaluation_reads_from_the_task_what_the_program_reads(started):
    built, state, _ = started()
    split = built.task.splits["test"]
    alone = jax.jit(lambda p: score_split(built.task, built.model, p, split.data, split.batches, 2))(state.params)
    sums = built.program.evaluate(state.params, split.data, split.batches, 2)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), alone, sums)
