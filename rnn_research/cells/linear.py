"""The matmuls of a cell: one weight matrix a gate, applied to any number of leading axes."""

import math

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Streams
from rnn_research.types import Array

FEW_ROWS = 512
"""Below this many rows one matmul for all gates is faster on a CPU too: reading the weights is most of it.
Above it the slices of the fused result cost more than they save."""


def accumulator(dtype: jnp.dtype) -> jnp.dtype:
    """The dtype in which products of ``dtype`` are summed: never below float32."""
    return jnp.promote_types(dtype, jnp.float32)


def matmul(x: Array, w: Array) -> Array:
    """``x [..., D] @ w [D, H]``, read in the weight's precision, summed in at least float32.

    With bfloat16 weights this is mixed precision: the product is taken in
    bfloat16, and everything pointwise (gates, carries) stays in float32.

    Integers ``x [...]`` are symbols: each stands for its one-hot vector, and the
    product is a row of ``w``; of a number that is no symbol (-1) it is zero.
    """
    if is_symbols(x):
        return _rows(x, w)
    # As one axis the leading ones need no copy in another order for the weights' gradient, a sum over all of them;
    # a batch axis that is spread over devices would be lost among the others.
    rows = x.reshape(-1, x.shape[-1]) if whole_batch_here() else x
    product = jnp.matmul(rows.astype(w.dtype), w, preferred_element_type=accumulator(w.dtype))
    return product.reshape(*x.shape[:-1], w.shape[-1])


def whole_batch_here() -> bool:
    """Whether no batch axis can be spread over devices: there is one device, or what is traced runs on one."""
    mesh = jax.sharding.get_abstract_mesh()
    return jax.device_count() == 1 or (not mesh.empty and set(mesh.manual_axes) == set(mesh.axis_names))


def is_symbols(x: Array) -> bool:
    """Whether ``x`` holds symbols, not numbers."""
    return jnp.issubdtype(x.dtype, jnp.integer)


def looks_up() -> bool:
    """Whether symbols are looked up, as on a CPU; elsewhere the gradient's sum over them would have no fixed order."""
    return jax.default_backend() == "cpu"


def _rows(symbols: Array, w: Array) -> Array:
    if not looks_up():
        return matmul(jax.nn.one_hot(symbols, w.shape[0], dtype=w.dtype), w)
    places = jnp.where(symbols < 0, w.shape[0], symbols)  # negative places would count from the end
    return w.astype(accumulator(w.dtype)).at[places].get(mode="fill", fill_value=0)


def gate_streams(w_GDH: Array, x: Array) -> Streams:
    """One ``[..., H]`` array a gate: ``x [..., D] @ w_GDH[g]``, by one matmul or one a gate."""
    G, D, H = w_GDH.shape
    if is_symbols(x) or not one_matmul(math.prod(x.shape[:-1])):
        return tuple(matmul(x, w_DH) for w_DH in w_GDH)
    fused_DK = jnp.swapaxes(w_GDH, 0, 1).reshape(D, G * H)
    return tuple(jnp.split(matmul(x, fused_DK), G, axis=-1))


def one_matmul(rows: int) -> bool:
    """Whether ``rows`` examples go through all gates in one matmul: always on an accelerator."""
    return jax.default_backend() != "cpu" or rows < FEW_ROWS


def add_bias(streams: Streams, b_GH: Array) -> Streams:
    """Adds ``b_GH[g]`` to stream g."""
    return tuple(s + b_H.astype(s.dtype) for s, b_H in zip(streams, b_GH, strict=True))
