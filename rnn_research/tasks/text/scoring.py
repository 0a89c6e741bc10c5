"""What the symbols of a text cost a network, and which figures that gives.

Not every symbol is coded: what the vocabulary lacks has no probability, and an ``<unk>`` does not say which word it
stands for. ``Coverage`` says how much of a text its figures are of.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from rnn_research.tasks.objectives import classes, perplexity, totals
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.types import Array

MOSTLY = 0.5
"""The share of ``<unk>`` among words above which a perplexity is not given."""


class Coverage(NamedTuple):
    """How much of a text its symbols stand for.

    Attributes:
      symbols: of the text.
      bytes_per_token: of text, in the mean over the symbols that are scored; None where they do not give back the text.
      uncoded_symbols: that are scored nowhere, being outside the vocabulary.
      unknown_share: of ``<unk>`` among the symbols that are scored.
    """

    symbols: int
    bytes_per_token: float | None
    uncoded_symbols: int = 0
    unknown_share: float = 0.0

    @property
    def uncoded_share(self) -> float:
        """Of all symbols behind the first."""
        return self.uncoded_symbols / max(1, self.symbols - 1)


def coverage(tokens: np.ndarray, words: Vocabulary) -> Coverage:
    """Of a text, whose first symbol is read and not scored."""
    targets = tokens[1:]
    known = targets[targets >= 0]
    sizes = words.sizes()
    per_token = None if sizes is None or not len(known) else float(sizes[known].mean())
    unknown = words.outside(known) / max(1, len(known))
    return Coverage(len(tokens), per_token, len(targets) - len(known), unknown)


def nats(logits_TBV: Array, targets_TB: Array) -> tuple[Array, Array]:
    """Negative log-likelihood of each target, and whether it counts (symbols outside do not)."""
    nats_TB, scored_TB, _ = classes(logits_TBV, targets_TB)
    return nats_TB, scored_TB


def cross_entropy(logits_TBV: Array, targets_TB: Array) -> Array:
    """Mean negative log-likelihood, in nats per symbol."""
    nats_TB, scored_TB = nats(logits_TBV, targets_TB)
    return jnp.sum(nats_TB) / jnp.maximum(1, jnp.sum(scored_TB))


def score(logits_TBV: Array, targets_TB: Array) -> dict[str, Array]:
    """Sums over time, ``[B]`` each: nats, symbols scored, and symbols guessed right."""
    nats_TB, scored_TB, right_TB = classes(logits_TBV, targets_TB)
    return {
        "nats": jnp.sum(nats_TB, axis=0),
        "tokens": jnp.sum(scored_TB, axis=0),
        "right": jnp.sum(right_TB, axis=0),
    }


def summary(sums: Mapping[str, Any], covered: Coverage) -> dict[str, float]:
    """Headline figures from the sums of a split; a figure that would mean nothing is left out.

    ``bits_per_byte`` is of every byte of the text behind its first symbol. Where
    symbols are not in the vocabulary they are not coded, and it is called
    ``bits_per_coded_byte``: both sums are over the others. Words have neither. The
    ``perplexity`` of words is left out where most of them are ``<unk>``, which is
    easy to guess and says nothing.
    """
    total = totals(sums)
    tokens = max(1.0, total["tokens"])
    mean = total["nats"] / tokens
    figures = {"nats_per_token": mean}
    if covered.bytes_per_token is not None:
        name = "bits_per_coded_byte" if covered.uncoded_symbols else "bits_per_byte"
        figures[name] = mean / math.log(2) / covered.bytes_per_token
    if covered.unknown_share <= MOSTLY:
        figures["perplexity"] = perplexity(mean)
    figures |= {"accuracy": total["right"] / tokens, "tokens": int(total["tokens"])}
    if covered.uncoded_symbols:
        shares = {"uncoded_symbols": covered.uncoded_symbols, "uncoded_symbols_share": covered.uncoded_share}
        figures |= shares
    if covered.unknown_share:
        figures["unknown_share"] = covered.unknown_share
    return figures


def limits_of(figures: Mapping[str, Any], split: str = "") -> list[str]:
    """What a reader must know of the figures of a text, in sentences; none where they are of all of it.

    Args:
      figures: from ``summary``, or all of a run's.
      split: whose they are, where their names begin with it.
    """
    prefix = f"{split}_" if split else ""
    sentences = []
    if uncoded := figures.get(f"{prefix}uncoded_symbols"):
        sentences.append(
            f"{uncoded:,} symbols ({figures[f'{prefix}uncoded_symbols_share']:.2%}) are outside the vocabulary and are "
            "not coded: every figure is of the others"
        )
    if unknown := figures.get(f"{prefix}unknown_share"):
        sentences.append(
            f"{unknown:.2%} of the symbols that are scored are <unk>, whose spelling is not coded"
            + (": they are most of the text, and a perplexity is not given" if unknown > MOSTLY else "")
        )
    return sentences


def entropy(counts: np.ndarray) -> float:
    """Of the distribution that the counts give, in nats."""
    p = counts[counts > 0] / counts.sum()
    return float(-np.sum(p * np.log(p)))
