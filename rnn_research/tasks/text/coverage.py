"""How much of a text its symbols stand for, and what counting them alone says of it.

Not every symbol is coded: what the vocabulary lacks has no probability, and an ``<unk>`` does not say which word it
stands for. ``Coverage`` says how much of a text the figures of a model are of.
"""

from typing import NamedTuple

import numpy as np

from rnn_research.tasks.text.vocabulary import Vocabulary


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


def entropy(counts: np.ndarray) -> float:
    """Of the distribution that the counts give, in nats."""
    p = counts[counts > 0] / counts.sum()
    return float(-np.sum(p * np.log(p))) + 0.0  # no negative zero
