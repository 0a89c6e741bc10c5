"""Copy ten symbols after a long blank (Hochreiter and Schmidhuber 1997; Arjovsky et al. 2016).

Eight symbols 0-7, the blank 8 and the signal 9. S symbols, T - 1 blanks, the
signal, S blanks; the answer is blank until the last S steps, which ask for the
symbols in order. S = 3, T = 4 (10 symbols in the papers):

    input   2 7 1 8 8 8 9 8 8 8
    target  8 8 8 8 8 8 8 2 7 1

A model without memory answers blank, then guesses: S ln 8 / (T + 2 S) nats a
step; with S = 10, 0.0945 at T = 200.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field, check
from rnn_research.tasks.batches import Asked, Padded
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Key

SYMBOLS, BLANK, SIGNAL = 8, 8, 9
MOST_SYMBOLS = 100_000  # to be remembered at a time

FIELDS = fields(symbols=Field(10, "to remember, S", low=1, high=MOST_SYMBOLS))


def copying(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.symbols`` is S."""
    check(FIELDS, config, "task.")
    S, T = config.symbols, config.length

    def generate(key: Key, B: int) -> Asked:
        return draw(key, B, T, S)

    return generated(
        "copying",
        config,
        evaluation,
        interface=Interface(Asked, SYMBOLS + 2, classes(SYMBOLS + 1)),
        generate=generate,
        facts={"length": T, "symbols": S, "floor_nats_per_answer": S * math.log(SYMBOLS) / (T + 2 * S)},
    )


def draw(key: Key, B: int, T: int, S: int) -> Asked:
    """B sequences of T + 2 S symbols."""
    word_SB = jax.random.randint(key, (S, B), 0, SYMBOLS)
    blanks = jnp.full((T + 2 * S, B), BLANK)
    inputs_TB = blanks.at[:S].set(word_SB).at[S + T - 1].set(SIGNAL)
    targets_TB = blanks.at[S + T :].set(word_SB)
    return Asked(Padded(inputs_TB.T), targets_TB.T)
