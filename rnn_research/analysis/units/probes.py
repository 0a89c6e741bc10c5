"""Linear probes: what all units together tell of a concept, and how few of them tell nearly as much.

Ridge regression on standardised features, by one Gram matrix for all concepts; classes are
regressed one against the rest and the largest wins. The order in which units enter the path of
the lasso (least angle regression, Efron et al. 2004) proposes the few; a ridge on those alone is then scored.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path_gram

from rnn_research.analysis.units import scores

RIDGE = 1e-3
"""Of the features' variance."""
NEARLY = 0.95
"""The share of the all-units probe's gain over chance that the few must reach."""
FEW = (1, 2, 3, 4, 5, 8, 12, 16, 24, 32)
"""How many are tried."""


class Features(NamedTuple):
    """Features of two parts of a text, standardised by the first.

    Attributes:
      select_NF, confirm_NF: ``float32``.
      gram_FF: of the first, a position, with the ridge on its diagonal.
    """

    select_NF: np.ndarray
    confirm_NF: np.ndarray
    gram_FF: np.ndarray


def features_of(select_NF: np.ndarray, confirm_NF: np.ndarray) -> Features:
    """Standardises; a feature that stands still becomes 0."""
    mean_F, sd_F = select_NF.mean(axis=0, dtype=np.float64), select_NF.std(axis=0, dtype=np.float64)
    scale_F = np.divide(1, sd_F, out=np.zeros_like(sd_F), where=sd_F > 1e-9)
    mean_F, scale_F = mean_F.astype(np.float32), scale_F.astype(np.float32)
    x, x_confirm = ((part - mean_F) * scale_F for part in (select_NF, confirm_NF))
    gram_FF = (x.T @ x / len(x)).astype(np.float64)
    return Features(x, x_confirm, gram_FF + RIDGE * np.eye(len(gram_FF)))


def last_characters(symbols_N: np.ndarray, positions_N: np.ndarray, count: int, V: int) -> np.ndarray:
    """The last ``count`` symbols at some positions, one-hot, ``float32 [N, count * V]``.

    All zero before the text and where a symbol is below 0.
    """
    found = np.zeros((len(positions_N), count, V), np.float32)
    for back in range(count):
        at = np.flatnonzero((positions_N >= back) & (symbols_N[positions_N - back] >= 0))
        found[at, back, symbols_N[positions_N[at] - back]] = 1
    return found.reshape(len(positions_N), -1)


def probe(
    features: Features, kinds: Sequence[str], select: Sequence[np.ndarray], confirm: Sequence[np.ndarray]
) -> list[float]:
    """The score of the probe on all features, by concept: fitted on the first part, scored on the second.

    Args:
      features: of both parts.
      kinds: of the concepts.
      select, confirm: their targets ``[N, C]``, of ``targets_at``.
    """
    factor = cho_factor(features.gram_FF)
    found = []
    for kind, y, y_confirm in zip(kinds, select, confirm, strict=True):
        weights_FC = cho_solve(factor, _against(features, y))
        found.append(_score(kind, features.confirm_NF @ weights_FC.astype(np.float32) + y.mean(axis=0), y_confirm))
    return found


def fewest(
    features: Features, kind: str, select_NC: np.ndarray, confirm_NC: np.ndarray, of_all: float
) -> tuple[int, float]:
    """The smallest number of features, of ``FEW``, with which a probe is nearly as good as with all.

    Returns:
      The number and the score; all features and theirs, where none of ``FEW`` is enough.
    """
    xy_FC = _against(features, select_NC)
    chance = 0.5 if kind == "binary" else 0.0
    order = _order(features.gram_FF, xy_FC, len(select_NC))
    for k in FEW:
        if k > len(order):
            break
        some = np.array(order[:k])
        weights = cho_solve(cho_factor(features.gram_FF[np.ix_(some, some)]), xy_FC[some])
        predicted = features.confirm_NF[:, some] @ weights + select_NC.mean(axis=0)
        score = _score(kind, predicted, confirm_NC)
        if score - chance >= NEARLY * (of_all - chance):
            return k, score
    return len(features.gram_FF), of_all


def _order(gram_FF: np.ndarray, xy_FC: np.ndarray, N: int) -> list[int]:
    """Features as they enter the lasso's path; with several targets, by the step at which one lets them in."""
    steps: dict[int, int] = {}
    for xy_F in xy_FC.T:
        if not np.any(np.abs(xy_F) > 1e-9):
            continue
        with warnings.catch_warnings():
            # It stops early where features are alike: the path up to there is what we want.
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, _, path_FS = lars_path_gram(xy_F, gram_FF, n_samples=N, max_iter=max(FEW), method="lasso")
        entered = np.argmax(path_FS != 0, axis=1)
        for feature in np.flatnonzero(entered):
            steps[int(feature)] = min(int(entered[feature]), steps.get(int(feature), len(gram_FF)))
    return sorted(steps, key=lambda feature: (steps[feature], feature))


def _against(features: Features, y_NC: np.ndarray) -> np.ndarray:
    return (features.select_NF.T @ (y_NC - y_NC.mean(axis=0)) / len(y_NC)).astype(np.float64)


def _score(kind: str, predicted_NC: np.ndarray, y_NC: np.ndarray) -> float:
    if kind == "binary":
        return scores.auc_of_values(predicted_NC[:, 0], y_NC[:, 0] > 0.5)
    if kind == "count":
        y_N = y_NC[:, 0].astype(np.float64)
        squares = float(np.sum((y_N - y_N.mean()) ** 2))
        return 1 - float(np.sum((y_N - predicted_NC[:, 0]) ** 2)) / squares if squares > 0 else 0.0
    C = y_NC.shape[1]
    pairs = np.bincount(predicted_NC.argmax(axis=1) * C + y_NC.argmax(axis=1), minlength=C * C)
    return float(scores.mutual_information(pairs.reshape(1, C, C).astype(np.float64))[0])
