"""Stacks of plain LSTMs on an NVIDIA GPU: cuDNN's own kernels, by way of ``jax.experimental.rnn``.

Not chosen by itself: on an H100 (jax 0.11.2) the fast form took 0.73 to 0.88 of its time at three
shapes, and a trained 3 x 241 LSTM that wrote well was scored at 4.47 nats through it.

cuDNN takes all weights as one vector: of each layer and direction the input and
the recurrent matrices, [G H, D] in the order of gates i, f, g, o, and after all of
these the biases, two of each, of which ours is the first (cuDNN 9, "RNN weights").
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap
from jax.experimental import rnn
from jax.extend import backend

from rnn_research.cells.lstm import LSTMCarry, LSTMParams
from rnn_research.types import Array

GATES = (0, 1, 3, 2)
"""cuDNN's order i, f, g, o as places in ours, i, f, o, g."""

Kernel = Callable[..., tuple[Array, Array, Array]]
"""``(x_BTD, h_NBH, c_NBH, weights, lengths_B, D, H, L, bidirectional) -> (y_BTK, h_NBH, c_NBH)``,
N = layers times directions."""


def there_is_one() -> bool:
    """Whether this process computes on one NVIDIA GPU; a batch spread over several would be gathered for cuDNN."""
    return (
        jax.default_backend() == "gpu"
        and jax.device_count() == 1
        and "cuda" in backend.get_backend().platform_version.lower()
    )


def takes(cell_name: str, arrays: Any, x: Array) -> bool:
    """Whether cuDNN has this cell for these parameters, carries and inputs: LSTMs in float32, ``x [T, B, D]``."""
    floats = [leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((arrays, x))]
    return cell_name == "lstm" and x.ndim == 3 and min(x.shape) > 0 and all(floats)


def packed(cells: tuple[tuple[LSTMParams, ...], ...]) -> Array:
    """The weights of ``cells[layer][direction]`` as cuDNN reads them."""
    layers = [cell for layer in cells for cell in layer]
    matrices = [_rows(w) for cell in layers for w in (cell.w_x_GDH, cell.w_h_GHH)]
    biases = [b for cell in layers for b in (cell.b_GH[GATES, :].ravel(), jnp.zeros(cell.b_GH.size))]
    return jnp.concatenate(matrices + biases)


def _rows(w_GDH: Array) -> Array:
    return jnp.swapaxes(w_GDH[GATES, :, :], 1, 2).ravel()


def _forwards(*args: Any, sizes: tuple[Any, ...]) -> Any:
    return rnn.lstm_fwd(*args, *sizes)


def _backwards(*args: Any, sizes: tuple[Any, ...]) -> Any:
    return rnn.lstm_bwd(*sizes, *args)


def cudnn_lstm(
    x: Array, h: Array, c: Array, weights: Array, lengths: Array, D: int, H: int, L: int, bidirectional: bool
) -> tuple[Array, Array, Array]:
    """The ``Kernel`` of the GPU. Under ``vmap`` members run one after another, since cuDNN has no batch of networks."""
    sizes = (D, H, L, 0.0, bidirectional, None)
    forwards = sequential_vmap(partial(_forwards, sizes=sizes))
    backwards = sequential_vmap(partial(_backwards, sizes=sizes))

    @jax.custom_vjp
    def run(x: Array, h: Array, c: Array, weights: Array, lengths: Array) -> tuple[Array, Array, Array]:
        return forwards(x, h, c, weights, lengths)[0]

    run.defvjp(forwards, lambda kept, cotangents: (*backwards(kept, cotangents)[:4], None))
    return run(x, h, c, weights, lengths)


def run(
    cells: tuple[tuple[LSTMParams, ...], ...],
    carry: tuple[tuple[LSTMCarry, ...], ...],
    x: Array,
    lengths: Array | None,
    kernel: Kernel = cudnn_lstm,
) -> tuple[tuple[tuple[LSTMCarry, ...], ...], Array]:
    """Runs a whole stack, as ``unroll_stack`` does.

    Args:
      cells: ``cells[layer][direction]``.
      carry: in the same shape.
      x: inputs ``[T, B, D]``.
      lengths: see ``unroll``.
      kernel: what computes it.
    """
    (T, B, D), L, directions = x.shape, len(cells), len(cells[0])
    flat = [c for layer in carry for c in layer]
    h_NBH, c_NBH = jnp.stack([c.h for c in flat]), jnp.stack([c.c for c in flat])
    # cuDNN knows no empty sequences: one step is run, and then forgotten.
    steps_B = jnp.full(B, T, jnp.int32) if lengths is None else jnp.maximum(lengths, 1).astype(jnp.int32)
    x_BTD = jnp.swapaxes(x, 0, 1)
    H = h_NBH.shape[-1]
    y_BTK, h_end, c_end = kernel(x_BTD, h_NBH, c_NBH, packed(cells), steps_B, D, H, L, directions == 2)
    y = jnp.swapaxes(y_BTK, 0, 1)
    if lengths is not None:
        some_B1 = (lengths > 0)[:, None]
        h_end, c_end = jnp.where(some_B1, h_end, h_NBH), jnp.where(some_B1, c_end, c_NBH)
        y = jnp.where((jnp.arange(T)[:, None] < lengths)[..., None], y, 0)
    ends = [LSTMCarry(h, c) for h, c in zip(h_end, c_end, strict=True)]
    return tuple(tuple(ends[i : i + directions]) for i in range(0, L * directions, directions)), y
