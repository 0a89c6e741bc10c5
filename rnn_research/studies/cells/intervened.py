"""A trained model read with and without an intervention: one compiled program for all units of a layer."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.interventions import KINDS, QUANTITIES, Intervention, edit_of
from rnn_research.analysis.units.unit import Unit
from rnn_research.errors import UserError, one_of
from rnn_research.models.model import NONE, Model
from rnn_research.studies.cells.parallel_reading import Streams, lay_streams
from rnn_research.tasks.batches import Stream
from rnn_research.types import Array, Params

NOBODY = -1
"""The index of no unit: the plain model in the same program, so that both round alike."""

# Units read side by side. On two cores 4 to 22 together take two thirds of the time of one after another.
GROUP_ON_CPU, GROUP_ON_ACCELERATOR = 4, 24


SCREENED = 300
"""Steps of each stream, warming up included, over which the effect of every unit of a layer is measured."""


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


class Interventions:
    """One model over one text, under interventions of one kind; what was read once is kept."""

    def __init__(
        self,
        model: Model,
        params: Params,
        symbols_N: np.ndarray,
        kind: str = "mean",
        *,
        value: float = 0.0,
        streams: int = 32,
        steps: int = 2000,
    ) -> None:
        """Lays the text out.

        Args:
          model: a language model.
          params: its parameters.
          symbols_N: the text.
          kind: one of ``KINDS``.
          value: of clamp, where the unit is held; a control is held as many standard deviations from its
            own mean. Of shift, what is added. Not read by zero and mean.
          streams: read side by side.
          steps: symbols of each stream, spread over the text; the first 100 are not counted.

        Raises:
          UserError: for an unknown kind, or too short a text.
        """
        one_of("kind", kind, KINDS)
        self.model, self.params, self.kind, self.value = model, params, kind, value
        self.laid: Streams = lay_streams(symbols_N, streams, steps)
        self._screen = lay_streams(symbols_N, streams, min(steps, SCREENED))
        self._moments: dict[tuple[int, str], Moments] = {}
        self._overall: dict[tuple[Unit, float], np.ndarray] = {}
        self._read: dict[tuple[int, str, int, float], np.ndarray] = {}

    def held_at(self, unit: Unit, holds_N: np.ndarray) -> Moments:
        """What units are held at for a concept: of kind mean, their means where it does NOT hold.

        Over all positions the mean of a cell may be its value within the concept, and nothing is then taken away.
        All positions where the concept holds at every one that is counted, and for other kinds.
        """
        elsewhere_SB = self.laid.counted_SB & ~holds_N[self.laid.place_SB]
        if self.kind != "mean" or not elsewhere_SB.any():
            return self.moments(unit)
        laid = self.laid._replace(counted_SB=elsewhere_SB)
        return moments(self.model, self.params, laid, unit.layer, editable(unit.quantity))

    def moments(self, unit: Unit) -> Moments:
        """Of the unit's layer and quantity."""
        place = unit.layer, editable(unit.quantity)
        if place not in self._moments:
            self._moments[place] = moments(self.model, self.params, self.laid, *place)
        return self._moments[place]

    def held(self, unit: Unit, indices: Sequence[int], at: Moments | None = None) -> list[Intervention]:
        """The intervention on ``unit``, done alike to units of its layer; ``at`` of ``held_at``."""
        return interventions_on(indices, unit, self.kind, self.value, self.moments(unit) if at is None else at)

    def overall(self, unit: Unit) -> np.ndarray:
        """How much holding each unit of its layer moves the loss, nats per symbol and up or down, ``[H]``."""
        key = unit if self.kind == "clamp" else unit._replace(index=0), self.value
        if key not in self._overall:
            done = self.held(unit, range(len(self.moments(unit).mean_H)))
            plain = done[0]._replace(index=NOBODY)
            loss_USB = read_under(self.model, self.params, self._screen, [plain, *done]).loss_USB
            moved_USB = np.abs(loss_USB[1:] - loss_USB[0])[:, self._screen.counted_SB]
            self._overall[key] = moved_USB.mean(axis=1, dtype=np.float64)
        return self._overall[key]

    def losses(self, unit: Unit, indices: Sequence[int], at: Moments | None = None) -> np.ndarray:
        """The loss at each counted position, plain and with each of some units held, ``[1 + U, positions]``."""
        done = self.held(unit, indices, at)
        wanted = [done[0]._replace(index=NOBODY), *done]
        keys = [(one.layer, one.quantity, int(one.index), float(one.value)) for one in wanted]
        missing = [one for one, key in zip(wanted, keys, strict=True) if key not in self._read]
        if missing:
            loss_USB = read_under(self.model, self.params, self.laid, missing).loss_USB
            for one, loss_SB in zip(missing, loss_USB, strict=True):
                key = one.layer, one.quantity, int(one.index), float(one.value)
                self._read[key] = loss_SB[self.laid.counted_SB]
        return np.stack([self._read[key] for key in keys])


