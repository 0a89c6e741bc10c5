"""How answers are scored: at the last step or at every step, by class or by number.

An objective's targets carry what is not asked as a negative class, or as nan. A
sequence that is asked nothing fills up a batch, and is no sequence of any sum. An
answer that is not a number is wrong.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.types import Array


class Objective(NamedTuple):
    """A loss, and how a split is scored.

    Attributes:
      loss: ``(outputs [T, B, K], targets) -> scalar`` to be minimised.
      score: ``(outputs, targets) -> {name: [B] sums}``, added up over a split.
      summary: ``({name: [...] sums}, split) -> {name_with_unit: value}``, the headline figures.
      name: the figure of ``summary`` that validation wants least.
      ratio: the two sums that it is the ratio of.
    """

    loss: Callable[[Array, Any], Array]
    score: Callable[[Array, Any], dict[str, Array]]
    summary: Callable[[Mapping[str, Any], str], dict[str, float]]
    name: str
    ratio: tuple[str, str]


def classes(outputs_TBK: Array, targets_TB: Array) -> tuple[Array, Array, Array]:
    """Negative log-likelihood, whether asked, and whether right, ``[T, B]`` each."""
    asked_TB = targets_TB >= 0
    log_probability = jax.nn.log_softmax(outputs_TBK)
    chosen_TB = jnp.take_along_axis(log_probability, jnp.maximum(targets_TB, 0)[..., None], axis=-1)[..., 0]
    right_TB = (jnp.argmax(outputs_TBK, axis=-1) == targets_TB) & asked_TB & ~jnp.isnan(chosen_TB)
    return jnp.where(asked_TB, -chosen_TB, 0), asked_TB, right_TB


def class_objective(whole: bool = False) -> Objective:
    """Cross-entropy at every step that asks for a class (targets ``[T, B]``, negative elsewhere).

    Args:
      whole: a sequence is wrong if any of its answers is (else each answer counts).
    """

    def loss(outputs_TBK: Array, targets_TB: Array) -> Array:
        nats_TB, asked_TB, _ = classes(outputs_TBK, targets_TB)
        return jnp.sum(nats_TB) / jnp.maximum(1, jnp.sum(asked_TB))

    def score(outputs_TBK: Array, targets_TB: Array) -> dict[str, Array]:
        nats_TB, asked_TB, right_TB = classes(outputs_TBK, targets_TB)
        wrong_B = jnp.any(asked_TB & ~right_TB, axis=0)
        return {
            "nats": jnp.sum(nats_TB, axis=0),
            "answers": jnp.sum(asked_TB, axis=0),
            "right": jnp.sum(right_TB, axis=0),
            "sequences": jnp.any(asked_TB, axis=0).astype(jnp.int32),
            "wrong_sequences": wrong_B.astype(jnp.int32),
        }

    def summary(sums: Mapping[str, Any], split: str) -> dict[str, float]:
        total = totals(sums)
        return {
            "nats_per_answer": total["nats"] / max(1.0, total["answers"]),
            "accuracy": total["right"] / max(1.0, total["answers"]),
            "sequence_error": total["wrong_sequences"] / max(1.0, total["sequences"]),
            "sequences": int(total["sequences"]),
        }

    if whole:
        return Objective(loss, score, summary, "sequence_error", ("wrong_sequences", "sequences"))
    return Objective(loss, score, summary, "nats_per_answer", ("nats", "answers"))


def number_objective(tolerance: float) -> Objective:
    """Mean squared error at every step that asks for numbers (targets ``[T, B, K]``, nan elsewhere).

    Args:
      tolerance: a sequence is right if no answer is further off than this.
    """

    def errors(outputs_TBK: Array, targets_TBK: Array) -> tuple[Array, Array]:
        asked_TBK = ~jnp.isnan(targets_TBK)
        return jnp.where(asked_TBK, outputs_TBK - jnp.where(asked_TBK, targets_TBK, 0), 0), asked_TBK

    def loss(outputs_TBK: Array, targets_TBK: Array) -> Array:
        error_TBK, asked_TBK = errors(outputs_TBK, targets_TBK)
        return jnp.sum(error_TBK**2) / jnp.maximum(1, jnp.sum(asked_TBK))

    def score(outputs_TBK: Array, targets_TBK: Array) -> dict[str, Array]:
        error_TBK, asked_TBK = errors(outputs_TBK, targets_TBK)
        wrong_B = ~jnp.all(jnp.abs(error_TBK) < tolerance, axis=(0, 2))
        return {
            "squared_error": jnp.sum(error_TBK**2, axis=(0, 2)),
            "answers": jnp.sum(asked_TBK, axis=(0, 2)),
            "sequences": jnp.any(asked_TBK, axis=(0, 2)).astype(jnp.int32),
            "wrong_sequences": wrong_B.astype(jnp.int32),
        }

    def summary(sums: Mapping[str, Any], split: str) -> dict[str, float]:
        total = totals(sums)
        return {
            "mean_squared_error": total["squared_error"] / max(1.0, total["answers"]),
            "sequence_error": total["wrong_sequences"] / max(1.0, total["sequences"]),
            "sequences": int(total["sequences"]),
        }

    return Objective(loss, score, summary, "mean_squared_error", ("squared_error", "answers"))


def totals(sums: Mapping[str, Any]) -> dict[str, float]:
    """Each sum over the whole split, added in float64 on the host."""
    return {name: float(np.sum(np.asarray(values, np.float64))) for name, values in sums.items()}


def perplexity(nats: float) -> float:
    """``exp(nats)``, finite however bad the model."""
    return math.exp(min(nats, 700.0))
