"""What every model promises, on every task that it reads: sums over examples, denominators of the batch alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.errors import UserError
from rnn_research.models import MODELS
from rnn_research.models.classifier import last
from rnn_research.tasks import TASKS
from rnn_research.tasks.batches import Labelled, first, in_parts
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.unroll import unroll_stack

B = 4
SHORT = {
    "text": {"text": "the quick brown fox; " * 20, "chunk_length": 7, "test_fraction": 0.0},
    "images": {"form": "rows"},
    "adding": {"form": "1997", "length": 20},  # lengths differ
}


def read(name, draw):
    """A task, its model, parameters, a batch and the carry that it begins with."""
    config = defaults(name)
    config.task.update({"batch_size": B, **SHORT.get(name, {"length": 12})})
    config.model.update({"hidden": 5, "layers": 2, "cell": "gru"})
    task = TASKS[name].build(config.task, config.evaluation)
    model = MODELS[config.model.name].build(config.model, task.interface)
    params = draw(model, config.model.init)
    batch = jax.jit(task.batch)(task.splits["train"].data, jax.random.key(3), jnp.int32(1))
    carry = jax.tree.map(lambda c: c + 0.3, model.carry(params, B))
    return task, model, params, batch, carry


@pytest.fixture(params=sorted(TASKS))
def all_read(request, draw):
    return read(request.param, draw)


def test_every_leaf_of_a_batch_leads_with_b(all_read):
    task, _, _, batch, _ = all_read
    assert isinstance(batch, task.interface.batch)
    assert {len(leaf) for leaf in jax.tree.leaves(batch)} == {B}


def test_denominators_hang_on_the_batch_alone(all_read):
    """And are those that a split is scored by."""
    _, model, params, batch, carry = all_read
    scored = jax.jit(model.loss)(params, batch, carry)
    counts = model.counts(batch)
    assert counts.keys() == scored.loss.keys()
    for name, counted_B in counts.items():
        assert counted_B.shape == scored.loss[name].shape == (B,)
        np.testing.assert_array_equal(counted_B, scored.sums[name][1])
        np.testing.assert_allclose(scored.loss[name], scored.sums[name][0])
    assert model.objective.ratio in scored.sums


def test_parts_and_single_examples_add_up_to_the_whole(all_read):
    """Lengths differ in ``adding``: no mean of means."""
    _, model, params, batch, carry = all_read
    whole = jax.jit(model.loss)(params, batch, carry)
    two = jax.vmap(lambda part, carry: model.loss(params, part, carry))(in_parts(batch, 2), in_parts(carry, 2))
    for name, numerator_B in whole.loss.items():
        np.testing.assert_allclose(two.loss[name].ravel(), numerator_B, rtol=2e-5, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a.reshape(b.shape), b, atol=1e-5), two.carry, whole.carry)
    few = model.loss(params, first(batch, 3), first(carry, 3))
    for name, numerator_B in whole.loss.items():
        np.testing.assert_allclose(few.loss[name], numerator_B[:3], rtol=2e-5, atol=1e-5)


def test_what_is_asked_nothing_counts_nowhere(all_read):
    _, model, params, batch, carry = all_read
    nothing = -1 if jnp.issubdtype(batch.answers.dtype, jnp.integer) else jnp.nan
    silent = batch.with_answers(batch.answers.at[1].set(nothing))
    scored = jax.jit(model.loss)(params, silent, carry)
    for numerator_B, denominator_B in scored.sums.values():
        assert numerator_B[1] == denominator_B[1] == 0
    gradient = jax.grad(lambda p: sum(n_B[1] for n_B in model.loss(p, silent, carry).loss.values()))(params)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_the_recurrence_is_the_one_within_the_loss(all_read):
    """Unrolled by hand from what it shows: the same outputs, the same loss, the same error of the last answer."""
    _, model, params, batch, carry = all_read
    ((name, shape),) = model.stacks
    one = model.recurrences(params, batch, carry)[name]
    assert one.stack == shape == model.stack
    _, h_TBH = unroll_stack(shape, one.params, one.carry, one.x, lengths=one.lengths_B)
    (term,) = model.counts(batch)
    scored = model.loss(params, batch, carry)
    mean = scored.loss[term].sum() / model.counts(batch)[term].sum()
    np.testing.assert_allclose(one.error(h_TBH), mean, rtol=1e-5)
    outputs, _ = model.predict(params, batch, carry)
    top_BH = last(h_TBH, one.lengths_B)
    labelled = isinstance(batch, Labelled)
    np.testing.assert_allclose(
        one.read(top_BH if labelled else h_TBH), outputs if labelled else jnp.swapaxes(outputs, 0, 1), atol=1e-5
    )
    alone = model.loss(params, of_the_last_answer(batch), carry)
    np.testing.assert_allclose(one.last_error(top_BH), alone.loss[term], rtol=1e-4, atol=1e-5)


def of_the_last_answer(batch):
    """The batch, asked for the last answer of each sequence alone."""
    if isinstance(batch, Labelled):
        return batch
    return batch.with_answers(jnp.where(_last_step(batch), batch.answers, _nothing(batch)))


def _last_step(batch):
    T = batch.answers.shape[1]
    here_T = jnp.arange(T) == T - 1
    return here_T.reshape(T, *[1] * (batch.answers.ndim - 2))


def _nothing(batch):
    return -1 if jnp.issubdtype(batch.answers.dtype, jnp.integer) else jnp.nan


def test_an_edit_reaches_the_loss_and_the_outputs(all_read):
    _, model, params, batch, carry = all_read
    edits = {"stack": lambda layer, carry, t: jax.tree.map(lambda c: 0 * c + 0.5, carry)}
    plain, edited = model.loss(params, batch, carry), model.loss(params, batch, carry, edits=edits)
    (term,) = plain.loss
    assert np.abs(plain.loss[term] - edited.loss[term]).max() > 1e-3
    outputs, _ = model.predict(params, batch, carry, edits=edits)
    assert np.abs(outputs - outputs[:1]).max() < 1e-5, "every example is held at the same place"


def test_the_lag_profile_is_the_gradient_of_the_loss_by_its_edits(all_read):
    """What the gradient laboratory follows is the model's own loss of the last answer, by a zero at every step."""
    _, model, params, batch, carry = all_read
    one = model.recurrences(params, batch, carry)["stack"]
    if one.lengths_B is not None:
        pytest.skip("sequences that end at different steps have no one lag")
    asked = of_the_last_answer(batch)

    def error(eps_LTBH):
        edits = {"stack": lambda layer, carry, t: carry._replace(h=carry.h + eps_LTBH[layer, t])}
        return sum(jnp.sum(numerator_B) for numerator_B in model.loss(params, asked, carry, edits=edits).loss.values())

    d_LTBH = jax.grad(error)(jnp.zeros((2, len(one.x), B, 5)))
    profile = lag_profile(one.stack, one.params, one.carry, one.x.astype(d_LTBH.dtype), one.last_error)
    np.testing.assert_allclose(profile.log_h, jnp.log(jnp.linalg.norm(d_LTBH, axis=-1)), atol=2e-3)


def test_sequences_of_unequal_length_are_answered_at_their_own_end(draw):
    _, model, params, batch, _ = read("adding", draw)
    lengths_B = np.asarray(batch.x.lengths_B)
    assert len(set(lengths_B)) > 1
    outputs, _ = model.predict(params, batch, ())
    for b, n in enumerate(lengths_B):
        alone = batch.x._replace(values=batch.x.values[b : b + 1, :n], lengths_B=None)
        expected, _ = model.predict(params, Labelled(alone, batch.label_B[b : b + 1]), ())
        np.testing.assert_allclose(outputs[b : b + 1], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "model", "batch", "able"),
    [
        ("adding", "language_model", "Labelled", "classifier"),
        ("copying", "classifier", "Asked", "language_model"),
        ("text", "classifier", "Stream", "language_model"),
    ],
)
def test_a_model_that_cannot_read_the_task_is_refused(task, model, batch, able):
    config = defaults(task)
    config.model.name = model
    with pytest.raises(UserError, match=f"cannot read task.name={task}, whose batches are {batch}: take {able}"):
        build(config)
