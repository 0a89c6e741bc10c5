"""Where carries start anew: the one place that knows the fresh carry.

Between batches, row by row, and within one, after a step that ends a document.
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.types import Array, Carry
from rnn_research.unroll import StackEdit


def begin(initial: Carry, carry: Carry, fresh_B: Array) -> Carry:
    """The initial carry in the rows that start anew, what was handed on in all others.

    Gradient reaches the initial carry where it is learned, and never the batch before.

    Args:
      initial: of the model, ``[B, ...]`` in each place.
      carry: handed on.
      fresh_B: which rows start anew.
    """

    def rows(new: Array, old: Array) -> Any:
        return jnp.where(fresh_B.reshape(-1, *[1] * (new.ndim - 1)), new, old)

    return jax.tree.map(rows, initial, carry)


def with_resets(initial: Carry, edit: StackEdit | None) -> StackEdit:
    """An edit that starts a carry anew where ``ends_B`` is true, after the edit given.

    Args:
      initial: the initial carry of the whole stack, ``[B, H]`` in each place.
      edit: another edit to run first, or None.
    """

    def reset(layer: int, carry: Carry, t: Array, ends_B: Array) -> Carry:
        if edit is not None:
            carry = edit(layer, carry, t)
        (start,) = initial[layer]
        return jax.tree.map(lambda now, new: jnp.where(ends_B[..., None], new, now), carry, start)

    return reset
