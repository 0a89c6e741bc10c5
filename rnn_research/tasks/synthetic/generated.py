"""A task from a generator: training draws fresh sequences for ever, the other splits are fixed draws."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.errors import at_least
from rnn_research.tasks.answers import Interface
from rnn_research.tasks.batches import Batch
from rnn_research.tasks.task import Split, Task
from rnn_research.types import Array, Key

Generate = Callable[[Key, int], Batch]
"""``(key, B) -> batch`` of B fresh sequences."""

LONGEST = 1_000_000  # steps of a sequence
MOST_SEQUENCES = 1_000_000  # in a batch, or that a split is scored on
NUMBERS = {"train": 0, "validation": 1, "test": 2}


def generated(
    name: str,
    config: Any,
    evaluation: Any,
    *,
    interface: Interface,
    generate: Generate,
    facts: Mapping[str, Any],
) -> Task:
    """Builds the task.

    Args:
      name: its key in ``TASKS``.
      config: the task section; reads ``batch_size``, ``steps_per_epoch`` and ``evaluation_sequences``.
      evaluation: the evaluation section; reads ``batch_size``.
      interface: what ``generate`` draws.
      generate: draws a batch.
      facts: the floor and what else provenance should know.
    """
    at_least("--config.task.steps_per_epoch", config.steps_per_epoch, 1)
    for field in ("batch_size", "evaluation_sequences"):
        at_least(f"--config.task.{field}", config[field], 1, MOST_SEQUENCES)
    at_least("--config.evaluation.batch_size", evaluation.batch_size, 1)

    def batch(data: Any, key: Key, step: Array) -> Batch:
        del data, step  # the key already differs from step to step
        return generate(key, config.batch_size)

    size = min(evaluation.batch_size, config.evaluation_sequences)

    def evaluation_batch(data: Any, key: Key, step: Array) -> Batch:
        del key  # a split is the same for every run, whatever its seed
        return numbered(generate, data, step * size + jnp.arange(size), config.evaluation_sequences)

    batches = -(-config.evaluation_sequences // size)
    splits = {
        split: Split(np.uint32(number), config.steps_per_epoch if split == "train" else batches, size)
        for split, number in NUMBERS.items()
    }
    splits["train"] = splits["train"]._replace(batch_size=config.batch_size)
    return Task(
        name=name,
        interface=interface,
        splits=splits,
        batch=batch,
        evaluation_batch=evaluation_batch,
        facts={"task": name, **facts},
        length=config.length,
    )


def numbered(generate: Generate, split: Any, number_B: Array, count: int) -> Batch:
    """The sequences of a split that have these numbers; each has a key of its own, so that batches may be of any size.

    Args:
      generate: draws a batch.
      split: its number in ``NUMBERS``.
      number_B: which sequences.
      count: how many the split has; those beyond are asked nothing.
    """
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(split), number_B)
    one_by_one = jax.vmap(lambda key: generate(key, 1))(keys_B)
    batch = jax.tree.map(lambda leaf_B1: leaf_B1[:, 0], one_by_one)
    answers = batch.answers
    nothing = -1 if jnp.issubdtype(answers.dtype, jnp.integer) else jnp.nan
    asked_B = (number_B < count).reshape(-1, *[1] * (answers.ndim - 1))
    return batch.with_answers(jnp.where(asked_B, answers, nothing))
