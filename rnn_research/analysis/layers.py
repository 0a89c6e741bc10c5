"""The layers of a stack, seen one step at a time (all together) or one layer at a time (all steps)."""

from typing import Any, NamedTuple

import jax

from rnn_research.errors import UserError
from rnn_research.types import Array, Carry
from rnn_research.unroll import Stack, StackParams, passed_on, trace


class LayerTrace(NamedTuple):
    """What one layer read and what became of it.

    Attributes:
      x: its inputs ``[T, ..., D]``.
      carries: its carry after each step, ``[T, ..., H]`` in each place.
      gates: its gates at each step, ``[T, ..., H]`` each.
    """

    x: Array
    carries: Carry
    gates: Any


def forwards_only(stack: Stack) -> None:
    """Refuses a bidirectional stack.

    Raises:
      UserError: since there the last step is not where all of time ends.
    """
    if stack.bidirectional:
        raise UserError("a bidirectional stack has no one direction of time to follow the gradient in")


def joint_step(
    stack: Stack, params: StackParams, carry: tuple[tuple[Carry, ...], ...], x: Array, eps: Any = None
) -> tuple[tuple[tuple[Carry, ...], ...], Array]:
    """One time step of all layers, as ``unroll_stack`` without dropout takes it.

    Args:
      stack: the shape, unidirectional.
      params: the numbers.
      carry: the joint carry, ``[..., H]`` in each place.
      x: one step's input ``[..., D]``.
      eps: added to every layer's new carry before anything reads it; as ``carry``.

    Returns:
      The new carry and the top's output ``[..., H]``.
    """
    new = []
    for layer, ((cell,), (before,)) in enumerate(zip(params.cells, carry, strict=True)):
        after, _ = stack.cell.step(cell, before, x)
        if eps is not None:
            after = jax.tree.map(lambda a, e: a + e, after, eps[layer][0])
        h = stack.cell.hidden(after)
        x = passed_on(stack, x, h)
        new.append((after,))
    return tuple(new), x


def trace_layers(
    stack: Stack, params: StackParams, carry: tuple[tuple[Carry, ...], ...], x: Array
) -> tuple[LayerTrace, ...]:
    """Every layer's inputs, carries and gates over ``x [T, ..., D]``, the lowest layer first."""
    forwards_only(stack)
    traces = []
    for (cell,), (start,) in zip(params.cells, carry, strict=True):
        _, (carries, gates) = trace(stack.cell, cell, start, x)
        traces.append(LayerTrace(x, carries, gates))
        h = stack.cell.hidden(carries)
        x = passed_on(stack, x, h)
    return tuple(traces)
