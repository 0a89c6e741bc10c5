"""What is chosen on the first half of a text and what it tells on the second, concept by concept."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnn_research.analysis.units import probes, rotations, scores
from rnn_research.analysis.units.columns import Columns, Placed, targets_at
from rnn_research.analysis.units.held_out import Held, held, jackknife_blocks
from rnn_research.analysis.units.recent import Contexts
from rnn_research.analysis.units.scored import Scored, scored
from rnn_research.analysis.units.unit import Unit
from rnn_research.analysis.units.verdict import too_little
from rnn_research.studies.cells.counting import cells_of
from rnn_research.studies.cells.gathering import Halves

CARRIED = ("h", "c")
"""What products of two are made of; gates are functions of these."""


class Recent(NamedTuple):
    """The last characters as a control.

    Attributes:
      features: one-hot at the sampled positions of both halves.
      contexts: of all positions of both halves.
      counted_N: which positions of the first half are counted.
    """

    features: probes.Features
    contexts: Contexts
    counted_N: np.ndarray


class Output(NamedTuple):
    """What a unit or a probe says at the sampled positions of the second half.

    Attributes:
      score_N: as ``held`` scores it.
      agree_NC: as turned labels are compared with it.
    """

    score_N: np.ndarray
    agree_NC: np.ndarray


class Found(NamedTuple):
    """What was found of one concept, before what was tried for the others is taken into account.

    Attributes:
      positions, stretches: as in ``Evidence``.
      scores: what each unit has, of the trained and the untrained network.
      told: by name (unit, few, every, pairs, last_characters, untrained_unit, untrained), on the held-out sample;
        empty where the text has too little of the concept.
      p: of those that are tested, by name.
      few: the cells of the few, by number of ``cells_of``, or None.
      pair: the best product's two.
      runs: separate stretches in the second half.
    """

    positions: int
    stretches: int
    scores: Scored
    untrained_scores: Scored
    told: dict[str, Held]
    p: dict[str, float]
    few: tuple[int, ...] | None
    pair: tuple[int, int] | None
    runs: int


def searched(trained: Halves, untrained: Halves, recent: Recent, units: Sequence[Unit]) -> list[Found]:
    """Chooses on the first half and measures on the second, concept by concept.

    Args:
      trained, untrained: both networks.
      recent: the last characters.
      units: in the order of the axis U.
    """
    select, confirm, _ = trained
    placed = list(zip(select.columns.placed, confirm.columns.placed, strict=True))
    kinds = [one.concept.kind for one, _ in placed]
    runs = [[_runs(part) for part in pair] for pair in placed]
    positions = [min(_rarest(a, select.columns), _rarest(b, confirm.columns)) for a, b in placed]
    targets = [targets_at(half.columns, half.positions_N) for half in (select, confirm)]
    chosen = [i for i in range(len(placed)) if too_little(positions[i], min(runs[i])) is None]
    y_select = [targets[0][i] for i in chosen]
    features = [_features(half) for half in (trained, untrained)]
    of_all = [probes.predictions(part, y_select) for part in (*features, recent.features)]
    fewest = probes.fewest(features[0], cells_of(units), [kinds[i] for i in chosen], y_select)
    carried = np.array([u for u, unit in enumerate(units) if unit.quantity in CARRIED], np.int64)

    found = []
    for i, ((at_select, _), kind) in enumerate(zip(placed, kinds, strict=True)):
        both = _both(trained, i), _both(untrained, i)
        if i not in chosen:
            found.append(Found(positions[i], min(runs[i]), *both, {}, {}, None, None, runs[i][1]))
            continue
        j, y_NC = chosen.index(i), targets[1][i]
        outputs = {
            "unit": _unit_output(trained, i, both[0]),
            "untrained_unit": _unit_output(untrained, i, both[1]),
            "every": _probe_output(kind, of_all[0][j]),
            "untrained": _probe_output(kind, of_all[1][j]),
            "last_characters": _probe_output(kind, of_all[2][j]),
        }
        if (few := fewest[j]) is not None:
            outputs["few"] = _probe_output(kind, few.predicted_NC)
        counted = recent.contexts.predicted(_targets(at_select), recent.counted_N, confirm.positions_N)
        alternatives = {"last_characters": _probe_output(kind, counted)}
        pair = None
        if kind != "categorical" and len(carried) > 1:
            pair, outputs["pairs"] = _pairs_output(features[0], kind, y_select[j], carried)
            alternatives["untrained"] = _pairs_output(features[1], kind, y_select[j], carried)[1]
        block_N = jackknife_blocks(len(y_NC), runs[i][1])
        told = {name: held(kind, output.score_N, y_NC, block_N) for name, output in outputs.items()}
        for name, output in alternatives.items():  # of two controls of one kind the better one counts
            if (other := held(kind, output.score_N, y_NC, block_N)).gain > told[name].gain:
                told[name], outputs[name] = other, output
        edges = rotations.blocks_of(len(y_NC), runs[i][1])
        against_NC = rotations.ranked(y_NC) if kind == "count" else y_NC
        tested = [name for name in outputs if name != "untrained_unit"]
        p = dict(
            zip(
                tested,
                rotations.p_of_each([outputs[name].agree_NC for name in tested], against_NC, edges),
                strict=True,
            )
        )
        chosen_few = None if few is None else few.cells
        found.append(Found(positions[i], min(runs[i]), *both, told, p, chosen_few, pair, runs[i][1]))
    return found


def _features(halves: Halves) -> probes.Features:
    return probes.features_of(halves.select.codes_NU.astype(np.float32), halves.confirm.codes_NU.astype(np.float32))


def _targets(placed: Placed) -> np.ndarray:
    """Its label at every position of its half, or one column a class."""
    labels_N = placed.concept.labels_N
    if placed.concept.kind == "categorical":
        return np.asarray(labels_N[:, None] == np.arange(len(placed.concept.classes)))
    return np.asarray(labels_N[:, None])


def _unit_output(halves: Halves, i: int, found: Scored) -> Output:
    """The best unit's bins, as the first half reads them: by sign, as a number, or as shares of the classes."""
    select, confirm, best = halves.select, halves.confirm, found.best
    placed, table_KQ = select.columns.placed[i], select.table_UKQ[best]
    code_N = confirm.codes_NU[:, best].astype(np.int64)
    first = placed.place.start
    if placed.concept.kind == "binary":
        score_N = found.sign_U[best] * code_N.astype(np.float64)
        return Output(score_N, rotations.ranked(score_N[:, None]))
    if placed.concept.kind == "count":
        slope_U, offset_U = scores.line(table_KQ[None, :, 0], table_KQ[None, :, first])
        score_N = slope_U[0] * code_N + offset_U[0] + placed.mean_y
        return Output(score_N, rotations.ranked(score_N[:, None]))
    share_C = placed.total_C / max(placed.total_C.sum(), 1)
    share_KC = (table_KQ[:, placed.place] + share_C) / (table_KQ[:, :1] + 1)
    return Output(code_N, share_KC[code_N])


