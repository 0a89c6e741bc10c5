"""Gated recurrent unit (Cho et al. 2014), with the reset gate after or before the matmul.

After (cuDNN, PyTorch; the default, since the matmul need not wait for r):

    r, z = sigma(W_x x_t + W_h h_{t-1} + b)
    n    = tanh(W_x x_t + b + r * (W_h h_{t-1} + b_h))
    h_t  = (1 - z) * n + z * h_{t-1}

Before (Cho et al. 2014, eq. 8; used in arXiv:1506.02078):

    n    = tanh(W_x x_t + b + W_h (r * h_{t-1}))
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams, split_cell
from rnn_research.cells.initializers import CellInit, per_gate
from rnn_research.cells.linear import add_bias, gate_streams
from rnn_research.types import Array, DTypeLike, Key


class GRUParams(NamedTuple):
    w_x_GDH: Array
    w_h_GHH: Array
    b_GH: Array
    b_h_H: Array  # inside the reset gate's product


class ResetBeforeGRUParams(NamedTuple):
    w_x_GDH: Array
    w_h_GHH: Array
    b_GH: Array


class GRUCarry(NamedTuple):
    h: Array


class GRUGates(NamedTuple):
    r: Array
    z: Array
    n: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> GRUParams:
    """Parameters for inputs of size D and H hidden units (G = 3)."""
    k_gates, k_b = jax.random.split(key)
    return GRUParams(*init_reset_before(k_gates, D, H, start, dtype), b_h_H=start.bias(k_b, (H,), dtype))


def init_reset_before(
    key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32
) -> ResetBeforeGRUParams:
    """As ``init``, without the inner bias, which would be a second one here."""
    k_x, k_h, k_b = jax.random.split(key, 3)
    return ResetBeforeGRUParams(
        w_x_GDH=per_gate(start.input, k_x, (3, D, H), dtype),
        w_h_GHH=per_gate(start.recurrent, k_h, (3, H, H), dtype),
        b_GH=per_gate(start.bias, k_b, (3, H), dtype),
    )


def input(params: GRUParams | ResetBeforeGRUParams, x: Array) -> Streams:
    return add_bias(gate_streams(params.w_x_GDH, x), params.b_GH)


def recur(params: GRUParams, h: Array) -> Streams:
    return gate_streams(params.w_h_GHH, h)


def combine(params: GRUParams, carry: GRUCarry, u: Streams, v: Streams) -> tuple[GRUCarry, GRUGates]:
    (u_r, u_z, u_n), (v_r, v_z, v_n) = u, v
    r, z = jax.nn.sigmoid(u_r + v_r), jax.nn.sigmoid(u_z + v_z)
    n = jnp.tanh(u_n + r * (v_n + params.b_h_H.astype(v_n.dtype)))
    return GRUCarry(h=(1 - z) * n + z * carry.h), GRUGates(r, z, n)


def advance_reset_before(params: ResetBeforeGRUParams, carry: GRUCarry, u: Streams) -> tuple[GRUCarry, GRUGates]:
    u_r, u_z, u_n = u
    v_r, v_z = gate_streams(params.w_h_GHH[:2], carry.h)
    r, z = jax.nn.sigmoid(u_r + v_r), jax.nn.sigmoid(u_z + v_z)
    (v_n,) = gate_streams(params.w_h_GHH[2:], r * carry.h)
    n = jnp.tanh(u_n + v_n)
    return GRUCarry(h=(1 - z) * n + z * carry.h), GRUGates(r, z, n)


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> GRUCarry:
    return GRUCarry(h=jnp.zeros(shape, dtype))


def hidden(carry: GRUCarry) -> Array:
    return carry.h


gru = split_cell(
    "gru", init=init, input=input, recur=recur, combine=combine, initial_carry=initial_carry, hidden=hidden
)
gru_reset_before = Cell("gru_reset_before", init_reset_before, input, advance_reset_before, initial_carry, hidden)
