"""Linear recurrent unit: a diagonal, complex, linear recurrence (Orvieto et al. 2023, arXiv:2303.06349, section 3).

    lambda = exp(-exp(nu) + i exp(theta))        |lambda| < 1 whatever nu is
    s_t    = lambda * s_{t-1} + exp(gamma) * (B x_t)
    h_t    = Re s_t

One complex state a hidden unit, carried as its real part h and its imaginary part.
The paper's layer reads Re(C s) + D x with a full complex C: here the next layer's
matrix reads h, and a phase of C's entries is a phase of B's. gamma begins where white
input gives every state the same variance (eq. 7).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Linear, Streams, linear_cell
from rnn_research.cells.initializers import CellInit, Ring, per_gate
from rnn_research.cells.linear import gate_streams
from rnn_research.types import Array, DTypeLike, Key


class LRUParams(NamedTuple):
    """``w_x_GDH``: B's real and imaginary part; the others are logarithms."""

    w_x_GDH: Array
    nu_H: Array
    theta_H: Array
    gamma_H: Array


class LRUCarry(NamedTuple):
    h: Array
    imaginary: Array


class LRUGates(NamedTuple):
    """No gates: ``drive`` is the real part of what the input adds to the state."""

    drive: Array


def init(key: Key, D: int, H: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> LRUParams:
    """Parameters for inputs of size D and H hidden units (G = 2, the parts of B); no matrix, and no bias."""
    k_x, k_ring = jax.random.split(key)
    nu_H, theta_H, gamma_H = _on_ring(start.ring, k_ring, H, jnp.promote_types(dtype, jnp.float32))
    return LRUParams(
        w_x_GDH=per_gate(start.input, k_x, (2, D, H), dtype),
        nu_H=nu_H.astype(dtype),
        theta_H=theta_H.astype(dtype),
        gamma_H=gamma_H.astype(dtype),
    )


def _on_ring(ring: Ring, key: Key, H: int, dtype: DTypeLike) -> tuple[Array, Array, Array]:
    """nu, theta and gamma of eigenvalues uniform on the ring (Lemma 3.2)."""
    k_radius, k_phase = jax.random.split(key)
    tiny = jnp.finfo(dtype).tiny  # the logarithm of 0 would stay with the parameter for ever
    share_H = jax.random.uniform(k_radius, (H,), dtype, minval=tiny)
    square_H = share_H * (ring.most**2 - ring.least**2) + ring.least**2
    theta_H = jnp.log(ring.phase * jax.random.uniform(k_phase, (H,), dtype, minval=tiny))
    return jnp.log(-0.5 * jnp.log(square_H)), theta_H, 0.5 * jnp.log1p(-square_H)


def input(params: LRUParams, x: Array) -> Streams:
    streams = gate_streams(params.w_x_GDH, x)
    return tuple(jnp.exp(params.gamma_H.astype(s.dtype)) * s for s in streams)


def gates(u: Streams) -> LRUGates:
    return LRUGates(drive=u[0])


def terms(params: LRUParams, u: Streams) -> tuple[Array, Array]:
    real, imaginary = u
    decay_H, angle_H = (jnp.exp(p.astype(real.dtype)) for p in (params.nu_H, params.theta_H))
    return jnp.exp(jax.lax.complex(-decay_H, angle_H)), jax.lax.complex(real, imaginary)


def state(carry: LRUCarry) -> Array:
    return jax.lax.complex(carry.h, carry.imaginary)


def carry(s: Array) -> LRUCarry:
    return LRUCarry(h=s.real, imaginary=s.imag)


def initial_carry(shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> LRUCarry:
    return LRUCarry(h=jnp.zeros(shape, dtype), imaginary=jnp.zeros(shape, dtype))


def hidden(carry: LRUCarry) -> Array:
    return carry.h


lru = linear_cell(
    "lru",
    init=init,
    input=input,
    linear=Linear(terms, state=state, carry=carry),
    gates=gates,
    initial_carry=initial_carry,
    hidden=hidden,
)
