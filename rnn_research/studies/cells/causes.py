"""What a unit does: the network run with and without it, where a concept holds and where it does not.

That a unit goes along with a concept does not say that the network uses it for the concept. So the unit is held
in the running network, and the rise of the loss where the concept holds is compared with the rise elsewhere: the
contrast. "At its mean" is what it is on average where the concept does not hold: it then says so within the concept,
and little changes elsewhere. The same is done to control units of the same layer and quantity whose holding moves
the loss as much: where a concept holds a text may be more fragile altogether, whatever is held. Variance would be a
bad match, since what saturates moves much and matters little. Whether it all is a proof, ``proofs`` says.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.interventions import KINDS
from rnn_research.analysis.units import rotations
from rnn_research.analysis.units.rotations import holding
from rnn_research.analysis.units.unit import Unit
from rnn_research.concepts import Concept
from rnn_research.errors import UserError, one_of
from rnn_research.models.model import Model
from rnn_research.studies.cells.closing_symbols import Closes
from rnn_research.studies.cells.intervened import (
    NOBODY,
    Interventions,
    Moments,
    editable,
    interventions_on,
    moments,
    read_under,
)
from rnn_research.studies.cells.parallel_reading import lay_streams
from rnn_research.studies.cells.proofs import changes_nothing, contrast_interval, proofs
from rnn_research.types import Params

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
) -> dict[str, Any] | None:
    """What an intervention on one unit does, for one concept alone: ``effect`` with ``proofs`` of it.

    Args:
      model, params, symbols_N, kind, value, streams, steps: as of ``Interventions``.
      concept, unit, controls: as of ``effect``.
    """
    read = Interventions(model, params, symbols_N, kind, value=value, streams=streams, steps=steps)
    found = effect(read, concept, unit, controls=controls)
    proofs([found])
    return found


def effect(read: Interventions, concept: Concept, unit: Unit, *, controls: int = 20) -> dict[str, Any] | None:
    """What an intervention on one unit does to the loss, beside the same on its controls.

    Args:
      read: the model, the text and the intervention.
      concept: its labels, one a symbol. A count holds where it is above its median.
      unit: of quantity h or c.
      controls: how many other units, those of its layer whose holding moves the loss most nearly as
        much; all others where the layer has no more.

    Returns:
      Ready for JSON, losses in nats per symbol, None where there is no position; None altogether for a
      categorical concept, which does not hold or fail to hold. ``proofs`` adds what hangs on all concepts.

    Raises:
      UserError: for a gate or a unit that is not there.
    """
    if concept.kind == "categorical":
        return None
    index = _there(unit, read.moments(unit))
    overall_H = read.overall(unit)
    others = matched_controls(overall_H, index, controls)
    holds_N = holding(concept.kind, concept.labels_N)
    at = read.held_at(unit, holds_N)
    loss_UP = read.losses(unit, [index, *others], at)
    rise_UP = (loss_UP[1:] - loss_UP[0]).astype(np.float64)

    laid = read.laid
    place_P = laid.place_SB[laid.counted_SB]
    ends_N = holds_N & np.append(~holds_N[1:], False)
    places = {"holds": holds_N[place_P], "elsewhere": ~holds_N[place_P], "ends": ends_N[place_P]}
    means = {name: _means(loss_UP, where_P) for name, where_P in places.items()}
    rises = {name: mean_U[1:] - mean_U[0] for name, mean_U in means.items()}
    contrast_U = rises["holds"] - rises["elsewhere"]
    moved_U = np.abs(rise_UP).mean(axis=1)
    share_U = np.divide(contrast_U, moved_U, out=np.zeros(len(moved_U)), where=moved_U > 1e-9)

    order = np.argsort(place_P)
    runs = rotations.stretches(places["holds"][order])
    low, high = contrast_interval(rise_UP[0][order], places["holds"][order], runs)
    rise_N, counted_N = np.zeros(len(holds_N)), np.zeros(len(holds_N), bool)
    rise_N[place_P], counted_N[place_P] = rise_UP[0], True
    edges = rotations.blocks_of(len(holds_N), runs)
    changed = {name: _number(_means(np.abs(rise_UP[:1]), places[name])[0]) for name in ("holds", "elsewhere")}
    # Rounding has no p value, and what cannot be an effect must not make Holm stricter with the others.
    p = None
    if runs and not changes_nothing(changed):
        p = rotations.p_of(rise_N[:, None], holds_N[:, None], edges, counted_N=counted_N)
    return {
        "unit": str(unit),
        "kind": read.kind,
        "value": float(read.held(unit, [index], at)[0].value),
        "positions": {name: int(where_P.sum()) for name, where_P in places.items()},
        "stretches": runs,
        "loss": {
            name: {"plain": _number(plain), "intervened": _number(changed), "rise": _number(changed - plain)}
            for name, (plain, changed, *_) in means.items()
        },
        "changed": changed,
        "contrast": {
            "value": _number(contrast_U[0]),
            "low": _number(low),
            "high": _number(high),
            "p": p,
        },
        "moved": float(overall_H[index]),
        "controls": {
            "units": [str(unit._replace(index=int(other))) for other in others],
            "moved": [float(overall_H[other]) for other in others],
            **{name: [_number(rise) for rise in rise_U[1:]] for name, rise_U in rises.items()},
            "contrast": [_number(contrast) for contrast in contrast_U[1:]],
        },
        "rank": {
            **{name: _rank(rise_U) for name, rise_U in rises.items()},
            "contrast": _rank(contrast_U),
            "contrast_by_moved": _rank(share_U if runs else np.full(1, np.nan)),
        },
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
    whole = moments(model, params, laid, unit.layer, editable(unit.quantity))
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


def matched_controls(overall_H: np.ndarray, index: int, controls: int) -> list[int]:
    """The other units whose holding moves the loss most nearly as much, by its logarithm, sorted."""
    log_H = np.log(np.maximum(overall_H, 1e-9))
    gap_H = np.abs(log_H - log_H[index])
    gap_H[index] = np.inf
    return sorted(np.argsort(gap_H, kind="stable")[: min(controls, len(gap_H) - 1)].tolist())


def _there(unit: Unit, whole: Moments) -> int:
    H = len(whole.mean_H)
    if not 0 <= unit.index < H:
        raise UserError(f"{unit} is not there: units are 0 to {H - 1}")
    return unit.index


def _means(x_UP: np.ndarray, where_P: np.ndarray) -> np.ndarray:
    if not where_P.any():
        return np.full(len(x_UP), np.nan)
    return np.asarray(x_UP[:, where_P].mean(axis=1, dtype=np.float64))


def _rank(rise_U: np.ndarray) -> int | None:
    """The place of the first among all, 1 for the largest; of equals it has the last place."""
    return None if np.isnan(rise_U[0]) else int(np.sum(rise_U >= rise_U[0]))


def _number(x: float) -> float | None:
    return None if np.isnan(x) else float(x)
