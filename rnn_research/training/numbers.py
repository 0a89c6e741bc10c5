"""The numbers of a config that change nothing about the program: members of a pack may differ in them.

``numbers_of`` is the one way in which they come to where they are used, the
first parameters and every step alike: as arguments of the program, never as
constants in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.config import declared
from rnn_research.training import optimizer
from rnn_research.training.added import label_noise
from rnn_research.training.defaults import fields_of
from rnn_research.types import Array

_FIELDS = declared(fields_of())
FREE = tuple(name for name, field in _FIELDS.items() if field.free)
FREE_ABOVE_ZERO = tuple(name for name, field in _FIELDS.items() if field.zero_apart)
"""Of these zero is a program of its own, which does without them."""


class Numbers(NamedTuple):
    """Those of one run, each a scalar; or of the M members of a pack, each ``[M]``.

    Attributes:
      seed: of all that is drawn.
      start: where parameters begin: the numbers under ``config.model.init``, by name.
      optimizer: learning rate, momentum and so on.
      dropout: rate between layers.
      regularizer_weight: of the penalty in the loss; None where there is none.
      label_noise: of the training targets.
    """

    seed: np.int64 | Array
    start: Mapping[str, float | Array]
    optimizer: optimizer.Numbers
    dropout: float | Array
    regularizer_weight: float | Array | None
    label_noise: float | Array


def numbers_of(config: Any) -> Numbers:
    """The numbers of a config, on the host.

    Raises:
      UserError: for one that is out of range, naming its flag.
    """
    wanted = config.training.regularizer
    return Numbers(
        seed=np.int64(config.seed),  # of 64 bits, as jax.random.key takes a whole number of Python's
        start={name: value for name, value in config.model.init.items() if not isinstance(value, str)},
        optimizer=optimizer.numbers_of(config.optimizer),
        dropout=config.model.dropout,
        regularizer_weight=None if wanted.name == "none" else wanted.weight,
        label_noise=label_noise.number_of(config),
    )


def stacked(numbers: Sequence[Numbers]) -> Numbers:
    """Those of several runs as arrays ``[M]``."""
    return jax.tree.map(lambda *values: jnp.asarray(np.stack([np.asarray(v) for v in values])), *numbers)
