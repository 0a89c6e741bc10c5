"""Add two marked numbers of a long sequence.

``form = uniform`` (Le, Jaitly and Hinton 2015; Arjovsky et al. 2016): T pairs of
a value in U[0, 1] and a marker; one marker in the first half, one in the
second; the answer at the end is the sum. T = 6:

    value    .4  .9  .1  .7  .3  .5
    marker    0   1   0   0   1   0        answer .9 + .3 = 1.2

Always answering 1 gives the floor, MSE 1/6 = 0.1667.

``form = 1997`` (Hochreiter and Schmidhuber 1997, experiment 4): values in
U[-1, 1]; the length is drawn from T to T + T/10; one of the first ten pairs and
one of the first T/2 - 1 others is marked 1, the first and the last pair are
marked -1 (a marked first pair keeps 1 and has the value 0); the answer is
0.5 + (X1 + X2) / 4, right within 0.04. Floor: the variance of the answer, 1/24.

``form = product`` is their multiplication problem (experiment 5): values in
U[0, 1], answer X1 * X2. Floor: 7/144.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field, check
from rnn_research.errors import at_least
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.tasks.interface import Interface, numbers
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.tasks.task import Task
from rnn_research.types import Array, Key

FLOORS = {"uniform": 1 / 6, "1997": 1 / 24, "product": 7 / 144}

FIELDS = fields(2, form=Field("uniform", "which version of the problem", choices=FLOORS))


def adding(config: Any, evaluation: Any) -> Task:
    """Builds the task; ``config.length`` is T, ``config.form`` one of the above."""
    check(FIELDS, config, "task.")
    if config.form != "uniform":
        at_least(f"task.form={config.form}: task.length", config.length, 20)
    draw = draw_uniform if config.form == "uniform" else draw_1997

    def generate(key: Key, B: int) -> Labelled:
        return draw(key, B, config.length, config.form)

    return generated(
        "adding",
        config,
        evaluation,
        interface=Interface(Labelled, 2, numbers(1, tolerance=0.04)),
        generate=generate,
        facts={"length": config.length, "form": config.form, "floor_mean_squared_error": FLOORS[config.form]},
    )


def draw_uniform(key: Key, B: int, T: int, form: str = "uniform") -> Labelled:
    """B sequences of T pairs."""
    k_value, k_first, k_second = jax.random.split(key, 3)
    value_TB = jax.random.uniform(k_value, (T, B))
    first_B = jax.random.randint(k_first, (B,), 0, T // 2)
    second_B = jax.random.randint(k_second, (B,), T // 2, T)
    x1_B, x2_B = _at(value_TB, first_B), _at(value_TB, second_B)
    times_T1 = jnp.arange(T)[:, None]
    marker_TB = ((times_T1 == first_B) | (times_T1 == second_B)).astype(value_TB.dtype)
    return _batch(value_TB, marker_TB, x1_B + x2_B, jnp.full((B,), T))


def draw_1997(key: Key, B: int, T: int, form: str = "1997") -> Labelled:
    """B sequences of T to T + T/10 pairs."""
    longest = T + T // 10
    k_value, k_first, k_second, k_length = jax.random.split(key, 4)
    lengths_B = jax.random.randint(k_length, (B,), T, longest + 1)
    value_TB = jax.random.uniform(k_value, (longest, B), minval=0.0 if form == "product" else -1.0)
    first_B = jax.random.randint(k_first, (B,), 0, 10)
    # One of the first T/2 - 1 pairs that are still unmarked: skip over the first mark.
    second_B = jax.random.randint(k_second, (B,), 0, T // 2 - 1)
    second_B = second_B + (second_B >= first_B)
    times_T1 = jnp.arange(longest)[:, None]
    marked_TB = (times_T1 == first_B) | (times_T1 == second_B)
    value_TB = jnp.where(marked_TB & (times_T1 == 0), 0.0, value_TB)
    edge_TB = (times_T1 == 0) | (times_T1 == lengths_B - 1)
    marker_TB = jnp.where(marked_TB, 1.0, jnp.where(edge_TB, -1.0, 0.0))
    x1_B, x2_B = _at(value_TB, first_B), _at(value_TB, second_B)
    answer_B = x1_B * x2_B if form == "product" else 0.5 + (x1_B + x2_B) / 4
    return _batch(value_TB, marker_TB, answer_B, lengths_B)


def _at(value_TB: Array, time_B: Array) -> Array:
    return jnp.take_along_axis(value_TB, time_B[None], axis=0)[0]


def _batch(value_TB: Array, marker_TB: Array, answer_B: Array, lengths_B: Array) -> Labelled:
    x_BTD = jnp.stack([value_TB.T, marker_TB.T], axis=-1)
    return Labelled(Padded(x_BTD, lengths_B), answer_B[:, None])
