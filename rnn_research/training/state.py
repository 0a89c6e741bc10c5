"""All that a run carries from step to step: a checkpoint is exactly this."""

import enum
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from rnn_research.types import Array, Carry, Key, Params


class Purpose(enum.IntEnum):
    """What a key is for: ``fold_in(fold_in(key, step), purpose)``; a number is never reused."""

    PARAMS = 0
    BATCH = 1
    DROPOUT = 2
    SAMPLE = 3
    LABELS = 4


@struct.dataclass
class TrainState:
    """The state of one run, or (from ``jax.eval_shape``) its shapes.

    Attributes:
      step: updates made, a scalar.
      params: of the model.
      opt_state: of the clipping and the optimiser.
      carry: of every training stream, ``[B, H]`` in each place.
      key: the run's one key, a ``Key``; it never changes.
    """

    step: Any
    params: Params
    opt_state: Any
    carry: Carry
    key: Any


def purpose_key(key: Key, step: Array | int, purpose: Purpose) -> Key:
    """The key of one step for one purpose."""
    return jax.random.fold_in(jax.random.fold_in(key, step), purpose)


def cast(params: Params, dtype: Any) -> Params:
    """Floating-point leaves in ``dtype``."""
    return jax.tree.map(lambda p: p.astype(dtype) if jnp.issubdtype(p.dtype, jnp.floating) else p, params)