def moments(model: Model, params: Params, streams: Streams, layer: int, quantity: str) -> Moments:
    """Mean and variance of every unit of one layer.

    Raises:
      UserError: for a layer or quantity that the model lacks.
    """
    C, T, B = streams.chunks
    carry = model.carry(params, B)
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
    assert model.decoder is not None, "a language model"
    read = model.decoder.step

    def step(carry: Any, symbol_B: Array) -> tuple[Any, Array]:
        _, carry = read(params, carry, symbol_B, NONE)
        return carry, getattr(carry[layer][0], quantity)

    def chunk(carry: Any, given: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array, Array]]:
        inputs_TB, counted_TB = given
        carry, a_TBH = jax.lax.scan(step, carry, inputs_TB)
        weight_TB1 = counted_TB[..., None].astype(a_TBH.dtype)
        count = jnp.sum(weight_TB1)
        mean_H = jnp.sum(weight_TB1 * a_TBH, axis=(0, 1)) / jnp.maximum(count, 1)
        square_H = jnp.sum(weight_TB1 * (a_TBH - mean_H) ** 2, axis=(0, 1)) / jnp.maximum(count, 1)
        return carry, (mean_H, square_H, count)

    start = model.carry(params, inputs_CTB.shape[-1])
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
            inputs_BT, targets_BT, closing_BT = (leaf_TB.T for leaf_TB in read)
            batch = Stream(inputs_BT, targets_BT, jnp.zeros(len(inputs_BT), bool))
            logits_BTV, carry = model.predict(params, batch, carry, edits={"stack": edit})
            # Only two of the V scores are wanted: the whole log-softmax is not written down.
            total_BT = jax.nn.logsumexp(logits_BTV.astype(jnp.float32), axis=-1)

            def log_p(symbols_BT: Array) -> Array:
                chosen_BT1 = jnp.take_along_axis(logits_BTV, jnp.maximum(symbols_BT, 0)[..., None], axis=-1)
                return chosen_BT1[..., 0].astype(jnp.float32) - total_BT

            p_BT = jnp.where(closing_BT >= 0, jnp.exp(log_p(closing_BT)), 0)
            return carry, (-log_p(targets_BT).T, p_BT.T)

        start = model.carry(params, symbols[0].shape[-1])
        return jax.lax.scan(chunk, start, symbols)[1]

    return jax.vmap(of_one)(index_U, value_U)


def interventions_on(indices: Sequence[int], unit: Unit, kind: str, value: float, whole: Moments) -> list[Intervention]:
    """The intervention on ``unit``, done alike to other units of its layer."""
    mean_H, sd_H = whole.mean_H, np.sqrt(whole.variance_H)
    if kind == "mean":
        values_H = mean_H
    elif kind == "clamp":
        deviations = (value - mean_H[unit.index]) / max(sd_H[unit.index], np.finfo(np.float32).tiny)
        values_H = mean_H + deviations * sd_H
    else:
        values_H = np.full(len(mean_H), value if kind == "shift" else 0.0)
    return [Intervention(unit.layer, unit.quantity, int(i), kind, float(values_H[i])) for i in indices]


def editable(quantity: str) -> str:
    """The quantity, if an edit can reach it.

    Raises:
      UserError: for a gate.
    """
    if quantity not in QUANTITIES:
        raise UserError(f"quantity={quantity!r} cannot be edited: take h or c, gates live inside the step")
    return quantity
