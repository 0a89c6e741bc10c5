"""What a unit does: the network run with and without it, beside other units of its layer.

That a unit goes along with a concept does not say that the network uses it. So the unit is held
or shifted in the running network, and the loss is compared where the concept holds, where it does
not, and where the next symbol ends it. The same is done to control units of the same layer and
quantity, drawn among those nearest in log variance, so that a lively unit is not called a cause
for being lively.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.interventions import KINDS, QUANTITIES, Intervention
from rnn_research.analysis.units.unit import Unit
from rnn_research.concepts import Concept
from rnn_research.errors import UserError, one_of
from rnn_research.models.model import Model
from rnn_research.studies.cells.closing_symbols import Closes
from rnn_research.studies.cells.intervened import NOBODY, Moments, moments, read_under
from rnn_research.studies.cells.streams import lay_streams
from rnn_research.types import Params

NEAREST = 40
"""Controls are drawn among so many units of nearest variance."""

FEWEST_CONTROLS = 19
"""With fewer, being the largest of all is likelier than 5 % for any unit."""

DISTANCES = (1, 5, 10, 20, 50, 100)
"""The first distances of the bins from an opening; the last bin has no end."""


def effects(
    model: Model,
    params: Params,
    symbols_N: np.ndarray,
    concept: Concept,
    unit: Unit,
    kind: str = "mean",
    *,
    value: float = 0.0,
    controls: int = 20,
    streams: int = 32,
    steps: int = 2000,
    seed: int = 0,
) -> dict[str, Any] | None:
    """What an intervention on one unit does to the loss, beside the same on its controls.

    Proved: the loss where the concept holds rises, and it rises by more than under every control, of
    which there are at least 19. An ordinary unit would come first of 21 with probability 1/21 = 4.8 %.
    Specific: the rise where the concept holds minus the rise elsewhere is the largest too; a unit
    can be proved without it, if the network needs it everywhere.

    Args:
      model: a language model.
      params: its parameters.
      symbols_N: the text.
      concept: its labels, one a symbol. A count holds where it is above its median.
      unit: of quantity h or c.
      kind: one of ``KINDS``.
      value: of clamp, where the unit is held; a control is held as many standard deviations from its
        own mean. Of shift, what is added. Not read by zero and mean.
      controls: how many other units; all others where the layer has no more.
      streams: read side by side.
      steps: symbols of each stream, spread over the text; the first 100 are not counted.
      seed: of the draw of controls.

    Returns:
      Ready for JSON, losses in nats per symbol, None where there is no position; None altogether for a
      categorical concept, which does not hold or fail to hold.

    Raises:
      UserError: for a gate, a unit that is not there, an unknown kind, or too short a text.
    """
    one_of("kind", kind, KINDS)
    if concept.kind == "categorical":
        return None
    laid = lay_streams(symbols_N, streams, steps)
    whole = moments(model, params, laid, unit.layer, _editable(unit.quantity))
    others = matched_controls(whole.variance_H, _there(unit, whole), controls, seed)
    done = interventions_on([unit.index, *others], unit, kind, value, whole)
    plain = done[0]._replace(index=NOBODY)
    loss_USB = read_under(model, params, laid, [plain, *done]).loss_USB

    holds_N = holding(concept)
    ends_N = holds_N & np.append(~holds_N[1:], False)
    places = {"holds": holds_N, "elsewhere": ~holds_N, "ends": ends_N}
    counted = {name: laid.counted_SB & where_N[laid.place_SB] for name, where_N in places.items()}
    means = {name: _means(loss_USB, where_SB) for name, where_SB in counted.items()}
    rises = {name: mean_U[1:] - mean_U[0] for name, mean_U in means.items()}
    contrast_U = rises["holds"] - rises["elsewhere"]
    enough = len(others) >= FEWEST_CONTROLS
    proved = enough and bool(rises["holds"][0] > 0) and _rank(rises["holds"]) == 1
    return {
        "unit": str(unit),
        "kind": kind,
        "value": float(done[0].value),
        "positions": {name: int(where_SB.sum()) for name, where_SB in counted.items()},
        "loss": {
            name: {"plain": _number(plain), "intervened": _number(changed), "rise": _number(changed - plain)}
            for name, (plain, changed, *_) in means.items()
        },
        "controls": {
            "units": [str(unit._replace(index=int(index))) for index in others],
            "variance": [float(whole.variance_H[index]) for index in others],
            **{name: [_number(rise) for rise in rise_U[1:]] for name, rise_U in rises.items()},
        },
        "variance": float(whole.variance_H[unit.index]),
        "rank": {**{name: _rank(rise_U) for name, rise_U in rises.items()}, "contrast": _rank(contrast_U)},
        "proved": proved,
        "specific": proved and _rank(contrast_U) == 1,
        "reason": _reason(rises["holds"], len(others)),
    }


def closing(
    model: Model,
    params: Params,
    symbols_N: np.ndarray,
    closes: Closes,
    unit: Unit,
    kind: str = "mean",
    *,
    value: float = 0.0,
    distances: Sequence[int] = DISTANCES,
    streams: int = 32,
    steps: int = 2000,
) -> dict[str, Any]:
    """How probable the closing symbol is, by distance from the opening, plain and under an intervention.

    Args:
      model: a language model.
      params: its parameters.
      symbols_N: the text.
      closes: of ``closing_symbols``.
      unit: of quantity h or c.
      kind: one of ``KINDS``.
      value: of clamp and shift.
      distances: the bins' first distances of the next symbol from the opening; the last bin has no end.
      streams: read side by side.
      steps: symbols of each stream.

    Returns:
      Ready for JSON. ``inside``: the mean at all positions where something is open; ``at_end``: where the
      closing symbol does come next. None in an empty bin.

    Raises:
      UserError: as ``effects``.
    """
    one_of("kind", kind, KINDS)
    laid = lay_streams(symbols_N, streams, steps)
    whole = moments(model, params, laid, unit.layer, _editable(unit.quantity))
    (done,) = interventions_on([_there(unit, whole)], unit, kind, value, whole)
    both = [done._replace(index=NOBODY), done]
    p_USB = read_under(model, params, laid, both, laid.chunked(closes.symbol_N)).p_closing_USB
    distance_SB, ends_SB = closes.distance_N[laid.place_SB], closes.ends_N[laid.place_SB]
    bins = []
    for nearest, beyond in zip(distances, [*distances[1:], np.inf], strict=True):
        inside_SB = laid.counted_SB & (distance_SB >= nearest) & (distance_SB < beyond)
        row: dict[str, Any] = {"nearest": nearest, "farthest": None if beyond == np.inf else int(beyond) - 1}
        for name, where_SB in (("inside", inside_SB), ("at_end", inside_SB & ends_SB)):
            plain, intervened = (_number(mean) for mean in _means(p_USB, where_SB))
            row[name] = {"positions": int(where_SB.sum()), "plain": plain, "intervened": intervened}
        bins.append(row)
    return {"unit": str(unit), "kind": kind, "value": float(done.value), "bins": bins}


def holding(concept: Concept) -> np.ndarray:
    """Where a binary concept holds, or a count is above its median, ``bool [N]``."""
    if concept.kind == "binary":
        return np.asarray(concept.labels_N, bool)
    return concept.labels_N > np.median(concept.labels_N)


def matched_controls(variance_H: np.ndarray, index: int, controls: int, seed: int = 0) -> list[int]:
    """Other units, drawn among the 40 of nearest log variance (or as many as are asked for, if more), sorted."""
    log_H = np.log(np.maximum(variance_H, np.finfo(np.float32).tiny))
    gap_H = np.abs(log_H - log_H[index])
    gap_H[index] = np.inf
    near = np.argsort(gap_H, kind="stable")[: min(max(NEAREST, controls), len(gap_H) - 1)]
    return sorted(np.random.default_rng(seed).choice(near, min(controls, len(near)), replace=False).tolist())


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


def _editable(quantity: str) -> str:
    if quantity not in QUANTITIES:
        raise UserError(f"quantity={quantity!r} cannot be edited: take h or c, gates live inside the step")
    return quantity


def _there(unit: Unit, whole: Moments) -> int:
    H = len(whole.mean_H)
    if not 0 <= unit.index < H:
        raise UserError(f"{unit} is not there: units are 0 to {H - 1}")
    return unit.index


def _means(x_USB: np.ndarray, where_SB: np.ndarray) -> np.ndarray:
    if not where_SB.any():
        return np.full(len(x_USB), np.nan)
    return np.asarray(x_USB[:, where_SB].mean(axis=1, dtype=np.float64))


def _rank(rise_U: np.ndarray) -> int | None:
    """The place of the first among all, 1 for the largest; of equals it has the last place."""
    return None if np.isnan(rise_U[0]) else int(np.sum(rise_U >= rise_U[0]))


def _number(x: float) -> float | None:
    return None if np.isnan(x) else float(x)


def _reason(rise_U: np.ndarray, controls: int) -> str:
    if np.isnan(rise_U[0]):
        return "The concept holds nowhere in what was read."
    if controls < FEWEST_CONTROLS:
        return f"With {controls} controls nothing is proved: {FEWEST_CONTROLS} are the fewest."
    return (
        f"Where the concept holds the loss changes by {rise_U[0]:+.4f} nats per symbol; "
        f"under {controls} controls by {rise_U[1:].min():+.4f} to {rise_U[1:].max():+.4f}."
    )
