"""Which concepts are one measurement in a text: the same labels, but for a constant and a symbol's shift.

The place in the line is the distance to the last line break one symbol later, and one more: two names, one question.
"""

from collections.abc import Sequence

import numpy as np

from rnn_research.concepts import Concept

DIFFERENT = 0.001
"""The share of the labels' variance by which two may differ: the ends of a text, and of its documents."""
SHIFTS = (0, 1, -1)
"""Symbols by which one may be later than the other."""


def same_as(concepts: Sequence[Concept]) -> dict[str, str]:
    """By the name of a concept that an earlier one already measures, the name of that one.

    Args:
      concepts: with labels of one text; those of classes are never the same.
    """
    found: dict[str, str] = {}
    first: list[Concept] = []
    for concept in concepts:
        twin = next((one.name for one in first if same(one, concept)), None)
        if twin is None:
            first.append(concept)
        else:
            found[concept.name] = twin
    return found


def same(one: Concept, other: Concept) -> bool:
    """Whether two concepts are one measurement."""
    if one.kind != other.kind or one.kind == "categorical":
        return False
    a_N, b_N = (np.asarray(concept.labels_N, np.float64) for concept in (one, other))
    variance = a_N.var()
    # Most pairs are told apart by their variance alone.
    if variance == 0 or abs(b_N.var() - variance) > 0.1 * variance:
        return False
    return any(_shifted(a_N, b_N, by).var() <= DIFFERENT * variance for by in SHIFTS)


def _shifted(a_N: np.ndarray, b_N: np.ndarray, by: int) -> np.ndarray:
    """``a - b`` with ``b`` so many symbols later, over the positions that both have."""
    N = len(a_N)
    return np.asarray(a_N[max(0, by) : N + min(0, by)] - b_N[max(0, -by) : N - max(0, by)])
