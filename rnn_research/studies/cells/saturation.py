"""How often each unit's gates are stuck, over a whole text (Karpathy, Johnson and Li 2015, section 4.2).

The paper plots every unit of a gate as a point: right by the share of steps above 0.9, up by the share
below 0.1. A forget gate far right is a cell that remembers.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.gates import LEFT, RIGHT, SIGMOIDAL
from rnn_research.analysis.layers import trace_layers
from rnn_research.errors import UserError
from rnn_research.models import Model
from rnn_research.studies.cells.parallel_reading import lay_streams
from rnn_research.studies.cells.reading import reading_of
from rnn_research.types import Array, Params


def saturation(
    model: Model,
    params: Params,
    symbols_N: np.ndarray,
    *,
    streams: int = 32,
    steps: int | None = None,
) -> list[dict[str, Any]]:
    """The shares of every gate of every layer, ready for JSON.

    Args:
      model: a language model.
      params: its parameters.
      symbols_N: the text, of any length: it is read in chunks.
      streams: read side by side; the first 100 steps of each are not counted.
      steps: of each stream; None for all of the text.

    Returns:
      An entry a layer and gate: ``layer`` from 1, ``gate``, ``positions``, and by unit ``left``
      (the share below 0.1) and ``right`` (above 0.9).

    Raises:
      UserError: for a cell without gates that open and close, or too short a text.
    """
    laid = lay_streams(symbols_N, streams, steps)
    C, T, B = laid.chunks
    counted = np.pad(laid.counted_SB, ((0, C * T - len(laid.counted_SB)), (0, 0))).reshape(C, T, B)
    carry = model.carry(params, B)
    totals: Any = None
    for inputs_TB, counted_TB in zip(laid.inputs_CTB, counted, strict=True):
        carry, found = _chunk(model, params, carry, inputs_TB, counted_TB)
        # Whole counts of one chunk are exact in float32; their sum over a long text is kept in float64.
        found = jax.tree.map(lambda x: np.asarray(x, np.float64), found)
        totals = found if totals is None else jax.tree.map(np.add, totals, found)
    positions = int(laid.counted_SB.sum())
    if not any(totals):
        raise UserError(f"--workdir: the cell {model.stack.cell.name} has no gates that open and close")
    return [
        {
            "layer": layer + 1,
            "gate": gate,
            "positions": positions,
            "left": (gates[gate][0] / max(positions, 1)).tolist(),
            "right": (gates[gate][1] / max(positions, 1)).tolist(),
        }
        for layer, gates in enumerate(totals)
        for gate in SIGMOIDAL  # a dictionary out of jit has the order of the alphabet
        if gate in gates
    ]


@partial(jax.jit, static_argnames="model")
def _chunk(
    model: Model, params: Params, carry: Any, inputs_TB: Array, counted_TB: Array
) -> tuple[Any, list[dict[str, tuple[Array, Array]]]]:
    one = reading_of(model, params, carry, inputs_TB)
    layers = trace_layers(one.stack, one.params, one.carry, one.x)
    last = tuple((jax.tree.map(lambda c: c[-1], layer.carries),) for layer in layers)

    def count(stuck_TBH: Array) -> Array:
        return jnp.sum(stuck_TBH & counted_TB[..., None], axis=(0, 1))

    counts = []
    for layer in layers:
        gates = {name: getattr(layer.gates, name) for name in SIGMOIDAL if name in layer.gates._fields}
        counts.append({name: (count(gate < LEFT), count(gate > RIGHT)) for name, gate in gates.items()})
    return last, counts
