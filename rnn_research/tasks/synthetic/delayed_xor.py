"""Exclusive or of two bits that come first, asked after a delay of noise (after Bengio, Simard and Frasconi 1994).

Two channels: bits of the first two steps as +1 or -1 beside a flag, then
Gaussian noise with the flag off; the class at the end is 1 if the bits differ. T = 6:

    bit    +1  -1  .2 -.5  .1  .3
    flag    1   1   0   0   0   0        class 1

Guessing gives the floor, an accuracy of 1/2.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field, check
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Key

FIELDS = fields(2, noise=Field(0.1, "standard deviation of the delay's noise", low=0))


def delayed_xor(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.noise`` the standard deviation."""
    check(FIELDS, config, "task.")

    def generate(key: Key, B: int) -> Labelled:
        return draw(key, B, config.length, config.noise)

    return generated(
        "delayed_xor",
        config,
        evaluation,
        interface=Interface(Labelled, 2, classes(2)),
        generate=generate,
        facts={"length": config.length, "noise": config.noise, "floor_accuracy": 0.5},
    )


def draw(key: Key, B: int, T: int, noise: float) -> Labelled:
    """B sequences of T steps."""
    k_bits, k_noise = jax.random.split(key)
    bits_2B = jax.random.randint(k_bits, (2, B), 0, 2)
    value_TB = noise * jax.random.normal(k_noise, (T, B))
    value_TB = value_TB.at[:2].set(2.0 * bits_2B - 1.0)
    flag_TB = jnp.zeros((T, B)).at[:2].set(1.0)
    return Labelled(Padded(jnp.stack([value_TB.T, flag_TB.T], axis=-1)), bits_2B[0] ^ bits_2B[1])
