"""The first symbol comes back at the end (Hochreiter and Schmidhuber 1997; Martens and Sutskever 2011).

100 symbols. The first is 0 or 1 and is asked for at the last step; between them
stands a random permutation's beginning, drawn from the 98 others without
repetition (with repetition beyond 98 of them). T = 5:

    1 54 17 80 3        after 3 comes 1

Only the last step is asked: guessing gives the floor, an error of 1/2.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import check
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Key

SYMBOLS, SPECIAL = 100, 2

FIELDS = fields(2)


def random_permutation(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, the steps read before the answer."""
    check(FIELDS, config, "task.")

    def generate(key: Key, B: int) -> Labelled:
        return draw(key, B, config.length)

    return generated(
        "random_permutation",
        config,
        evaluation,
        interface=Interface(Labelled, SYMBOLS, classes(SYMBOLS, whole=True)),
        generate=generate,
        facts={"length": config.length, "floor_sequence_error": 0.5},
    )


def draw(key: Key, B: int, T: int) -> Labelled:
    """B sequences of T symbols."""
    k_first, k_rest = jax.random.split(key)
    first_B = jax.random.randint(k_first, (B,), 0, SPECIAL)
    others = SYMBOLS - SPECIAL
    rounds = -(-(T - 1) // others)

    def permutations(k: Key) -> jax.Array:
        keys = jax.random.split(k, rounds)
        return jax.vmap(lambda key: jax.random.permutation(key, others))(keys).reshape(-1)[: T - 1]

    rest_BT = SPECIAL + jax.vmap(permutations)(jax.random.split(k_rest, B))
    return Labelled(Padded(jnp.concatenate([first_B[:, None], rest_BT], axis=1)), first_B)
