"""minLSTM: long short-term memory whose gates see the input alone (Feng et al. 2024, arXiv:2410.01201, section 3.2).

    i, f = sigma(W_x x_t + b)
    g    = W_x x_t + b
    h_t  = f / (f + i) * h_{t-1} + i / (f + i) * g

in this project's order of gates i, f, g, with the linear candidate of the paper's main
text and its normalised gates, which keep the state's scale at any length. The gates of
a trace are those, f / (f + i) and i / (f + i): what acts. There is no c and no output gate.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Linear, Streams, linear_cell
from rnn_research.cells.initializers import CellInit, per_gate
from rnn_research.cells.linear import add_bias, gate_streams
from rnn_research.types import Array, DTypeLike, Key

FORGET = 1  # place of f among the gates i, f, g


class MinLSTMParams(NamedTuple):
    w_x_GDH: Array
    b_GH: Array


class MinLSTMCarry(NamedTuple):
    h: Array


class MinLSTMGates(NamedTuple):
    i: Array
    f: Array
    g: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> MinLSTMParams:
    """Parameters for inputs of size D and H hidden units (G = 3); there is no recurrent matrix."""
    k_x, k_b = jax.random.split(key)
    b_GH = per_gate(start.bias, k_b, (3, H), dtype)
    return MinLSTMParams(
        w_x_GDH=per_gate(start.input, k_x, (3, D, H), dtype),
        b_GH=b_GH.at[FORGET].add(jnp.asarray(start.forget_bias, dtype)),
    )


def input(params: MinLSTMParams, x: Array) -> Streams:
    return add_bias(gate_streams(params.w_x_GDH, x), params.b_GH)


def gates(u: Streams) -> MinLSTMGates:
    u_i, u_f, u_g = u
    # f / (f + i) = sigma(log f - log i): no 0 / 0 where both gates are shut.
    odds = jax.nn.log_sigmoid(u_f) - jax.nn.log_sigmoid(u_i)
    return MinLSTMGates(i=jax.nn.sigmoid(-odds), f=jax.nn.sigmoid(odds), g=u_g)


def terms(params: MinLSTMParams, u: Streams) -> tuple[Array, Array]:
    i, f, g = gates(u)
    return f, i * g


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> MinLSTMCarry:
    return MinLSTMCarry(h=jnp.zeros(shape, dtype))


def hidden(carry: MinLSTMCarry) -> Array:
    return carry.h


minlstm = linear_cell(
    "minlstm",
    init=init,
    input=input,
    linear=Linear(terms, state=hidden, carry=MinLSTMCarry),
    gates=gates,
    initial_carry=initial_carry,
    hidden=hidden,
)
