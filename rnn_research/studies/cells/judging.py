"""From sums and samples of the trained network and its untrained copy to an entry for every concept."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.units import controls, probes
from rnn_research.analysis.units.columns import Columns, Placed, targets_at
from rnn_research.analysis.units.histograms import Bins
from rnn_research.analysis.units.scored import STATISTIC, Scored, details, gain, scored
from rnn_research.analysis.units.unit import Unit
from rnn_research.analysis.units.verdict import FDR, LEAST, Evidence, follows, stands_alone, verdict
from rnn_research.studies.cells.counting import cells_of, share_of_cells
from rnn_research.studies.cells.gathering import Halves

LEAST_SHIFT = 1000
"""Positions by which labels are shifted at least: more than activations and labels remember."""
RANKED = 10
"""Units in an entry's ranking."""


def judged(
    trained: Halves, untrained: Halves, recent: tuple[np.ndarray, np.ndarray], units: Sequence[Unit], shifts: int
) -> dict[str, Any]:
    """From the sums and samples of both networks to the entries.

    Args:
      trained, untrained: both networks.
      recent: features of the last characters at the sampled positions of either half.
      units: in the order of the axis U.
      shifts: of the labels in time.
    """
    select, confirm, bins = trained
    kinds = [placed.concept.kind for placed in select.columns.placed]
    targets = [targets_at(half.columns, half.positions_N) for half in (select, confirm)]
    features = [
        probes.features_of(half.select.codes_NU.astype(np.float32), half.confirm.codes_NU.astype(np.float32))
        for half in (trained, untrained)
    ]
    of_all = probes.probe(features[0], kinds, *targets)
    of_untrained = probes.probe(features[1], kinds, *targets)
    of_recent = probes.probe(probes.features_of(*recent), kinds, *targets)
    found = [_both(trained, i) for i in range(len(kinds))]
    found_untrained = [_both(untrained, i) for i in range(len(kinds))]
    turns = controls.shifts_of(len(confirm.codes_NU), shifts, LEAST_SHIFT)
    nulls = controls.shifted(confirm.codes_NU, controls.tested_at(confirm.columns, confirm.positions_N), turns)
    fdr_CU = controls.false_discovery_rates(np.array([null.p_U() for null in nulls]))

    entries = []
    following_U, alone_U = np.zeros((2, len(units)), bool)
    for i, kind in enumerate(kinds):
        at_select, at_confirm = select.columns.placed[i], confirm.columns.placed[i]
        best = found[i].best
        few, few_score = probes.fewest(features[0], kind, targets[0][i], targets[1][i], of_all[i])
        untrained_best = float(found_untrained[i].confirm_U[found_untrained[i].best])
        shifted_p = nulls[i].p_of_best(best)
        gains = [
            float(gain(kind, score, at_confirm.total_C))
            for score in (float(found[i].confirm_U[best]), untrained_best, of_recent[i], of_untrained[i])
        ]
        evidence = Evidence(
            rarest=min(_rarest(at_select, select.columns), _rarest(at_confirm, confirm.columns)),
            best=gains[0],
            fdr=float(fdr_CU[i, best]),
            shifted_p=shifted_p,
            untrained=gains[1],
            last_characters=gains[2],
            untrained_probe=gains[3],
            probe_all=float(gain(kind, of_all[i], at_confirm.total_C)),
            few=few,
            probe_few=float(gain(kind, few_score, at_confirm.total_C)),
        )
        said, reason = verdict(evidence)
        if evidence.rarest >= LEAST:
            against = evidence.untrained, evidence.last_characters
            pairs = [
                (float(gain(kind, score, at_confirm.total_C)), float(fdr))
                for score, fdr in zip(found[i].confirm_U, fdr_CU[i], strict=True)
            ]
            following_U |= [follows(*pair, *against) for pair in pairs]
            alone_U |= [stands_alone(*pair, *against, evidence.probe_all) for pair in pairs]
        entries.append(
            {
                "concept": at_select.concept.name,
                "kind": kind,
                "positives": _positives(at_select) + _positives(at_confirm),
                "verdict": said,
                "reason": reason,
                "best": _best(trained, i, found[i], units, bins),
                "ranking": _ranking(found[i], units),
                "controls": {
                    "untrained": untrained_best,
                    "untrained_probe": of_untrained[i],
                    "last_characters": of_recent[i],
                    "shifted_p": shifted_p,
                    "fdr": evidence.fdr,
                    "probe_all": of_all[i],
                    "probe_few": {"k": few, "score": few_score},
                },
                "effect": None,
            }
        )
    return {
        "concepts": entries,
        "units": len(units),
        "cells": len(np.unique(cells_of(units))),
        "share_of_cells": {
            "beyond_chance": share_of_cells(np.any(fdr_CU < FDR, axis=0), units),
            "follow": share_of_cells(following_U, units),
            "stand_alone": share_of_cells(alone_U, units),
        },
        "false_discovery_rate": FDR,
        "shifts": len(turns),
        "positions": {"select": select.columns.counted, "confirm": confirm.columns.counted},
        "sampled": {"select": len(select.codes_NU), "confirm": len(confirm.codes_NU)},
    }


def _both(halves: Halves, i: int) -> Scored:
    select, confirm = halves.select, halves.confirm
    return scored(select.columns.placed[i], confirm.columns.placed[i], select.table_UKQ, confirm.table_UKQ)


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


def _positives(placed: Placed) -> int:
    """Positions where it holds or is not 0; of classes, those not of the commonest."""
    if placed.concept.kind == "categorical":
        return int(placed.total_C.sum() - placed.total_C.max())
    return int(placed.total_C[0])


def _rarest(placed: Placed, columns: Columns) -> int:
    """Positions of the rarer side; of a count, those without its commonest number."""
    if placed.concept.kind == "binary":
        return min(_positives(placed), columns.counted - _positives(placed))
    if placed.concept.kind == "count":
        return columns.counted - placed.commonest
    return _positives(placed)
