"""How answers are scored: classes by cross-entropy, numbers by squared error.

What is not asked for is a negative class, or nan. A sequence that is asked nothing
fills up a batch: all its numerators and denominators are 0. An answer that is not a
number is wrong.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.tasks.interface import Answer
from rnn_research.types import Array

Sums = dict[str, tuple[Array, Array]]
"""``{name: (numerator_B, denominator_B)}``."""


def nats_of(logits: Array, targets: Array) -> tuple[Array, Array, Array]:
    """Negative log-likelihood, whether asked, and whether right, of every class ``[...]`` by ``logits [..., K]``."""
    asked = targets >= 0
    log_probability = jax.nn.log_softmax(logits)
    chosen = jnp.take_along_axis(log_probability, jnp.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    right = (jnp.argmax(logits, axis=-1) == targets) & asked & ~jnp.isnan(chosen)
    return jnp.where(asked, -chosen, 0), asked, right


def errors_of(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """How far off each number is (0 where it is not asked), and whether it is asked."""
    asked = ~jnp.isnan(targets)
    return jnp.where(asked, outputs - jnp.where(asked, targets, 0), 0), asked


def counts(answer: Answer, targets: Array, over: tuple[int, ...]) -> Array:
    """How many answers each example is asked for, summed over these axes: the loss's denominator, ``[B]``."""
    asked = ~jnp.isnan(targets) if answer.kind == "numbers" else targets >= 0
    return jnp.sum(asked, axis=_all(over, answer))


def sums(answer: Answer, outputs: Array, targets: Array, over: tuple[int, ...]) -> Sums:
    """What a split is scored by; the first is what is minimised.

    Args:
      answer: its kind.
      outputs: logits or numbers, ``[..., K]``.
      targets: what was asked, ``[...]`` or ``[..., K]``.
      over: the axes that are no examples: time, where there is one.
    """
    axes = _all(over, answer)
    if answer.kind == "numbers":
        error, asked = errors_of(outputs, targets)
        wrong = ~jnp.all(jnp.abs(error) < answer.tolerance, axis=axes)
        found = {"squared_error": (jnp.sum(error**2, axis=axes), jnp.sum(asked, axis=axes))}
    else:
        nats, asked, right = nats_of(outputs, targets)
        wrong = jnp.any(asked & ~right, axis=axes)
        asked_B = jnp.sum(asked, axis=axes)
        found = {"nats": (jnp.sum(nats, axis=axes), asked_B), "right": (jnp.sum(right, axis=axes), asked_B)}
        if answer.kind == "symbols":
            return found
    sequences_B = jnp.any(asked, axis=axes).astype(jnp.int32)
    return {**found, "wrong_sequences": (wrong.astype(jnp.int32), sequences_B)}


def each(answer: Answer, outputs: Array, targets: Array) -> Array:
    """What each answer costs, ``[...]``: nats, or squared error over all its numbers; 0 where it is not asked."""
    if answer.kind == "numbers":
        return jnp.sum(errors_of(outputs, targets)[0] ** 2, axis=-1)
    return nats_of(outputs, targets)[0]


def minimised(answer: Answer) -> str:
    """The name of the sum that is the loss."""
    return "squared_error" if answer.kind == "numbers" else "nats"


def objective_of(answer: Answer) -> tuple[str, str]:
    """The figure that validation wants least, and the sum that it is the ratio of."""
    if answer.kind == "numbers":
        return "mean_squared_error", "squared_error"
    return ("sequence_error", "wrong_sequences") if answer.whole else ("nats_per_answer", "nats")


def figures(answer: Answer, totals: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Headline figures from the sums of a whole split."""
    mean = {name: numerator / max(1.0, denominator) for name, (numerator, denominator) in totals.items()}
    scores = (
        {"mean_squared_error": mean["squared_error"]}
        if answer.kind == "numbers"
        else {"nats_per_answer": mean["nats"], "accuracy": mean["right"]}
    )
    return {
        **scores,
        "sequence_error": mean["wrong_sequences"],
        "sequences": int(totals["wrong_sequences"][1]),
    }


def _all(over: tuple[int, ...], answer: Answer) -> tuple[int, ...]:
    """The axes that are summed over; several numbers are one answer's."""
    return (*over, -1) if answer.kind == "numbers" else over
