"""From sums and samples of the trained network and its untrained copy to an entry for every concept.

Units, probes and thresholds are chosen on the first half of the text. What each of them tells on the second
half has an interval (blocks of the text left out in turn) and a p value (labels turned around within long
blocks), and the verdict is a pure function of these.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import false_discovery_control

from rnn_research.analysis.units import rotations
from rnn_research.analysis.units.columns import targets_at
from rnn_research.analysis.units.histograms import Bins
from rnn_research.analysis.units.scored import STATISTIC, Scored, details, gain, score_of
from rnn_research.analysis.units.unit import Unit
from rnn_research.analysis.units.verdict import LEVEL, Beyond, Evidence, Told, follows, stands_alone, verdict
from rnn_research.studies.cells.counting import cells_of, names_of_cells, number_of_cells, share_of_cells
from rnn_research.studies.cells.gathering import Halves
from rnn_research.studies.cells.searching import Found, Recent, positives, searched

CONTROLS = {
    "last_characters": "the last characters",
    "untrained_unit": "the best unit of the untrained network",
    "untrained": "a probe on all units of the untrained network",
}
"""What they are called in a reason."""
RANKED = 10
"""Units in an entry's ranking."""


def evidence(found: Sequence[Found]) -> list[Evidence]:
    """What the verdicts are drawn from, with p values over all that was tried."""
    tried = [(i, name) for i, one in enumerate(found) for name in one.p]
    p = false_discovery_control([found[i].p[name] for i, name in tried]) if tried else []
    adjusted = dict(zip(tried, p, strict=True))
    return [_evidence(one, {n: float(adjusted[i, n]) for n in one.p}) for i, one in enumerate(found)]


def _evidence(one: Found, p: dict[str, float]) -> Evidence:
    if not one.told:
        return Evidence(one.positions, one.stretches)
    told = one.told

    def of(name: str) -> Told:
        return Told(told[name].gain, told[name].interval(1 - LEVEL)[0], p[name])

    def beyond(name: str, *controls: str) -> Beyond:
        differences = [told[name] - told[control] for control in controls]
        nearest = controls[int(np.argmin([d.gain for d in differences]))]
        low = min(d.interval(1 - LEVEL)[0] for d in differences)
        return Beyond(min(d.gain for d in differences), low, CONTROLS[nearest])

    controls = "last_characters", "untrained_unit"
    few = "few" in told
    pairs = "pairs" if "pairs" in told else "every"
    return Evidence(
        positions=one.positions,
        stretches=one.stretches,
        unit=of("unit"),
        unit_beyond=beyond("unit", *controls),
        few=of("few") if few else None,
        k=0 if one.few is None else len(one.few),
        few_beyond=beyond("few" if few else "unit", *controls),
        every=of("every"),
        every_beyond=beyond("every", *controls, "untrained"),
        pairs=of(pairs),
        pairs_beyond=beyond(pairs, *controls, "untrained"),
        last_characters=of("last_characters"),
        untrained=of("untrained"),
    )


