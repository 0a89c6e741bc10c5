"""Is the number of ones so far even or odd?

    bits    0 1 1 0 1
    target  0 1 0 0 1        at every step, or only at the end (``form = last``)

Guessing gives the floor, an accuracy of 1/2.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.errors import at_least, one_of
from rnn_research.tasks.objectives import class_objective
from rnn_research.tasks.synthetic.generated import LONGEST, generated
from rnn_research.tasks.task import Batch, Task
from rnn_research.types import Key


def parity(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.form`` every or last."""
    at_least("--config.task.length", config.length, 1, LONGEST)
    one_of("--config.task.form", config.form, ("every", "last"))

    def generate(key: Key, B: int) -> Batch:
        return draw(key, B, config.length, config.form)

    return generated(
        "parity",
        config,
        evaluation,
        input_size=2,
        output_size=2,
        generate=generate,
        objective=class_objective(),
        facts={"length": config.length, "form": config.form, "floor_accuracy": 0.5},
    )


def draw(key: Key, B: int, T: int, form: str) -> Batch:
    """B sequences of T bits."""
    bits_TB = jax.random.randint(key, (T, B), 0, 2)
    targets_TB = jnp.cumsum(bits_TB, axis=0) % 2
    if form == "last":
        targets_TB = targets_TB.at[:-1].set(-1)
    return Batch(bits_TB, targets_TB, fresh_B=jnp.ones(B, bool))
