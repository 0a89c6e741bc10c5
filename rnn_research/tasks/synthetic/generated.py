"""A task from a generator: training draws fresh sequences for ever, the other splits are fixed draws."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.config import Field, Section, check
from rnn_research.tasks.batches import Batch
from rnn_research.tasks.interface import Interface
from rnn_research.tasks.task import EVALUATION, Split, Task
from rnn_research.types import Array, Key

Generate = Callable[[Key, int], Batch]
"""``(key, B) -> batch`` of B fresh sequences."""

LONGEST = 1_000_000  # steps of a sequence
MOST_SEQUENCES = 1_000_000  # in a batch, or that a split is scored on
NUMBERS = {"train": 0, "validation": 1, "test": 2}


def fields(shortest: int = 1, **own: Field) -> Section:
    """Of a task from a generator: those that all have, and its own.

    Args:
      shortest: the least length.
      own: its own fields.
    """
    return {
        "batch_size": Field(32, "sequences in a batch", low=1, high=MOST_SEQUENCES),
        "length": Field(100, "time steps, T", low=shortest, high=LONGEST),
        "steps_per_epoch": Field(100, "an epoch of fresh sequences is a matter of counting", low=1),
        "evaluation_sequences": Field(1000, "that a split is scored on", low=1, high=MOST_SEQUENCES),
        **own,
    }


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
    check(EVALUATION, evaluation, "evaluation.")

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
