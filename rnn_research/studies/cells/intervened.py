"""A trained model read with and without an intervention: one compiled program for all units of a layer."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.interventions import Intervention, edit_of
from rnn_research.errors import UserError
from rnn_research.models.model import Model
from rnn_research.studies.cells.streams import Streams
from rnn_research.types import Array, Params

NOBODY = -1
"""The index of no unit: the plain model in the same program, so that both round alike."""

# Units read side by side. On two cores 4 to 22 together take two thirds of the time of one after another.
GROUP_ON_CPU, GROUP_ON_ACCELERATOR = 4, 24


class Moments(NamedTuple):
    """Of every unit of a layer over the counted steps: ``mean_H`` and ``variance_H``."""

    mean_H: np.ndarray
    variance_H: np.ndarray


class Reading(NamedTuple):
    """What the model said at each step, under each of U interventions.

    Attributes:
      loss_USB: of the next symbol, in nats.
      p_closing_USB: probability that the next symbol is the closing one; 0 where there is none.
    """

    loss_USB: np.ndarray
    p_closing_USB: np.ndarray


def moments(model: Model, params: Params, streams: Streams, layer: int, quantity: str) -> Moments:
    """Mean and variance of every unit of one layer.

    Raises:
      UserError: for a layer or quantity that the model lacks.
    """
    C, T, B = streams.chunks
    carry = model.initial_carry(params, B)
    if not 0 <= layer < len(carry):
        raise UserError(f"layer {layer + 1} is not there: the model has layers 1 to {len(carry)}")
    if not hasattr(carry[layer][0], quantity):
        raise UserError(f"layer {layer + 1} carries {', '.join(carry[layer][0]._fields)} and no {quantity}")
    counted = np.pad(streams.counted_SB, ((0, C * T - len(streams.counted_SB)), (0, 0)))
    mean_CH, square_CH, count_C = (
        np.asarray(x, np.float64)
        for x in _moments(model, layer, quantity, params, streams.inputs_CTB, counted.reshape(C, T, B))
    )
    share_C1 = (count_C / max(count_C.sum(), 1))[:, None]
    mean_H = np.sum(share_C1 * mean_CH, axis=0)
    # Squares about each chunk's own mean, then the means about the whole: nothing large cancels in float32.
    return Moments(mean_H, np.sum(share_C1 * (square_CH + (mean_CH - mean_H) ** 2), axis=0))


@partial(jax.jit, static_argnames=("model", "layer", "quantity"))
def _moments(
    model: Model, layer: int, quantity: str, params: Params, inputs_CTB: Array, counted_CTB: Array
) -> tuple[Array, Array, Array]:
    def step(carry: Any, symbol_B: Array) -> tuple[Any, Array]:
        _, carry = model.apply(params, symbol_B[None], carry)
        return carry, getattr(carry[layer][0], quantity)

    def chunk(carry: Any, read: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array, Array]]:
        inputs_TB, counted_TB = read
        carry, a_TBH = jax.lax.scan(step, carry, inputs_TB)
        weight_TB1 = counted_TB[..., None].astype(a_TBH.dtype)
        count = jnp.sum(weight_TB1)
        mean_H = jnp.sum(weight_TB1 * a_TBH, axis=(0, 1)) / jnp.maximum(count, 1)
        square_H = jnp.sum(weight_TB1 * (a_TBH - mean_H) ** 2, axis=(0, 1)) / jnp.maximum(count, 1)
        return carry, (mean_H, square_H, count)

    start = model.initial_carry(params, inputs_CTB.shape[-1])
    return jax.lax.scan(chunk, start, (inputs_CTB, counted_CTB))[1]


def read_under(
    model: Model,
    params: Params,
    streams: Streams,
    interventions: Sequence[Intervention],
    closing_CTB: np.ndarray | None = None,
) -> Reading:
    """Reads the streams once under each of U interventions, in place from the first step on.

    Args:
      model: a language model.
      params: its parameters.
      streams: of ``lay_streams``.
      interventions: each alone, all on one layer and quantity and either all shifts or none;
        the index ``NOBODY`` is the plain model.
      closing_CTB: the closing symbol at each step, negative where there is none.

    Raises:
      ValueError: for interventions that are not of one program.
    """
    first = interventions[0]
    if len({(one.layer, one.quantity, one.kind == "shift") for one in interventions}) > 1:
        raise ValueError("interventions must be on one layer and quantity, and all shifts or none")
    closing_CTB = np.full(streams.chunks, -1) if closing_CTB is None else closing_CTB
    group = GROUP_ON_CPU if jax.default_backend() == "cpu" else GROUP_ON_ACCELERATOR
    group = group if len(interventions) > 1 else 1
    missing = -len(interventions) % group
    index_U = np.array([one.index for one in interventions] + [NOBODY] * missing)
    value_U = np.array([0.0 if one.kind == "zero" else one.value for one in interventions] + [0.0] * missing)
    S, B = streams.place_SB.shape
    parts = []
    for start in range(0, len(index_U), group):
        part = _read(
            model,
            first.layer,
            first.quantity,
            "shift" if first.kind == "shift" else "clamp",
            params,
            (streams.inputs_CTB, streams.targets_CTB, closing_CTB),
            index_U[start : start + group],
            value_U[start : start + group].astype(np.float32),
        )
        parts.append([np.asarray(x).reshape(group, -1, B)[:, :S] for x in part])
    return Reading(*(np.concatenate(x)[: len(interventions)] for x in zip(*parts, strict=True)))


@partial(jax.jit, static_argnames=("model", "layer", "quantity", "kind"))
def _read(
    model: Model,
    layer: int,
    quantity: str,
    kind: str,
    params: Params,
    symbols: tuple[Array, Array, Array],
    index_U: Array,
    value_U: Array,
) -> tuple[Array, Array]:
    def of_one(index: Array, value: Array) -> tuple[Array, Array]:
        edit = edit_of(Intervention(layer, quantity, index, kind, value))

        def chunk(carry: Any, read: tuple[Array, Array, Array]) -> tuple[Any, tuple[Array, Array]]:
            inputs_TB, targets_TB, closing_TB = read
            logits_TBV, carry = model.apply(params, inputs_TB, carry, edit=edit)
            # Only two of the V scores are wanted: the whole log-softmax is not written down.
            total_TB = jax.nn.logsumexp(logits_TBV.astype(jnp.float32), axis=-1)

            def log_p(symbols_TB: Array) -> Array:
                chosen_TB1 = jnp.take_along_axis(logits_TBV, jnp.maximum(symbols_TB, 0)[..., None], axis=-1)
                return chosen_TB1[..., 0].astype(jnp.float32) - total_TB

            return carry, (-log_p(targets_TB), jnp.where(closing_TB >= 0, jnp.exp(log_p(closing_TB)), 0))

        start = model.initial_carry(params, symbols[0].shape[-1])
        return jax.lax.scan(chunk, start, symbols)[1]

    return jax.vmap(of_one)(index_U, value_U)
