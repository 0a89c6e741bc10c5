"""How weights begin. Shapes are ``(fan_in, fan_out)``; a gate's matrix is drawn on its own.

Every factory takes one number that may be traced, so that a sweep over it stays
one compiled program.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.types import Array, DTypeLike, Key

Scalar = float | Array
"""A number, or a traced one."""

Initializer = Callable[[Key, tuple[int, ...], DTypeLike], Array]


def uniform(half_width: Scalar) -> Initializer:
    """U(-a, a) (Karpathy, Johnson and Li 2015 use a = 0.08 for every parameter)."""

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return (half_width * jax.random.uniform(key, shape, dtype, -1.0, 1.0)).astype(dtype)

    return draw


def glorot(gain: Scalar) -> Initializer:
    """U(-a, a) with a = gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return (gain * jax.nn.initializers.glorot_uniform()(key, shape, dtype)).astype(dtype)

    return draw


def orthogonal(gain: Scalar) -> Initializer:
    """gain times a random orthogonal matrix (Saxe, McClelland and Ganguli 2014)."""

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        # The QR factorisation exists from float32 upwards.
        wide = jnp.promote_types(dtype, jnp.float32)
        return (gain * jax.nn.initializers.orthogonal()(key, shape, wide)).astype(dtype)

    return draw


def identity(scale: Scalar) -> Initializer:
    """scale times the identity (IRNN; Le, Jaitly and Hinton 2015)."""

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        del key
        return (scale * jnp.eye(shape[0], shape[1], dtype=dtype)).astype(dtype)

    return draw


def spectral_radius(radius: Scalar) -> Initializer:
    """A Gaussian matrix divided by its largest absolute eigenvalue, times radius (Jaeger 2001).

    Square shapes only. The eigenvalues are found on the host, once, at
    initialisation: XLA has no non-symmetric eigensolver on accelerators.
    """

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        wide = jnp.promote_types(dtype, jnp.float32)
        w = jax.random.normal(key, shape, wide)
        largest = jax.pure_callback(_largest_eigenvalue, jax.ShapeDtypeStruct((), wide), w, vmap_method="sequential")
        return (radius * w / largest).astype(dtype)

    return draw


def _largest_eigenvalue(w: Array | np.ndarray) -> np.floating:
    w = np.asarray(w)
    return np.abs(np.linalg.eigvals(w)).max().astype(w.dtype)


def normal(stddev: Scalar) -> Initializer:
    """N(0, stddev^2) (the starting point of the experiments in IRNN and of Pascanu et al. 2013)."""

    def draw(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        return (stddev * jax.random.normal(key, shape, dtype)).astype(dtype)

    return draw


INITIALIZERS: dict[str, Callable[[Scalar], Initializer]] = {
    "uniform": uniform,
    "glorot": glorot,
    "orthogonal": orthogonal,
    "identity": identity,
    "spectral_radius": spectral_radius,
    "normal": normal,
}


class Ring(NamedTuple):
    """Where the eigenvalues of a diagonal recurrence begin: uniform on a ring (Orvieto et al. 2023, section 3.4).

    Attributes:
      least: the least radius.
      most: the largest, at most 1.
      phase: the largest angle; small for long memories without oscillation.
    """

    least: Scalar = 0.0
    most: Scalar = 1.0
    phase: Scalar = 2 * np.pi


class CellInit(NamedTuple):
    """Where a cell's parameters begin.

    Attributes:
      input: initialiser of each gate's ``[D, H]`` matrix.
      recurrent: initialiser of each gate's ``[H, H]`` matrix.
      bias: initialiser of each gate's ``[H]`` bias.
      forget_bias: added to the bias of the forget gate (Jozefowicz et al. 2015
        recommend 1); cells without a forget gate ignore it.
      ring: eigenvalues of the LRU, which other cells ignore.
    """

    input: Initializer = glorot(1.0)
    recurrent: Initializer = orthogonal(1.0)
    bias: Initializer = uniform(0.0)
    forget_bias: Scalar = 1.0
    ring: Ring = Ring()


def per_gate(initializer: Initializer, key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Draws ``shape[0]`` independent matrices (or vectors) and stacks them."""
    keys = jax.random.split(key, shape[0])
    return jnp.stack([initializer(k, shape[1:], dtype) for k in keys])
