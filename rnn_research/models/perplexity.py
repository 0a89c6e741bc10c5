"""What the symbols of a text cost a language model: nats a symbol, bits a byte, perplexity, and what limits each."""

import math
from collections.abc import Mapping
from typing import Any

from rnn_research.errors import counted
from rnn_research.tasks.text.coverage import Coverage

MOST_NATS = 709.0
"""Above it ``exp`` is not finite."""
MOSTLY = 0.5
"""The share of ``<unk>`` among words above which a perplexity is not given."""


def perplexity(nats: float) -> float:
    """``exp(nats)``; infinite where that is more than a float holds."""
    return math.exp(nats) if nats < MOST_NATS else math.inf


def figures_of_text(totals: Mapping[str, tuple[float, float]], covered: Coverage) -> dict[str, float]:
    """Headline figures from the sums of a whole split; a figure that would mean nothing is left out.

    ``bits_per_byte`` is of every byte of the text behind its first symbol. Where
    symbols are not in the vocabulary they are not coded, and it is called
    ``bits_per_coded_byte``: both sums are over the others. Words have neither. The
    ``perplexity`` of words is left out where most of them are ``<unk>``, which is
    easy to guess and says nothing, and any that is more than a float holds.
    """
    nats, tokens = totals["nats"]
    mean = nats / max(1.0, tokens)
    figures = {"nats_per_token": mean}
    if covered.bytes_per_token is not None:
        name = "bits_per_coded_byte" if covered.uncoded_symbols else "bits_per_byte"
        figures[name] = mean / math.log(2) / covered.bytes_per_token
    if covered.unknown_share <= MOSTLY and mean < MOST_NATS:
        figures["perplexity"] = perplexity(mean)
    figures |= {"accuracy": totals["right"][0] / max(1.0, tokens), "tokens": int(tokens)}
    if covered.uncoded_symbols:
        shares = {"uncoded_symbols": covered.uncoded_symbols, "uncoded_symbols_share": covered.uncoded_share}
        figures |= shares
    if covered.unknown_share:
        figures["unknown_share"] = covered.unknown_share
    return figures


def limits_of(figures: Mapping[str, Any], split: str = "") -> list[str]:
    """What a reader must know of the figures of a text, in sentences; none where they are of all of it.

    Args:
      figures: from ``figures_of_text``, or all of a run's.
      split: whose they are, where their names begin with it.
    """
    prefix = f"{split}_" if split else ""
    sentences = []
    if uncoded := figures.get(f"{prefix}uncoded_symbols"):
        be, share = "is" if uncoded == 1 else "are", figures[f"{prefix}uncoded_symbols_share"]
        sentences.append(
            f"{counted(uncoded, 'symbol')} ({share:.2%}) {be} outside the vocabulary "
            f"and {be} not coded: every figure is of the others"
        )
    if unknown := figures.get(f"{prefix}unknown_share"):
        sentences.append(
            f"{unknown:.2%} of the symbols that are scored are <unk>, whose spelling is not coded"
            + (": they are most of the text, and a perplexity is not given" if unknown > MOSTLY else "")
        )
    return sentences
