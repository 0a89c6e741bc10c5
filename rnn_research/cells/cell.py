"""What a cell is: pure functions on one example, with a recurrence in three parts.

Every gated recurrence splits into what depends on the input alone, the linear
map of the previous hidden state, and a pointwise rest::

    u = input(params, x)                      G arrays [..., H]; for all time steps at once
    v = recur(params, h)                      G arrays [..., H]; the only matmul that must wait
    carry', gates = combine(params, carry, u, v)        pointwise

That split is what lets one unroll hoist the input projection, one gradient and
one Jacobian serve all cells. A cell whose recurrence does not split (reset gate
before the matmul) gives ``advance(params, carry, u)`` of its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp

from rnn_research.cells.initializers import CellInit
from rnn_research.types import Array, Carry, DTypeLike, Key, Params

Streams = tuple[Array, ...]
"""One ``[..., H]`` array a gate. Separate arrays, since a slice of one fused array
falls off the vectorised path on CPU."""


@runtime_checkable  # for the type checks of the tests
class InitialCarry(Protocol):
    """A carry of zeros, ``[..., H]`` in each place."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> Carry: ...


class Cell(NamedTuple):
    """A recurrent cell. All functions broadcast over leading axes.

    Attributes:
      name: its key in ``CELLS``.
      init: ``(key, D, H, CellInit, dtype) -> params``.
      input: ``(params, x [..., D]) -> u``, all that depends on the input alone.
      advance: ``(params, carry, u) -> (carry, gates)``, one time step.
      initial_carry: ``(shape ending in H, dtype) -> carry`` of zeros.
      hidden: ``carry -> h [..., H]``, what the next layer reads.
      recur: the linear map of ``h`` within ``advance``, or None if it does not split.
      combine: the pointwise rest of ``advance``, or None.
    """

    name: str
    init: Callable[[Key, int, int, CellInit, DTypeLike], Params]
    input: Callable[[Params, Array], Streams]
    advance: Callable[[Params, Carry, Streams], tuple[Carry, Any]]
    initial_carry: InitialCarry
    hidden: Callable[[Carry], Array]
    recur: Callable[[Params, Array], Streams] | None = None
    combine: Callable[[Params, Carry, Streams, Streams], tuple[Carry, Any]] | None = None

    def step(self, params: Params, carry: Carry, x: Array) -> tuple[Carry, Any]:
        """One time step from the raw input ``x [..., D]``."""
        return self.advance(params, carry, self.input(params, x))


def split_cell(
    name: str,
    *,
    init: Callable[..., Params],
    input: Callable[[Params, Array], Streams],
    recur: Callable[[Params, Array], Streams],
    combine: Callable[[Params, Carry, Streams, Streams], tuple[Carry, Any]],
    initial_carry: InitialCarry,
    hidden: Callable[[Carry], Array],
) -> Cell:
    """A cell whose ``advance`` is derived from its parts."""

    def advance(params: Params, carry: Carry, u: Streams) -> tuple[Carry, Any]:
        return combine(params, carry, u, recur(params, hidden(carry)))

    return Cell(name, init, input, advance, initial_carry, hidden, recur, combine)
