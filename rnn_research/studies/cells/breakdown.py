"""What a network's errors are, and how long it remembers an opening bracket, beside n-gram models.

After Karpathy, Johnson and Li 2015 (arXiv:1506.02078), sections 4.3 and 4.4.
"""

from typing import Any

import numpy as np

from rnn_research.analysis.closing import closing_by_distance
from rnn_research.analysis.error_breakdown import count_words, error_breakdown
from rnn_research.errors import UserError
from rnn_research.models import ngram

PAIRS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"), (b'"', b'"'))
ORACLES = 9
"""Characters of context of the longest n-gram oracle, as in the paper."""
DISTANCES = (1, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000)


def breakdown(p_N: np.ndarray, text: bytes, training: bytes, *, order: int = 10) -> dict[str, Any]:
    """Takes a network's errors apart.

    Args:
      p_N: the network's probability of every byte of the text, given those before it.
      text: N bytes that it was not trained on.
      training: what it was trained on: counted for the n-gram models and the rare words.
      order: symbols of the longest n-gram, 2 or more, for the losses and the closing symbols; the oracles use
        ``ORACLES`` at most. Memory and time grow with it: see ``ngram.fit``.

    Returns:
      Ready for JSON: ``characters`` and ``errors`` (probability below 0.5); ``removed``, by oracle and
      setting in the paper's order, with ``errors``, their ``share`` of all, and how many are ``left``; ``left``,
      what only a better distribution would mend: the share before the boost; ``closing``, the mean
      probability of a closing bracket or quote where it stands, by distance, of the network and
      of the longest n-gram; ``losses``, in nats per byte.

    Raises:
      UserError: for an order below 2, or an empty text.
      ValueError: if the probabilities do not fit the text.
    """
    if order < 2:
        raise UserError(f"order={order} must be 2 or more symbols: one of context and the next")
    if not text:
        raise UserError("--text is empty: give a longer one")
    p_N = np.asarray(p_N, np.float64)
    model = ngram.fit(np.frombuffer(training, np.uint8), 256, order)
    p_ON = np.exp(ngram.log_probability(model, np.frombuffer(text, np.uint8)))
    found = error_breakdown(p_N, text, p_ON[1 : ORACLES + 1], count_words(training))
    before_boost = found.errors - sum(part.errors for part in found.removed if part.oracle != "boost")
    return {
        "characters": found.characters,
        "errors": found.errors,
        "removed": [part._asdict() for part in found.removed],
        "by_oracle": {
            name: {"errors": part.errors, "share": part.share, "left": part.left}
            for name, part in found.by_oracle().items()
        },
        "left": {"errors": before_boost, "share": before_boost / max(found.errors, 1)},
        "losses": {"network": _loss(p_N), **{f"{n}-gram": _loss(p_n) for n, p_n in enumerate(p_ON, 1)}},
        "closing": [_closing(p_N, p_ON[-1], text, *pair) for pair in PAIRS],
    }


def _loss(p_N: np.ndarray) -> float:
    return float(-np.mean(np.log(np.maximum(p_N, np.finfo(np.float64).tiny))))


def _closing(p_N: np.ndarray, p_ngram_N: np.ndarray, text: bytes, opening: bytes, closing: bytes) -> dict[str, Any]:
    network, counted = (closing_by_distance(p, text, opening, closing, DISTANCES) for p in (p_N, p_ngram_N))
    return {
        "opening": opening.decode(),
        "closing": closing.decode(),
        "bins": [
            {
                "nearest": int(network.nearest[d]),
                "farthest": int(network.farthest[d]),
                "closings": int(n),
                "network": float(network.mean[d]) if n else None,
                "ngram": float(counted.mean[d]) if n else None,
            }
            for d, n in enumerate(network.closings)
        ],
    }
