"""How late units follow a concept: the lag at which the best unit goes along with the labels best."""

from collections.abc import Sequence

import numpy as np

from rnn_research.analysis.units import rotations
from rnn_research.concepts import Concept

MOST = 10
"""Lags that are tried, in symbols."""
WORTH = 0.05
"""By how much a lag must raise the best unit's rank correlation to be told from none."""


def delays(codes_NU: np.ndarray, positions_N: np.ndarray, concepts: Sequence[Concept], most: int = MOST) -> list[int]:
    """The lag of each concept, 0 unless a later label is followed clearly better.

    0 also of a categorical one, and of one that looks ahead: late, it would be told by what has been read.

    Args:
      codes_NU: bins of the units' activations at some positions, of the part of the text that chooses.
      positions_N: those positions, each of them ``most`` or more.
      concepts: with labels of that part.
    """
    rank_NU = rotations.ranks(codes_NU)
    found = []
    for concept in concepts:
        if concept.kind == "categorical" or concept.ahead or len(positions_N) == 0:
            found.append(0)
            continue
        late_NL = np.stack([concept.labels_N[positions_N - lag] for lag in range(most + 1)], axis=1)
        late_NL = rotations.ranked(late_NL).astype(np.float32)
        best_L = np.abs(
            np.stack([rotations.standard(late_N1).T @ rank_NU for late_N1 in np.split(late_NL, most + 1, 1)])
        )
        best_L = best_L.max(axis=(1, 2)) / len(positions_N)
        lag = int(np.argmax(best_L))
        found.append(lag if best_L[lag] >= best_L[0] + WORTH else 0)
    return found


def delayed(concept: Concept, lag: int) -> Concept:
    """The concept as one who is ``lag`` symbols late knows it; before the text it is as at its first symbol."""
    labels_N = concept.labels_N
    if not lag:
        return concept
    return concept._replace(labels_N=np.concatenate([np.repeat(labels_N[:1], lag), labels_N[:-lag]]))
