"""A text of any length read by a trained language model, with the activations of its units, in fixed memory.

Its streams (see ``streams.Cut``) are read side by side, chunk by chunk, by one compiled program, and the
carry is handed on.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.layers import trace_layers
from rnn_research.analysis.units.unit import Unit
from rnn_research.cells import CellInit
from rnn_research.models import Model
from rnn_research.models.model import Recurrence
from rnn_research.studies.cells.parallel_reading import WARM_UP, Cut
from rnn_research.tasks.batches import Stream
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll import Stack, passed_on

Quantity = tuple[int, str]
"""A layer from 0, and "h", "c" or a gate's name."""

Keep = Callable[[Array, Any], Any]
"""What is kept of the activations ``[T, B, U]``, given ``extra``: runs within the compiled program."""


class Chunk(NamedTuple):
    """Some counted steps of all streams.

    Attributes:
      positions_TB: in the text.
      kept: of the activations after reading the symbols at these positions: ``[T, B, U]``, or what ``keep`` made of it.
      logits_TBV: scores of the next symbol, or None.
    """

    positions_TB: np.ndarray
    kept: Any
    logits_TBV: Any


def quantities_of(shape: Stack) -> tuple[Quantity, ...]:
    """Every layer's carry and gates, as its cell names them."""
    carry = jax.eval_shape(lambda: shape.cell.initial_carry((1,)))
    params = jax.eval_shape(lambda: shape.cell.init(jax.random.key(0), 1, 1, CellInit(), jnp.float32))
    _, gates = jax.eval_shape(shape.cell.step, params, carry, jax.ShapeDtypeStruct((1,), jnp.float32))
    return tuple((layer, name) for layer in range(shape.layers) for name in (*carry._fields, *gates._fields))


def units_of(shape: Stack, quantities: Sequence[Quantity]) -> list[Unit]:
    """The units in the order of the axis U."""
    return [Unit(layer, name, index) for layer, name in quantities for index in range(shape.hidden)]


def reader(
    model: Model, quantities: Sequence[Quantity], *, keep: Keep | None = None, logits: bool = False
) -> Callable[..., tuple[Any, Any, Any]]:
    """Compiles the reading of one chunk: ``(params, carry, symbols_TB, extra) -> (carry, kept, logits)``.

    Args:
      model: a language model.
      quantities: what is read, in the order of the axis U.
      keep: see ``Keep``; all of the activations by default.
      logits: whether scores of the next symbol are wanted.
    """

    @jax.jit
    def read_chunk(params: Params, carry: Any, symbols_TB: Array, extra: Any) -> tuple[Any, Any, Any]:
        one = reading_of(model, params, carry, symbols_TB)
        shape = one.stack
        traces = trace_layers(shape, one.params, one.carry, one.x)
        after = tuple((jax.tree.map(lambda leaf: leaf[-1], trace.carries),) for trace in traces)
        a_TBU = jnp.concatenate([_values(traces[layer], name) for layer, name in quantities], axis=-1)
        kept = a_TBU if keep is None else keep(a_TBU, extra)
        top = passed_on(shape, traces[-1].x, shape.cell.hidden(traces[-1].carries))
        return after, kept, one.read(top) if logits else None

    return read_chunk


def read(
    read_chunk: Callable[..., tuple[Any, Any, Any]],
    model: Model,
    params: Params,
    symbols_N: np.ndarray,
    cut: Cut,
    *,
    steps: int = 256,
    extra: Any = None,
) -> Iterator[Chunk]:
    """Reads a text and yields its counted positions, in order.

    Args:
      read_chunk: of ``reader``.
      model, params: that reads.
      symbols_N: the text, as the model's vocabulary numbers it.
      cut: of ``cut_of``.
      steps: of a chunk.
      extra: handed to ``keep``.
    """
    B, S = cut
    symbols_SB = np.asarray(symbols_N[: B * S], np.int32).reshape(B, S).T
    carry = model.carry(params, B)
    waiting: tuple[int, int, Any, Any] | None = None
    for start in range(0, S, steps):
        stop = min(start + steps, S)
        # The last chunk is filled up, so that one program serves all.
        symbols_TB = np.pad(symbols_SB[start:stop], ((0, steps - (stop - start)), (0, 0)))
        carry, kept, logits = read_chunk(params, carry, symbols_TB, extra)
        # This chunk is computed while the caller counts the one before.
        if waiting is not None:
            yield _counted(*waiting, cut)
        waiting = (start, stop, kept, logits) if stop > WARM_UP else None
    if waiting is not None:
        yield _counted(*waiting, cut)


def _counted(start: int, stop: int, kept: Any, logits: Any, cut: Cut) -> Chunk:
    """The chunk on the host, without steps of the warm-up and without what it was filled up with."""
    first = max(start, WARM_UP)
    positions_TB = np.arange(first, stop)[:, None] + cut.S * np.arange(cut.B)
    counted = slice(first - start, stop - start)
    return Chunk(positions_TB, *jax.tree.map(lambda leaf: np.asarray(leaf)[counted], (kept, logits)))


def _values(trace: Any, name: str) -> Array:
    return getattr(trace.carries if name in trace.carries._fields else trace.gates, name)


def reading_of(model: Model, params: Params, carry: Carry, symbols_TB: Array) -> Recurrence:
    """The stack of a language model at work on some symbols, from a carry that is handed on."""
    symbols_BT = symbols_TB.T
    batch = Stream(symbols_BT, symbols_BT, jnp.zeros(len(symbols_BT), bool))
    (one,) = model.recurrences(params, batch, carry).values()
    return one
