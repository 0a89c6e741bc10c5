"""How well units follow concepts, from tables of sums by bin; bins stand for activations, in rank and in value.

Every function takes all units at once and gives one number a unit. A score that does not exist
(one class alone, a unit that stands still) is that of a unit that knows nothing.
"""

from typing import Any

import numpy as np
from scipy.stats import rankdata


def auc(positive_UK: np.ndarray, negative_UK: np.ndarray) -> np.ndarray:
    """The chance that a positive's activation is above a negative's, ties half; 1/2 for no concept at all."""
    below_UK = np.cumsum(negative_UK, axis=1) - negative_UK / 2
    pairs_U = positive_UK.sum(axis=1) * negative_UK.sum(axis=1)
    won_U = np.sum(positive_UK * below_UK, axis=1)
    return np.divide(won_U, pairs_U, out=np.full(len(pairs_U), 0.5), where=pairs_U > 0)


def mcc(positive_UK: np.ndarray, negative_UK: np.ndarray) -> np.ndarray:
    """Matthews correlation of "the bin is k or above" with the concept, ``[U, K]``; 0 where it does not exist."""
    P, N = positive_UK.sum(axis=1, keepdims=True), negative_UK.sum(axis=1, keepdims=True)
    tp, fp = (np.cumsum(side[:, ::-1], axis=1)[:, ::-1] for side in (positive_UK, negative_UK))
    product = (tp + fp) * P * N * (P + N - tp - fp)
    return np.divide(tp * N - fp * P, np.sqrt(product), out=np.zeros(tp.shape), where=product > 0)


def correlation(
    n_UK: np.ndarray, sum_UK: np.ndarray, mean_y: float, variance_y: float, *, ranks: bool = False
) -> np.ndarray:
    """Pearson's r of the bin and the label; of a binary label that is the point-biserial one.

    Args:
      n_UK: positions by bin.
      sum_UK: the sum of labels by bin.
      mean_y, variance_y: of the label over all positions.
      ranks: take the middle rank of a bin's positions in place of its number: with
        labels that are ranks, Spearman's.
    """
    total_U = n_UK.sum(axis=1)
    a_UK = np.cumsum(n_UK, axis=1) - n_UK / 2 if ranks else np.arange(n_UK.shape[1])[None, :]
    mean_U, variance_U = _moments(n_UK, a_UK)
    covariance_U = np.sum((a_UK - mean_U[:, None]) * (sum_UK - n_UK * mean_y), axis=1) / np.maximum(total_U, 1)
    product_U = variance_U * variance_y
    return np.divide(covariance_U, np.sqrt(product_U), out=np.zeros(len(total_U)), where=product_U > 1e-24)


def line(n_UK: np.ndarray, sum_UK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset of the straight line from bin to label with the least squared error, ``[U]`` each."""
    total_U = np.maximum(n_UK.sum(axis=1), 1)
    k = np.arange(n_UK.shape[1])[None, :]
    mean_U, variance_U = _moments(n_UK, k)
    mean_y_U = sum_UK.sum(axis=1) / total_U
    covariance_U = np.sum((k - mean_U[:, None]) * sum_UK, axis=1) / total_U
    slope_U = np.divide(covariance_U, variance_U, out=np.zeros(len(total_U)), where=variance_U > 1e-12)
    return slope_U, mean_y_U - slope_U * mean_U


def r2(
    n_UK: np.ndarray,
    sum_UK: np.ndarray,
    slope_U: np.ndarray,
    offset_U: np.ndarray,
    mean_y: float,
    variance_y: float,
) -> np.ndarray:
    """1 - squared error of a line / that of the mean, as a line fitted elsewhere does here; may be below zero."""
    total_U = np.maximum(n_UK.sum(axis=1), 1)
    fit_UK = slope_U[:, None] * np.arange(n_UK.shape[1])[None, :] + offset_U[:, None] - mean_y
    # sum (y - fit)^2 = sum y^2 - 2 sum y fit + sum fit^2, all about the mean
    explained_U = np.sum(2 * fit_UK * (sum_UK - n_UK * mean_y) - n_UK * fit_UK**2, axis=1) / total_U
    return explained_U / variance_y if variance_y > 0 else np.zeros(len(total_U))


def mutual_information(count_UKC: np.ndarray) -> np.ndarray:
    """Mutual information of bin and class in nats, with the bias correction of Miller (1955) and Madow.

    I + (bins + classes - cells - 1) / 2N over those that are not empty; not below zero.
    """
    total_U = np.maximum(count_UKC.sum(axis=(1, 2)), 1)
    by_bin_UK, by_class_UC = count_UKC.sum(axis=2), count_UKC.sum(axis=1)
    plain_U = (_n_log_n(count_UKC, (1, 2)) - _n_log_n(by_bin_UK, 1) - _n_log_n(by_class_UC, 1)) / total_U
    plain_U += np.log(total_U)
    used = [np.count_nonzero(by_bin_UK, 1), np.count_nonzero(by_class_UC, 1), np.count_nonzero(count_UKC, (1, 2))]
    return np.maximum(plain_U + (used[0] + used[1] - used[2] - 1) / (2 * total_U), 0)


def entropy(count_C: np.ndarray) -> float:
    """Of a distribution given by counts, in nats."""
    total = max(1.0, float(count_C.sum()))
    return float(np.log(total) - _n_log_n(count_C, 0) / total)


def auc_of_values(value_N: np.ndarray, positive_N: np.ndarray) -> float:
    """The same as ``auc``, from the values themselves."""
    P = int(np.count_nonzero(positive_N))
    N = len(positive_N) - P
    if not P or not N:
        return 0.5
    return float((rankdata(value_N)[positive_N].sum() - P * (P + 1) / 2) / (P * N))


def _moments(n_UK: np.ndarray, a_UK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total_U = np.maximum(n_UK.sum(axis=1), 1)
    mean_U = np.sum(n_UK * a_UK, axis=1) / total_U
    return mean_U, np.sum(n_UK * (a_UK - mean_U[:, None]) ** 2, axis=1) / total_U


def _n_log_n(count: np.ndarray, axis: int | tuple[int, ...]) -> Any:
    return np.sum(count * np.log(np.maximum(count, 1)), axis=axis)
