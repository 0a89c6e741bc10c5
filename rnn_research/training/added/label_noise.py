"""Label noise: training targets that are wrong at random, in training alone (Zhang et al. 2017, arXiv:1611.03530).

The share ``p`` of the answers that are classes is replaced by a class drawn evenly,
the true one among them; to answers that are numbers Gaussian noise of standard
deviation ``p`` is added. What a task does not ask for is left alone. Every epoch
draws anew, so that no wrong label can be learned by heart. The training loss that
is logged is that of the noisy targets; splits are scored on the true ones.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.config import Field
from rnn_research.errors import UserError
from rnn_research.tasks import Task
from rnn_research.types import Array, Key

FIELD = Field(
    0.0,
    "share of training answers drawn anew; for numbers: deviation of the noise",
    low=0,
    free=True,
    zero_apart=True,
)

Noise = Callable[[Key, Array, float | Array], Array]
"""``noise(key, targets, p) -> targets``."""


def number_of(config: Any) -> float:
    """How much."""
    return config.training.label_noise


def noise_of(config: Any, task: Task) -> Noise | None:
    """The noise of a config's targets, or None where it asks for none.

    Args:
      config: the whole config; reads ``training.label_noise``.
      task: for its targets and the number of its classes.

    Raises:
      UserError: for a negative number, or a share of classes above 1.
    """
    p = number_of(config)
    FIELD.check("training.label_noise", p)
    if not p:
        return None
    data = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), task.splits["train"].data)
    targets = jax.eval_shape(task.batch, data, jax.random.key(0), jnp.array(0)).answers
    numbers = jnp.issubdtype(targets.dtype, jnp.floating)
    if not numbers and p > 1:
        raise UserError(f"training.label_noise={p} must be at most 1, the share of the answers that are drawn anew")

    def of_classes(key: Key, targets: Array, p: float | Array) -> Array:
        k_which, k_class = jax.random.split(key)
        drawn = jax.random.randint(k_class, targets.shape, 0, task.interface.answer.size, targets.dtype)
        return jnp.where((targets >= 0) & jax.random.bernoulli(k_which, p, targets.shape), drawn, targets)

    def of_numbers(key: Key, targets: Array, p: float | Array) -> Array:
        return targets + p * jax.random.normal(key, targets.shape, targets.dtype)

    return of_numbers if numbers else of_classes