def judged(trained: Halves, untrained: Halves, recent: Recent, units: Sequence[Unit], shifts: int) -> dict[str, Any]:
    """From the sums and samples of both networks to the entries.

    Args:
      trained, untrained: both networks.
      recent: the last characters.
      units: in the order of the axis U.
      shifts: turns of the labels for the share of units that follow something.
    """
    select, confirm, bins = trained
    found = searched(trained, untrained, recent, units)
    rank_NU = rotations.ranks(confirm.codes_NU)
    entries = []
    chance_U, following_U, alone_U = np.zeros((3, len(units)), bool)
    for i, (one, known) in enumerate(zip(found, evidence(found), strict=True)):
        at_select, at_confirm = select.columns.placed[i], confirm.columns.placed[i]
        entry: dict[str, Any] = {
            "concept": at_select.concept.name,
            "kind": at_select.concept.kind,
            "positives": positives(at_select) + positives(at_confirm),
            "stretches": one.stretches,
        }
        entry["verdict"], entry["reason"] = verdict(known)
        entry["cells_that_follow"] = 0
        if not one.told:
            entries.append({**entry, "best": None, "ranking": [], "controls": None, "effect": None})
            continue
        total_C = at_confirm.total_C
        if min(known.unit.p, known.every.p, known.pairs.p) < LEVEL:
            y_NC = targets_at(confirm.columns, confirm.positions_N)[i]
            y_NC = rotations.standard(rotations.ranked(y_NC) if at_select.concept.kind == "count" else y_NC)
            edges = rotations.blocks_of(len(y_NC), one.runs)
            p_U = rotations.p_of_units(rank_NU, y_NC, edges, two_sided=y_NC.shape[1] == 1, draws=shifts)
            gain_U = np.asarray(gain(at_select.concept.kind, one.scores.confirm_U, total_C))
            against = one.told["untrained_unit"].gain, one.told["last_characters"].gain
            pairs = [(float(g), float(p)) for g, p in zip(gain_U, p_U, strict=True)]
            chance_U |= p_U < LEVEL
            follow_U = np.array([follows(*pair, *against) for pair in pairs])
            entry["cells_that_follow"] = number_of_cells(follow_U, units)
            following_U |= follow_U
            alone_U |= [stands_alone(*pair, *against, known.every.gain) for pair in pairs]
        entries.append(
            {
                **entry,
                "most": float(score_of(at_select.concept.kind, 1.0, total_C)),
                "best": _best(trained, i, one.scores, units, bins),
                "ranking": _ranking(one.scores, units),
                "controls": _controls(one, known, at_select.concept.kind, total_C, units),
                "effect": None,
            }
        )
    return {
        "concepts": entries,
        "units": len(units),
        "cells": len(np.unique(cells_of(units))),
        "share_of_cells": {
            "beyond_chance": share_of_cells(chance_U, units),
            "follow": share_of_cells(following_U, units),
            "stand_alone": share_of_cells(alone_U, units),
        },
        "false_discovery_rate": LEVEL,
        "shifts": shifts,
        "positions": {"select": select.columns.counted, "confirm": confirm.columns.counted},
        "sampled": {"select": len(select.codes_NU), "confirm": len(confirm.codes_NU)},
    }


def _controls(one: Found, known: Evidence, kind: str, total_C: np.ndarray, units: Sequence[Unit]) -> dict[str, Any]:
    """What stands beside the best unit, as scores."""

    def score(gained: float) -> float:
        return float(score_of(kind, gained, total_C))

    told = one.told
    low, high = told["unit"].interval(1 - LEVEL)
    few = None
    if one.few is not None:
        few = {"k": len(one.few), "score": score(told["few"].gain), "cells": names_of_cells(one.few, units)}
    return {
        "interval": [score(low), score(high)],
        "p": known.unit.p,
        "last_characters": score(told["last_characters"].gain),
        "untrained": score(told["untrained_unit"].gain),
        "untrained_probe": score(told["untrained"].gain),
        "probe_all": score(told["every"].gain),
        "probe_all_p": known.every.p,
        "probe_few": few,
        "probe_pairs": score(told["pairs"].gain) if "pairs" in told else None,
        "best_pair": None if one.pair is None else [str(units[u]) for u in one.pair],
    }


def _best(halves: Halves, i: int, found: Scored, units: Sequence[Unit], bins: Bins) -> dict[str, Any]:
    best, (select, confirm, _) = found.best, halves
    sign = int(found.sign_U[best])
    return {
        "unit": str(units[best]),
        "statistic": STATISTIC[select.columns.placed[i].concept.kind],
        "select": float(found.select_U[best]),
        "confirm": float(found.confirm_U[best]),
        "sign": sign,
        **details(
            select.columns.placed[i],
            confirm.columns.placed[i],
            select.table_UKQ,
            confirm.table_UKQ,
            best,
            sign,
            bins,
        ),
    }


def _ranking(found: Scored, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """By the first half, with the second half's score."""
    order = np.argsort(-found.select_U, kind="stable")[:RANKED]
    return [{"unit": str(units[u]), "confirm": float(found.confirm_U[u])} for u in order]
