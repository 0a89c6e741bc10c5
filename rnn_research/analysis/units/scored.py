"""The scores of all units for one concept: chosen on one part of a text, confirmed on another."""

from typing import Any, NamedTuple

import numpy as np

from rnn_research.analysis.units import scores
from rnn_research.analysis.units.columns import Placed
from rnn_research.analysis.units.histograms import Bins

STATISTIC = {"binary": "auc", "count": "r2", "categorical": "mutual_information"}


class Scored(NamedTuple):
    """One concept.

    Attributes:
      select_U: the statistic on the first part, with the unit's own sign.
      confirm_U: on the other part, with the sign or the line that the first part gave.
      sign_U: +1 where the unit rises with the concept, else -1; +1 for a categorical one.
    """

    select_U: np.ndarray
    confirm_U: np.ndarray
    sign_U: np.ndarray

    @property
    def best(self) -> int:
        """The unit that is best on the first part."""
        return int(np.argmax(self.select_U))


def scored(select: Placed, confirm: Placed, select_UKQ: np.ndarray, confirm_UKQ: np.ndarray) -> Scored:
    """Scores every unit for a concept.

    Args:
      select, confirm: the concept over either part of the text.
      select_UKQ, confirm_UKQ: tables of sums over them, with the same bins.
    """
    kind, first = select.concept.kind, select.place.start
    ones_U = np.ones(len(select_UKQ), np.int64)
    if kind == "binary":
        positive_UK = select_UKQ[:, :, first]
        select_U = scores.auc(positive_UK, select_UKQ[:, :, 0] - positive_UK)
        # Its place is another where a column of deep positions stands before it in one part alone.
        positive_UK = confirm_UKQ[:, :, confirm.place.start]
        confirm_U = scores.auc(positive_UK, confirm_UKQ[:, :, 0] - positive_UK)
        sign_U = np.where(select_U < 0.5, -1, ones_U)
        return Scored(_signed(select_U, sign_U), _signed(confirm_U, sign_U), sign_U)
    if kind == "count":
        slope_U, offset_U = scores.line(select_UKQ[:, :, 0], select_UKQ[:, :, first])
        select_U = scores.r2(select_UKQ[:, :, 0], select_UKQ[:, :, first], slope_U, offset_U, 0.0, select.variance_y)
        # Labels are centred by part.
        there_U = offset_U + select.mean_y - confirm.mean_y
        confirm_U = scores.r2(
            confirm_UKQ[:, :, 0], confirm_UKQ[:, :, confirm.place.start], slope_U, there_U, 0.0, confirm.variance_y
        )
        return Scored(select_U, confirm_U, np.where(slope_U < 0, -1, ones_U))
    select_U = scores.mutual_information(select_UKQ[:, :, select.place])
    return Scored(select_U, scores.mutual_information(confirm_UKQ[:, :, confirm.place]), ones_U)


def details(
    select: Placed, confirm: Placed, select_UKQ: np.ndarray, confirm_UKQ: np.ndarray, unit: int, sign: int, bins: Bins
) -> dict[str, Any]:
    """What else is told of one unit, measured on the second part.

    Returns:
      ``threshold`` (chosen by MCC on the first part, as an activation), ``mcc`` of "beyond the
      threshold in the sign's direction", ``point_biserial``, ``spearman``, ``confirm_beyond_window`` (AUC of
      positions deep within a run against positions outside of the concept) and ``positives_beyond_window``,
      their number; None where it does not apply.
    """
    found: dict[str, Any] = dict.fromkeys(("threshold", "mcc", "point_biserial", "spearman", "confirm_beyond_window"))
    found["positives_beyond_window"] = 0
    kind, first = select.concept.kind, confirm.place.start
    select_KQ, confirm_KQ = select_UKQ[unit : unit + 1], confirm_UKQ[unit : unit + 1]
    n_UK, y_UK = confirm_KQ[:, :, 0], confirm_KQ[:, :, first]
    if kind == "binary":
        chosen_UK = select_KQ[:, :, select.place.start]
        tried_K = sign * scores.mcc(chosen_UK, select_KQ[:, :, 0] - chosen_UK)[0]
        # All thresholds of a gap between the two sides are as good: the middle one has most room.
        equal = np.flatnonzero(tried_K >= tried_K.max() - 1e-9)
        k = int(equal[len(equal) // 2])
        p = y_UK.sum() / max(1.0, n_UK.sum())
        found["threshold"] = bins.lower_end(unit, k)
        found["mcc"] = float(sign * scores.mcc(y_UK, n_UK - y_UK)[0, k])
        found["point_biserial"] = float(scores.correlation(n_UK, y_UK, p, p * (1 - p))[0])
        if confirm.beyond is not None:
            deep_UK = confirm_KQ[:, :, confirm.beyond]
            found["confirm_beyond_window"] = float(_signed(scores.auc(deep_UK, n_UK - y_UK), np.array([sign]))[0])
            found["positives_beyond_window"] = int(deep_UK.sum())
    elif kind == "count":
        rank_UK = confirm_KQ[:, :, first + 1]
        found["spearman"] = float(scores.correlation(n_UK, rank_UK, 0.0, confirm.variance_rank, ranks=True)[0])
    return found


def gain(kind: str, score: np.ndarray | float, total_C: np.ndarray) -> np.ndarray | float:
    """A score on one scale for all kinds: 0 knows nothing of the concept, 1 all of it.

    2 AUC - 1; R²; or the share of the classes' entropy.
    """
    if kind == "binary":
        return 2 * score - 1
    if kind == "count":
        return score
    return score / max(scores.entropy(total_C), 1e-9)


def score_of(kind: str, gained: float, total_C: np.ndarray) -> float:
    """The score that has this gain."""
    if kind == "binary":
        return (gained + 1) / 2
    return gained if kind == "count" else gained * max(scores.entropy(total_C), 1e-9)


def _signed(auc_U: np.ndarray, sign_U: np.ndarray) -> np.ndarray:
    return np.where(sign_U < 0, 1 - auc_U, auc_U)
