"""Remember the last pulse of each channel: the 3-bit flip-flop (Sussillo and Barak 2013).

Each channel pulses +1 or -1 with a probability at every step, else 0; the target
is its last pulse, and 0 before the first. One channel:

    input   0 +1  0  0 -1  0 +1
    target  0 +1 +1 +1 -1 -1 +1

Always answering 0 gives the floor, an MSE just below 1 (the share of the steps
after a channel's first pulse).
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field, check
from rnn_research.tasks.batches import Asked, Padded
from rnn_research.tasks.interface import Interface, numbers
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Array, Key

MOST_SYMBOLS = 10_000  # channels

FIELDS = fields(
    symbols=Field(3, "channels", low=1, high=MOST_SYMBOLS),
    probability=Field(0.1, "of a pulse at a step of a channel", above=0, high=1),
)


def flip_flop(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.symbols`` channels of T steps, pulses with ``config.probability``."""
    check(FIELDS, config, "task.")
    p, T = config.probability, config.length

    def generate(key: Key, B: int) -> Asked:
        return draw(key, B, T, config.symbols, p)

    silent = sum((1 - p) ** (t + 1) for t in range(T)) / T
    return generated(
        "flip_flop",
        config,
        evaluation,
        interface=Interface(Asked, config.symbols, numbers(config.symbols, tolerance=0.5)),
        generate=generate,
        facts={"length": T, "channels": config.symbols, "floor_mean_squared_error": 1 - silent},
    )


def draw(key: Key, B: int, T: int, channels: int, probability: float) -> Asked:
    """B sequences of T steps."""
    k_when, k_sign = jax.random.split(key)
    when = jax.random.bernoulli(k_when, probability, (T, B, channels))
    sign = jax.random.rademacher(k_sign, (T, B, channels), jnp.float32)
    x_TBD = jnp.where(when, sign, 0.0)

    def remember(last: Array, now: Array) -> tuple[Array, Array]:
        last = jnp.where(now == 0, last, now)
        return last, last

    _, targets_TBK = jax.lax.scan(remember, jnp.zeros((B, channels)), x_TBD)
    return Asked(Padded(jnp.swapaxes(x_TBD, 0, 1)), jnp.swapaxes(targets_TBK, 0, 1))
