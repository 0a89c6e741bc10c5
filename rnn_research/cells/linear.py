"""The matmuls of a cell: one weight matrix a gate, applied to any number of leading axes."""

import jax.numpy as jnp

from rnn_research.cells.cell import Streams
from rnn_research.types import Array


def accumulator(dtype: jnp.dtype) -> jnp.dtype:
    """The dtype in which products of ``dtype`` are summed: never below float32."""
    return jnp.promote_types(dtype, jnp.float32)


def matmul(x: Array, w: Array) -> Array:
    """``x [..., D] @ w [D, H]``, read in the weight's precision, summed in at least float32.

    With bfloat16 weights this is mixed precision: the product is taken in
    bfloat16, and everything pointwise (gates, carries) stays in float32.
    """
    return jnp.matmul(x.astype(w.dtype), w, preferred_element_type=accumulator(w.dtype))


def gate_streams(w_GDH: Array, x: Array) -> Streams:
    """One ``[..., H]`` array a gate: ``x [..., D] @ w_GDH[g]``."""
    return tuple(matmul(x, w_DH) for w_DH in w_GDH)


def add_bias(streams: Streams, b_GH: Array) -> Streams:
    """Adds ``b_GH[g]`` to stream g."""
    return tuple(s + b_H.astype(s.dtype) for s, b_H in zip(streams, b_GH, strict=True))
