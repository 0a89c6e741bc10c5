"""Is the number of ones so far even or odd?

    bits    0 1 1 0 1
    target  0 1 0 0 1        at every step, or only at the end (``form = last``)

Guessing gives the floor, an accuracy of 1/2.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field, check
from rnn_research.tasks.batches import Asked, Padded
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Key

FIELDS = fields(form=Field("every", "the steps that are asked", choices=("every", "last")))


def parity(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.form`` every or last."""
    check(FIELDS, config, "task.")

    def generate(key: Key, B: int) -> Asked:
        return draw(key, B, config.length, config.form)

    return generated(
        "parity",
        config,
        evaluation,
        interface=Interface(Asked, 2, classes(2)),
        generate=generate,
        facts={"length": config.length, "form": config.form, "floor_accuracy": 0.5},
    )


def draw(key: Key, B: int, T: int, form: str) -> Asked:
    """B sequences of T bits."""
    bits_TB = jax.random.randint(key, (T, B), 0, 2)
    odd_BT = jnp.cumsum(bits_TB.T, axis=1) % 2
    return Asked(Padded(bits_TB.T), odd_BT if form == "every" else odd_BT.at[:, :-1].set(-1))
