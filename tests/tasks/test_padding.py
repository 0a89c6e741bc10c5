"""What fills up a batch counts nowhere: the score of a split does not depend on the batches it is walked in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.models import MODELS, answers
from rnn_research.tasks import TASKS
from rnn_research.tasks.batches import Stream
from rnn_research.tasks.interface import classes, numbers
from rnn_research.training.defaults import defaults
from rnn_research.training.walk import totals

SEQUENCES = 23


def walked(name, batch_size):
    """The figures of the test split under outputs that depend on each example alone."""
    config = defaults(name)
    if name == "text":
        config.task.update({"text": "the quick brown fox; " * 40, "chunk_length": 5, "test_fraction": 0.3})
        config.task.batch_size = 4
    elif name == "images":
        config.task.update({"form": "rows"})
    else:
        config.task.update({"length": 20, "evaluation_sequences": SEQUENCES})
    config.evaluation.batch_size = batch_size
    task = TASKS[name].build(config.task, config.evaluation)
    model = MODELS[config.model.name].build(config.model, task.interface)
    part, answer = task.splits["test"], task.interface.answer

    @jax.jit
    def sums(k):
        batch = task.evaluation_batch(part.data, jax.random.key(0), k)
        values = batch.inputs if isinstance(batch, Stream) else batch.x.values
        x_BTD = values[..., None] if values.ndim == 2 else values
        x_BT = x_BTD.sum(-1).astype(jnp.float32)
        asked_at_steps = config.model.name == "language_model"
        read = x_BT if asked_at_steps else x_BT.sum(-1)
        outputs = jnp.sin(read[..., None] * jnp.arange(1.0, answer.size + 1))
        return answers.sums(answer, outputs, batch.answers, over=(1,) if asked_at_steps else ())

    found = [sums(jnp.int32(k)) for k in range(part.batches)]
    whole = jax.tree.map(lambda *parts: np.concatenate(parts), *found)
    return model.figures(totals(whole), part.facts)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_score_of_a_split_does_not_depend_on_the_batch_size(name):
    whole = walked(name, 1000)  # more than there are: nothing is filled up
    for batch_size in (7, 16) if name != "images" else (32,):  # none divides it
        assert walked(name, batch_size) == pytest.approx(whole, rel=1e-5), batch_size
    if name == "images":
        assert whole["sequences"] == 300
    elif name != "text":
        assert whole["sequences"] == SEQUENCES


def test_what_is_asked_nothing_is_no_sequence():
    found = answers.sums(classes(4, whole=True), jnp.ones((2, 3, 4)), jnp.array([[-1, -1, 0], [-1, -1, -1]]), over=(1,))
    assert found["wrong_sequences"][1].tolist() == [1, 0]
    targets = jnp.full((2, 3, 1), jnp.nan).at[0, 2].set(1.0)
    found = answers.sums(numbers(1, 0.1), jnp.ones((2, 3, 1)), targets, over=(1,))
    assert found["wrong_sequences"][1].tolist() == [1, 0]
    assert found["squared_error"][1].tolist() == [1, 0]
    assert answers.counts(numbers(1, 0.1), targets, over=(1,)).tolist() == [1, 0]
