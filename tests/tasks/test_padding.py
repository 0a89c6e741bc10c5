"""What fills up a batch counts nowhere: the score of a split does not depend on the batches it is walked in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.tasks import TASKS
from rnn_research.tasks.objectives import class_objective, number_objective
from rnn_research.training.defaults import defaults

SEQUENCES = 23


def walked(name, batch_size):
    """The sums of the test split under outputs that depend on each example alone, added up by batch size."""
    config = defaults(name)
    if name == "text":
        config.task.update({"text": "the quick brown fox; " * 40, "chunk_length": 5, "test_fraction": 0.3})
        config.task.batch_size = 4
    elif name == "images":
        config.task.update({"form": "rows"})
    else:
        config.task.update({"length": 20, "evaluation_sequences": SEQUENCES})
    config.evaluation.batch_size = batch_size
    task = TASKS[name](config.task, config.evaluation)
    part = task.splits["test"]

    @jax.jit
    def sums(k):
        batch = task.evaluation_batch(part.data, jax.random.key(0), k)
        x_TBD = batch.inputs[..., None] if batch.inputs.ndim == 2 else batch.inputs
        answers_K = jnp.arange(1.0, task.output_size + 1)
        return task.score(jnp.sin(x_TBD.sum(-1)[..., None].astype(jnp.float32) * answers_K), batch.targets)

    found = [sums(jnp.int32(k)) for k in range(part.batches)]
    return task, {name: np.concatenate([np.asarray(f[name]) for f in found]) for name in found[0]}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_score_of_a_split_does_not_depend_on_the_batch_size(name):
    task, alone = walked(name, 1000)  # more than there are: nothing is filled up
    whole = task.summary(alone, "test")
    for batch_size in (7, 16) if name != "images" else (32,):  # none divides it
        other = task.summary(walked(name, batch_size)[1], "test")
        assert other == pytest.approx(whole, rel=1e-5), batch_size
    if name == "images":
        assert whole["sequences"] == 300
    elif name != "text":
        assert whole["sequences"] == SEQUENCES


def test_what_is_asked_nothing_is_no_sequence():
    classes = class_objective(whole=True).score(jnp.ones((3, 2, 4)), jnp.array([[-1, -1], [-1, -1], [0, -1]]))
    assert classes["sequences"].tolist() == [1, 0]
    targets = jnp.full((3, 2, 1), jnp.nan).at[2, 0].set(1.0)
    numbers = number_objective(0.1).score(jnp.ones((3, 2, 1)), targets)
    assert numbers["sequences"].tolist() == [1, 0]
    assert numbers["answers"].tolist() == [1, 0]


def test_an_answer_that_is_not_a_number_is_wrong():
    """The largest of several nan is the first, and no nan is further off than any tolerance: neither is an answer."""
    nan_TBK = jnp.full((1, 1, 4), jnp.nan)
    classes = class_objective(whole=True).score(nan_TBK, jnp.zeros((1, 1), jnp.int32))
    assert (int(classes["right"][0]), int(classes["wrong_sequences"][0])) == (0, 1)
    numbers = number_objective(0.1).score(nan_TBK[..., :1], jnp.zeros((1, 1, 1)))
    assert int(numbers["wrong_sequences"][0]) == 1
