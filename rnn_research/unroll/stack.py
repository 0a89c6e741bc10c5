"""Many layers of one cell: dropout and residual connections between them, one or both directions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells import Cell, CellInit
from rnn_research.types import Array, Carry, DTypeLike, Key, Params
from rnn_research.unroll.forms import unroll
from rnn_research.unroll.parallel import Solver
from rnn_research.unroll.scan import without_padding


class Stack(NamedTuple):
    """The shape of a stack; its numbers are in the parameters.

    Attributes:
      cell: the cell of every layer.
      hidden: units a layer and direction.
      layers: how many.
      residual: adds a layer's input to its output where the sizes agree.
      bidirectional: every layer also runs backwards in time; outputs are concatenated.
      learned_carry: the initial carry is a parameter, else zero.
      form: of each layer's unroll, see ``unroll``.
      remat: see ``unroll``.
      solver: of the parallel form, see ``unroll_parallel``.
    """

    cell: Cell
    hidden: int
    layers: int = 1
    residual: bool = False
    bidirectional: bool = False
    learned_carry: bool = False
    form: str = "plain"
    remat: str = "none"
    solver: Solver = Solver()

    @property
    def directions(self) -> int:
        """1, or 2 if bidirectional."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Features that the stack gives at each step."""
        return self.hidden * self.directions


class StackParams(NamedTuple):
    """``cells[layer][direction]``, and ``carry`` in the same shape if it is learned."""

    cells: tuple[tuple[Params, ...], ...]
    carry: tuple[tuple[Carry, ...], ...] | None


StackEdit = Callable[..., Carry]
"""``edit(layer, carry, t)`` or ``edit(layer, carry, t, e_t)``: an ``Edit`` told which layer it is in."""


def init(stack: Stack, key: Key, D: int, start: CellInit = CellInit(), dtype: DTypeLike = jnp.float32) -> StackParams:
    """Parameters of a stack that reads inputs of size D."""
    cells = []
    for layer in range(stack.layers):
        size = D if layer == 0 else stack.output_size
        keys = jax.random.split(jax.random.fold_in(key, layer), stack.directions)
        cells.append(tuple(stack.cell.init(k, size, stack.hidden, start, dtype) for k in keys))
    learned = _zeros(stack, (), dtype) if stack.learned_carry else None
    return StackParams(tuple(cells), learned)


def initial_carry(
    stack: Stack, params: StackParams, batch: tuple[int, ...], dtype: DTypeLike = jnp.float32
) -> tuple[tuple[Carry, ...], ...]:
    """The carry before the first step, ``[*batch, H]`` for each layer and direction."""
    if params.carry is None:
        return _zeros(stack, batch, dtype)
    return jax.tree.map(lambda c_H: jnp.broadcast_to(c_H.astype(dtype), (*batch, stack.hidden)), params.carry)


def _zeros(stack: Stack, batch: tuple[int, ...], dtype: DTypeLike) -> tuple[tuple[Carry, ...], ...]:
    zero = lambda: stack.cell.initial_carry((*batch, stack.hidden), dtype)  # noqa: E731
    return tuple(tuple(zero() for _ in range(stack.directions)) for _ in range(stack.layers))


def unroll_stack(
    stack: Stack,
    params: StackParams,
    carry: tuple[tuple[Carry, ...], ...],
    x: Array,
    *,
    dropout: float | Array = 0.0,
    key: Key | None = None,
    lengths: Array | None = None,
    edit: StackEdit | None = None,
    edit_xs: Any = None,
) -> tuple[tuple[tuple[Carry, ...], ...], Array]:
    """Runs every layer over all of ``x [T, ..., D]``, the lowest first.

    Args:
      stack: the shape.
      params: the numbers.
      carry: from ``initial_carry`` or from the chunk before.
      x: the inputs, time first.
      dropout: share of the units zeroed between layers (not within time; Zaremba
        et al. 2014), applied when ``key`` is given.
      key: for dropout; None at evaluation.
      lengths: see ``unroll``.
      edit: see ``StackEdit``; in a bidirectional stack it runs in both directions.
      edit_xs: see ``unroll``.

    Returns:
      The new carry and the top layer's outputs ``[T, ..., output_size]``.
    """
    if lengths is not None:  # a residual connection hands the input itself to the output
        x = without_padding(x, lengths)
    carries = []
    for layer, (cells, starts) in enumerate(zip(params.cells, carry, strict=True)):
        # What a residual connection hands on is not dropped.
        read = drop(jax.random.fold_in(key, layer), x, dropout) if key is not None and layer > 0 else x
        here = None if edit is None else _at_layer(edit, layer)
        ends, outputs = [], []
        for direction, (p, c) in enumerate(zip(cells, starts, strict=True)):
            c, h = unroll(
                stack.cell,
                p,
                c,
                read,
                lengths=lengths,
                reverse=direction == 1,
                edit=here,
                edit_xs=edit_xs,
                form=stack.form,
                remat=stack.remat,
                solver=stack.solver,
            )
            ends.append(c)
            outputs.append(h)
        h = jnp.concatenate(outputs, axis=-1) if stack.bidirectional else outputs[0]
        x = passed_on(stack, x, h)
        carries.append(tuple(ends))
    return tuple(carries), x


def passed_on(stack: Stack, x: Array, h: Array) -> Array:
    """What a layer hands to the next: its outputs, added to what it read where the stack is residual and they agree."""
    return x + h if stack.residual and x.shape == h.shape else h


def _at_layer(edit: StackEdit, layer: int) -> Callable[..., Carry]:
    return lambda *args: edit(layer, *args)


def drop(key: Key, x: Array, rate: float | Array) -> Array:
    """Inverted dropout: zeroes a share ``rate`` of ``x`` and scales up the rest; ``rate`` may be traced."""
    keep = 1.0 - rate
    kept = jax.random.bernoulli(key, keep, x.shape)
    return jnp.where(kept, x / keep, 0).astype(x.dtype)
