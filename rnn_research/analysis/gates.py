"""How open the gates stand, and how many are stuck (Karpathy, Johnson and Li 2015, section 4.2).

A unit's gate is left-saturated where its activation is below 0.1 and
right-saturated where it is above 0.9; the shares are over time and batch.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from rnn_research.errors import UserError
from rnn_research.types import Array

SIGMOIDAL = ("i", "f", "o", "r", "z")
"""The gates that open and close, in the order in which they are shown; g, n and a are not of them."""

LEFT, RIGHT = 0.1, 0.9


class GateStatistics(NamedTuple):
    """One gate of one layer.

    Attributes:
      histogram: shares of activations in equal bins of [0, 1], which sum to 1, ``[bins]``.
      quantiles: of all activations, ``[Q]``.
      left_H: by unit, the share of steps and examples below 0.1.
      right_H: by unit, the share above 0.9.
      left: the share of all activations below 0.1.
      right: the share above 0.9.
    """

    histogram: Array
    quantiles: Array
    left_H: Array
    right_H: Array
    left: Array
    right: Array


def gate_statistics(
    gates: Any, *, bins: int = 50, quantiles: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)
) -> dict[str, GateStatistics]:
    """The statistics of every sigmoidal gate.

    Args:
      gates: one layer's, ``[T, ..., H]`` each, from ``trace`` or ``trace_layers``.
      bins: of the histogram.
      quantiles: which ones.

    Raises:
      UserError: for a cell without such gates.
    """
    found = {name: getattr(gates, name) for name in SIGMOIDAL if hasattr(gates, name)}
    if not found:
        raise UserError(f"a cell with {', '.join(gates._fields)} alone has no gates that open and close")
    return {name: _statistics(gate, bins, quantiles) for name, gate in found.items()}


def _statistics(gate: Array, bins: int, quantiles: tuple[float, ...]) -> GateStatistics:
    flat_NH = gate.reshape(-1, gate.shape[-1])
    place = jnp.clip((flat_NH * bins).astype(jnp.int32), 0, bins - 1)
    left_H, right_H = jnp.mean(flat_NH < LEFT, axis=0), jnp.mean(flat_NH > RIGHT, axis=0)
    return GateStatistics(
        histogram=jnp.bincount(place.ravel(), length=bins) / place.size,
        quantiles=jnp.quantile(flat_NH, jnp.asarray(quantiles, flat_NH.dtype)),
        left_H=left_H,
        right_H=right_H,
        left=jnp.mean(left_H),
        right=jnp.mean(right_H),
    )
