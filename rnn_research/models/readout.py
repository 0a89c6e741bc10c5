"""What stands around a stack: the embedding that it reads from, and the linear readout of its top."""

import jax
import jax.numpy as jnp

from rnn_research.cells.initializers import normal
from rnn_research.cells.linear import is_symbols, matmul
from rnn_research.models import answers
from rnn_research.tasks.interface import Answer
from rnn_research.types import Array, DTypeLike, Key


def embedding_of(key: Key, V: int, E: int, dtype: DTypeLike) -> Array | None:
    """A vector for each of V symbols, ``[V, E]``; None for E of 0, where they are read one-hot."""
    return normal(1.0)(key, (V, E), dtype) if E else None


def embedded(embedding_VE: Array | None, inputs: Array, V: int, like: Array) -> Array:
    """What the first layer reads: numbers as they are, symbols one-hot (as numbers like these) or embedded."""
    if embedding_VE is not None:
        return matmul(inputs, embedding_VE)
    return jax.nn.one_hot(inputs, V, dtype=like.dtype) if is_symbols(inputs) else inputs


def read_out(w_HV: Array, b_V: Array, h: Array) -> Array:
    """``W h + b`` of the top's outputs ``[..., H]``, in their precision."""
    return matmul(h, w_HV) + b_V.astype(h.dtype)


def mean(answer: Answer, outputs: Array, targets: Array, over: tuple[int, ...]) -> Array:
    """The loss of a whole batch, a scalar."""
    numerator_B, denominator_B = answers.sums(answer, outputs, targets, over)[answers.minimised(answer)]
    return jnp.sum(numerator_B) / jnp.maximum(1, jnp.sum(denominator_B))
