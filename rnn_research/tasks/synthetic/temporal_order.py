"""In which order did the special symbols come? (Hochreiter and Schmidhuber 1997, experiment 6.)

Alphabet and positions of Pascanu, Mikolov and Bengio 2013: every symbol is
drawn from c, d, e, f, but two at random places in [T/10, 2T/10] and
[4T/10, 5T/10] are drawn from A, B; the class at the end is one of AA, AB, BA,
BB. With three symbols the places are in [T/10, 2T/10], [3T/10, 4T/10] and
[6T/10, 7T/10], and there are 8 classes. T = 10, two symbols:

    f A c e B d d c f e        class AB = 1

Guessing gives the floor, an error of 3/4 (7/8 with three symbols).
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

SPECIAL, DISTRACTORS = 2, 4  # A and B are symbols 0 and 1; c to f are 2 to 5
TENTHS = {2: (1, 4), 3: (1, 3, 6)}  # where each interval begins, in tenths of T; each is a tenth long

FIELDS = fields(10, symbols=Field(2, "special symbols of a sequence", low=min(TENTHS), high=max(TENTHS)))


def temporal_order(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.symbols`` 2 or 3."""
    check(FIELDS, config, "task.")

    def generate(key: Key, B: int) -> Labelled:
        return draw(key, B, config.length, config.symbols)

    K = SPECIAL**config.symbols
    return generated(
        "temporal_order",
        config,
        evaluation,
        interface=Interface(Labelled, SPECIAL + DISTRACTORS, classes(K, whole=True)),
        generate=generate,
        facts={"length": config.length, "symbols": config.symbols, "floor_sequence_error": 1 - 1 / K},
    )


def draw(key: Key, B: int, T: int, symbols: int) -> Labelled:
    """B sequences of T symbols."""
    k_noise, k_place, k_special = jax.random.split(key, 3)
    inputs_TB = jax.random.randint(k_noise, (T, B), SPECIAL, SPECIAL + DISTRACTORS)
    begin_S1 = jnp.array([tenth * T // 10 for tenth in TENTHS[symbols]])[:, None]
    place_SB = begin_S1 + jax.random.randint(k_place, (symbols, B), 0, T // 10)
    special_SB = jax.random.randint(k_special, (symbols, B), 0, SPECIAL)
    inputs_TB = inputs_TB.at[place_SB, jnp.arange(B)].set(special_SB)
    weight_S1 = SPECIAL ** jnp.arange(symbols - 1, -1, -1)[:, None]
    class_B = jnp.sum(special_SB * weight_S1, axis=0)
    return Labelled(Padded(inputs_TB.T), class_B)
