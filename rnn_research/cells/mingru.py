"""minGRU: a gated recurrent unit whose gates see the input alone (Feng et al. 2024, arXiv:2410.01201, section 3.1).

    z   = sigma(W_x x_t + b)
    n   = W_x x_t + b
    h_t = (1 - z) * h_{t-1} + z * n

with z as in that paper: it lets the new in, where the z of this project's GRU keeps
the old. The candidate is linear, as in the paper's main text. Its appendix bounds it
from below so that logarithms of states can be summed in place of products; a scan of
pairs (1 - z, z n) never divides by a product of gates and needs no logarithms.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Linear, Streams, linear_cell
from rnn_research.cells.initializers import CellInit, per_gate
from rnn_research.cells.linear import add_bias, gate_streams
from rnn_research.types import Array, DTypeLike, Key


class MinGRUParams(NamedTuple):
    w_x_GDH: Array
    b_GH: Array


class MinGRUCarry(NamedTuple):
    h: Array


class MinGRUGates(NamedTuple):
    z: Array
    n: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> MinGRUParams:
    """Parameters for inputs of size D and H hidden units (G = 2); there is no recurrent matrix."""
    k_x, k_b = jax.random.split(key)
    return MinGRUParams(
        w_x_GDH=per_gate(start.input, k_x, (2, D, H), dtype), b_GH=per_gate(start.bias, k_b, (2, H), dtype)
    )


def input(params: MinGRUParams, x: Array) -> Streams:
    return add_bias(gate_streams(params.w_x_GDH, x), params.b_GH)


def gates(u: Streams) -> MinGRUGates:
    u_z, u_n = u
    return MinGRUGates(z=jax.nn.sigmoid(u_z), n=u_n)


def terms(params: MinGRUParams, u: Streams) -> tuple[Array, Array]:
    z, n = gates(u)
    return 1 - z, z * n


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> MinGRUCarry:
    return MinGRUCarry(h=jnp.zeros(shape, dtype))


def hidden(carry: MinGRUCarry) -> Array:
    return carry.h


mingru = linear_cell(
    "mingru",
    init=init,
    input=input,
    linear=Linear(terms, state=hidden, carry=MinGRUCarry),
    gates=gates,
    initial_carry=initial_carry,
    hidden=hidden,
)