def _probe_output(kind: str, predicted_NC: np.ndarray) -> Output:
    agree_NC = predicted_NC if kind == "categorical" else rotations.ranked(predicted_NC)
    return Output(probes.decided(kind, predicted_NC), agree_NC)


def _pairs_output(
    features: probes.Features, kind: str, y_NC: np.ndarray, among: np.ndarray
) -> tuple[tuple[int, int], Output]:
    found = probes.pairs(features, probes.weights(features, y_NC), y_NC, among)
    return found.best, _probe_output(kind, found.predicted_NC)


def _both(halves: Halves, i: int) -> Scored:
    select, confirm = halves.select, halves.confirm
    return scored(select.columns.placed[i], confirm.columns.placed[i], select.table_UKQ, confirm.table_UKQ)


def positives(placed: Placed) -> int:
    """Positions where it holds or is not 0; of classes, those not of the commonest."""
    if placed.concept.kind == "categorical":
        return int(placed.total_C.sum() - placed.total_C.max())
    return int(placed.total_C[0])


def _rarest(placed: Placed, columns: Columns) -> int:
    """Positions of the rarer side; of a count, those without its commonest number."""
    if placed.concept.kind == "binary":
        return min(positives(placed), columns.counted - positives(placed))
    if placed.concept.kind == "count":
        return columns.counted - placed.commonest
    return positives(placed)


def _runs(placed: Placed) -> int:
    """Separate stretches of the half in which it holds."""
    return rotations.stretches(rotations.holding(placed.concept.kind, placed.concept.labels_N))
