"""What a cell is: pure functions on one example, with a recurrence in three parts.

Every gated recurrence splits into what depends on the input alone, the linear
map of the previous hidden state, and a pointwise rest::

    u = input(params, x)                      G arrays [..., H]; for all time steps at once
    v = recur(params, h)                      G arrays [..., H]; the only matmul that must wait
    carry', gates = combine(params, carry, u, v)        pointwise

That split is what lets one unroll hoist the input projection, one gradient and
one Jacobian serve all cells. A cell whose recurrence does not split (reset gate
before the matmul) gives ``advance(params, carry, u)`` of its own. One whose gates
see the input alone has no matmul that must wait: its ``recur`` gives no streams,
and it says in ``linear`` which linear recurrence its state follows.
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


class Linear(NamedTuple):
    """A state that follows ``s_t = a_t * s_{t-1} + b_t``, unit by unit, with a and b of the input alone.

    Attributes:
      terms: ``(params, u) -> (a, b)``, ``[..., H]``, real or complex; a may lack the leading axes.
      state: ``carry -> s [..., H]``.
      carry: ``s -> carry``.
    """

    terms: Callable[[Params, Streams], tuple[Array, Array]]
    state: Callable[[Carry], Array]
    carry: Callable[[Array], Carry]


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
      linear: the linear recurrence of its state, or None if it is not linear.
    """

    name: str
    init: Callable[[Key, int, int, CellInit, DTypeLike], Params]
    input: Callable[[Params, Array], Streams]
    advance: Callable[[Params, Carry, Streams], tuple[Carry, Any]]
    initial_carry: InitialCarry
    hidden: Callable[[Carry], Array]
    recur: Callable[[Params, Array], Streams] | None = None
    combine: Callable[[Params, Carry, Streams, Streams], tuple[Carry, Any]] | None = None
    linear: Linear | None = None

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


def linear_cell(
    name: str,
    *,
    init: Callable[..., Params],
    input: Callable[[Params, Array], Streams],
    linear: Linear,
    gates: Callable[[Streams], Any],
    initial_carry: InitialCarry,
    hidden: Callable[[Carry], Array],
) -> Cell:
    """A cell whose parts are derived from its linear recurrence; ``gates`` are what a trace shows."""

    def recur(params: Params, h: Array) -> Streams:
        return ()

    def combine(params: Params, carry: Carry, u: Streams, v: Streams) -> tuple[Carry, Any]:
        a, b = linear.terms(params, u)
        return linear.carry(a * linear.state(carry) + b), gates(u)

    split = split_cell(
        name, init=init, input=input, recur=recur, combine=combine, initial_carry=initial_carry, hidden=hidden
    )
    return split._replace(linear=linear)
