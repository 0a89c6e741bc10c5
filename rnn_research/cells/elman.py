"""The vanilla recurrent network (Elman 1990), with tanh or ReLU.

h_t = phi(W_h h_{t-1} + W_x x_t + b)
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams, split_cell
from rnn_research.cells.initializers import CellInit, per_gate
from rnn_research.cells.linear import add_bias, gate_streams
from rnn_research.types import Array, DTypeLike, Key


class ElmanParams(NamedTuple):
    w_x_GDH: Array
    w_h_GHH: Array
    b_GH: Array


class ElmanCarry(NamedTuple):
    h: Array


class ElmanGates(NamedTuple):
    """No gates: ``a`` is the pre-activation."""

    a: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> ElmanParams:
    """Parameters for inputs of size D and H hidden units; one stream (G = 1)."""
    k_x, k_h, k_b = jax.random.split(key, 3)
    return ElmanParams(
        w_x_GDH=per_gate(start.input, k_x, (1, D, H), dtype),
        w_h_GHH=per_gate(start.recurrent, k_h, (1, H, H), dtype),
        b_GH=per_gate(start.bias, k_b, (1, H), dtype),
    )


def input(params: ElmanParams, x: Array) -> Streams:
    return add_bias(gate_streams(params.w_x_GDH, x), params.b_GH)


def recur(params: ElmanParams, h: Array) -> Streams:
    return gate_streams(params.w_h_GHH, h)


def combine(
    phi: Callable[[Array], Array], params: ElmanParams, carry: ElmanCarry, u: Streams, v: Streams
) -> tuple[ElmanCarry, ElmanGates]:
    a = u[0] + v[0]
    return ElmanCarry(h=phi(a)), ElmanGates(a=a)


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> ElmanCarry:
    return ElmanCarry(h=jnp.zeros(shape, dtype))


def hidden(carry: ElmanCarry) -> Array:
    return carry.h


def _elman(name: str, phi: Callable[[Array], Array]) -> Cell:
    return split_cell(
        name,
        init=init,
        input=input,
        recur=recur,
        combine=partial(combine, phi),
        initial_carry=initial_carry,
        hidden=hidden,
    )


elman = _elman("elman", jnp.tanh)
elman_relu = _elman("elman_relu", jax.nn.relu)
