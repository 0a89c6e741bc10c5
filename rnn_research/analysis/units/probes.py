"""Linear probes: what all units together tell of a concept, how few cells tell as much, and what pairs tell.

Ridge regression on standardised features, by one Gram matrix for all concepts; classes are
regressed one against the rest and the largest wins. The order in which cells enter the path of
the lasso (least angle regression, Efron et al. 2004) with their first unit proposes the few. No weighted sum of two
units tells their exclusive-or: a second probe also reads products of two.

Everything is fitted on the first part of a text and predicted on the second, ``[N, C]``.
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path_gram

from rnn_research.analysis.units.held_out import held

RIDGE = 1e-3
"""Of the features' variance."""
NEARLY = 0.95
"""The share of the all-units probe's gain over chance that the few must reach."""
FEW = (1, 2, 3, 4, 5, 8, 12, 16, 24, 32)
"""How many cells are tried."""
STEPS = 2 * max(FEW)
"""Of the lasso's path: a cell may enter with its h and its c before the next one does."""
PAIRS = 32
"""Products of two that a probe reads."""
PAIR_SAMPLE = 8192
"""Positions from which they are chosen."""


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


def predictions(features: Features, select: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The probe on all features, by concept: fitted to targets ``[N, C]`` of ``targets_at`` on the first part."""
    factor = cho_factor(features.gram_FF)
    found = []
    for y_NC in select:
        weights_FC = cho_solve(factor, _against(features, y_NC)).astype(np.float32)
        found.append(features.confirm_NF @ weights_FC + y_NC.mean(axis=0))
    return found


class Few(NamedTuple):
    """The fewest cells with which a probe is nearly as good as with all.

    Attributes:
      cells: their numbers, in the order in which they entered.
      predicted_NC: of the probe on all their features.
    """

    cells: tuple[int, ...]
    predicted_NC: np.ndarray


def fewest(
    features: Features, cell_F: np.ndarray, kinds: Sequence[str], select: Sequence[np.ndarray]
) -> list[Few | None]:
    """By concept the smallest number of cells, of ``FEW``, that is enough; None where none of ``FEW`` is.

    A probe on some cells reads all features that they have. How many is settled within the first part: fitted on
    its first half, tried on its second.

    Args:
      features: of both parts.
      cell_F: the number of the cell that each feature belongs to.
      kinds: of the concepts.
      select: their targets ``[N, C]`` on the first part.
    """
    middle = len(features.select_NF) // 2
    inner = features_of(features.select_NF[:middle], features.select_NF[middle:])
    of_all = predictions(inner, [y_NC[:middle] for y_NC in select])
    block_N = np.zeros(len(inner.confirm_NF), np.int64)
    found: list[Few | None] = []
    for kind, y_NC, all_NC in zip(kinds, select, of_all, strict=True):

        def gain(predicted_NC: np.ndarray, kind: str = kind, y_NC: np.ndarray = y_NC[middle:]) -> float:
            return held(kind, decided(kind, predicted_NC), y_NC, block_N).gain

        order = _order(inner.gram_FF, _against(inner, y_NC[:middle]), middle)
        cells = list(dict.fromkeys(cell_F[order].tolist()))
        enough, few = NEARLY * gain(all_NC), None
        for k in (k for k in FEW if k <= len(cells)):
            chosen = np.flatnonzero(np.isin(cell_F, cells[:k]))
            if gain(_on(inner, chosen, y_NC[:middle])) >= enough:
                few = Few(tuple(cells[:k]), _on(features, chosen, y_NC))
                break
        found.append(few)
    return found


class Pairs(NamedTuple):
    """The probe that also reads products of two features.

    Attributes:
      best: the two whose product goes along best with the label.
      predicted_NC: of the probe.
    """

    best: tuple[int, int]
    predicted_NC: np.ndarray


def pairs(features: Features, of_all_F1: np.ndarray, y_N1: np.ndarray, among: np.ndarray) -> Pairs:
    """Fits the label to all features' own probe and the ``PAIRS`` products that covary most with it.

    Args:
      features: of both parts.
      of_all_F1: the weights of the probe on all features, of ``weights``.
      y_N1: a label's one column on the first part.
      among: the features that are multiplied.
    """
    every = -(-len(y_N1) // PAIR_SAMPLE)
    some_NA = features.select_NF[::every][:, among]
    y_N = (y_N1[::every] - y_N1[::every].mean()).astype(np.float32)[:, 0]
    square_NA = some_NA**2
    # The covariance of y with a product, over the product's own size.
    covariance_AA = some_NA.T @ (some_NA * y_N[:, None]) / len(y_N)
    size_AA = np.sqrt(square_NA.T @ square_NA / len(y_N))
    strength_AA = np.triu(np.abs(covariance_AA) / np.maximum(size_AA, 1e-6), k=1)
    order = np.argsort(strength_AA, axis=None)[::-1][:PAIRS]
    first_P, second_P = among[order // len(among)], among[order % len(among)]

    def extended(x_NF: np.ndarray) -> np.ndarray:
        return np.concatenate([x_NF @ of_all_F1, x_NF[:, first_P] * x_NF[:, second_P]], axis=1)

    both = features_of(extended(features.select_NF), extended(features.confirm_NF))
    (predicted_NC,) = predictions(both, [y_N1])
    return Pairs((int(first_P[0]), int(second_P[0])), predicted_NC)


def weights(features: Features, y_NC: np.ndarray) -> np.ndarray:
    """Of the probe on all features, ``float32 [F, C]``."""
    return np.asarray(cho_solve(cho_factor(features.gram_FF), _against(features, y_NC)), np.float32)


def decided(kind: str, predicted_NC: np.ndarray) -> np.ndarray:
    """What ``held`` scores: a probe's one column, or the likeliest class."""
    return predicted_NC.argmax(axis=1) if kind == "categorical" else predicted_NC[:, 0]


def _on(features: Features, some: np.ndarray, y_NC: np.ndarray) -> np.ndarray:
    xy_FC = (features.select_NF[:, some].T @ (y_NC - y_NC.mean(axis=0)) / len(y_NC)).astype(np.float64)
    fitted = cho_solve(cho_factor(features.gram_FF[np.ix_(some, some)]), xy_FC)
    return np.asarray(features.confirm_NF[:, some] @ fitted + y_NC.mean(axis=0))


def _order(gram_FF: np.ndarray, xy_FC: np.ndarray, N: int) -> list[int]:
    """Features as they enter the lasso's path; with several targets, by the step at which one lets them in."""
    steps: dict[int, int] = {}
    for xy_F in xy_FC.T:
        if not np.any(np.abs(xy_F) > 1e-9):
            continue
        with warnings.catch_warnings():
            # It stops early where features are alike: the path up to there is what we want.
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, _, path_FS = lars_path_gram(xy_F, gram_FF, n_samples=N, max_iter=STEPS, method="lasso")
        entered = np.argmax(path_FS != 0, axis=1)
        for feature in np.flatnonzero(entered):
            steps[int(feature)] = min(int(entered[feature]), steps.get(int(feature), len(gram_FF)))
    return sorted(steps, key=lambda feature: (steps[feature], feature))


def _against(features: Features, y_NC: np.ndarray) -> np.ndarray:
    return (features.select_NF.T @ (y_NC - y_NC.mean(axis=0)) / len(y_NC)).astype(np.float64)
