"""The carries that a batch begins with: handed on from the batch before, or fresh, row by row."""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.models import Model
from rnn_research.types import Array, Carry, Params


def begin(model: Model, params: Params, carry: Carry, fresh_B: Array) -> Carry:
    """The initial carry in the rows that start anew, what was handed on in all others.

    Gradient reaches the initial carry where it is learned, and never the batch before.

    Args:
      model: whose initial carry it is.
      params: of the model.
      carry: handed on, ``[B, ...]`` in each place.
      fresh_B: which rows start anew.
    """

    def rows(new: Array, old: Array) -> Any:
        return jnp.where(fresh_B.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    return jax.tree.map(rows, model.initial_carry(params, len(fresh_B)), carry)
