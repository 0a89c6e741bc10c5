"""Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    i, f, o = sigma(W_x x_t + W_h h_{t-1} + b)      one matrix a gate
    g       = tanh(W_x x_t + W_h h_{t-1} + b)
    c_t     = f * c_{t-1} + i * g
    h_t     = o * tanh(c_t)

in the lecture's order of gates i, f, o, g. With peepholes (Gers, Schraudolph
and Schmidhuber 2002, eqs. 1-5) the gates also see the cell:

    i, f += p * c_{t-1}        o += p * c_t
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Streams, split_cell
from rnn_research.cells.initializers import CellInit, per_gate
from rnn_research.cells.linear import add_bias, gate_streams
from rnn_research.types import Array, DTypeLike, Key

FORGET = 1  # place of f among the gates i, f, o, g


class LSTMParams(NamedTuple):
    w_x_GDH: Array
    w_h_GHH: Array
    b_GH: Array


class PeepholeLSTMParams(NamedTuple):
    w_x_GDH: Array
    w_h_GHH: Array
    b_GH: Array
    p_GH: Array  # peepholes of i, f, o


class LSTMCarry(NamedTuple):
    h: Array
    c: Array


class LSTMGates(NamedTuple):
    i: Array
    f: Array
    o: Array
    g: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> LSTMParams:
    """Parameters for inputs of size D and H hidden units (G = 4)."""
    k_x, k_h, k_b = jax.random.split(key, 3)
    b_GH = per_gate(start.bias, k_b, (4, H), dtype)
    return LSTMParams(
        w_x_GDH=per_gate(start.input, k_x, (4, D, H), dtype),
        w_h_GHH=per_gate(start.recurrent, k_h, (4, H, H), dtype),
        b_GH=b_GH.at[FORGET].add(jnp.asarray(start.forget_bias, dtype)),
    )


def init_peephole(
    key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32
) -> PeepholeLSTMParams:
    """As ``init``; the peepholes begin as the biases do."""
    k_lstm, k_p = jax.random.split(key)
    return PeepholeLSTMParams(*init(k_lstm, D, H, start, dtype), p_GH=per_gate(start.bias, k_p, (3, H), dtype))


def input(params: LSTMParams | PeepholeLSTMParams, x: Array) -> Streams:
    return add_bias(gate_streams(params.w_x_GDH, x), params.b_GH)


def recur(params: LSTMParams | PeepholeLSTMParams, h: Array) -> Streams:
    return gate_streams(params.w_h_GHH, h)


def combine(params: LSTMParams, carry: LSTMCarry, u: Streams, v: Streams) -> tuple[LSTMCarry, LSTMGates]:
    a_i, a_f, a_o, a_g = (u_g + v_g for u_g, v_g in zip(u, v, strict=True))
    i, f, o, g = jax.nn.sigmoid(a_i), jax.nn.sigmoid(a_f), jax.nn.sigmoid(a_o), jnp.tanh(a_g)
    c = f * carry.c + i * g
    h = o * jnp.tanh(c)
    return LSTMCarry(h, c), LSTMGates(i, f, o, g)


def combine_peephole(
    params: PeepholeLSTMParams, carry: LSTMCarry, u: Streams, v: Streams
) -> tuple[LSTMCarry, LSTMGates]:
    a_i, a_f, a_o, a_g = (u_g + v_g for u_g, v_g in zip(u, v, strict=True))
    p_i, p_f, p_o = params.p_GH.astype(carry.c.dtype)
    i = jax.nn.sigmoid(a_i + p_i * carry.c)
    f = jax.nn.sigmoid(a_f + p_f * carry.c)
    g = jnp.tanh(a_g)
    c = f * carry.c + i * g
    o = jax.nn.sigmoid(a_o + p_o * c)
    h = o * jnp.tanh(c)
    return LSTMCarry(h, c), LSTMGates(i, f, o, g)


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> LSTMCarry:
    return LSTMCarry(h=jnp.zeros(shape, dtype), c=jnp.zeros(shape, dtype))


def hidden(carry: LSTMCarry) -> Array:
    return carry.h


lstm = split_cell(
    "lstm", init=init, input=input, recur=recur, combine=combine, initial_carry=initial_carry, hidden=hidden
)
lstm_peephole = split_cell(
    "lstm_peephole",
    init=init_peephole,
    input=input,
    recur=recur,
    combine=combine_peephole,
    initial_carry=initial_carry,
    hidden=hidden,
)
