"""From spans of a text to labels for its positions."""

import re
from collections.abc import Iterable

import numpy as np


def covered(N: int, spans: Iterable[tuple[int, int]]) -> np.ndarray:
    """Which of ``N`` positions lie in one of the spans ``[start, end)``, ``bool [N]``."""
    edges = np.array(list(spans), np.int64).reshape(-1, 2)
    edges = edges[edges[:, 0] < edges[:, 1]]
    return running(N, edges.ravel(), np.tile([1, -1], len(edges))) > 0


def running(N: int, positions: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """The sum of all changes at or before each of ``N`` positions, ``int32 [N]``."""
    steps = np.bincount(positions, weights=changes, minlength=N)[:N] if len(positions) else np.zeros(N)
    return np.cumsum(steps).astype(np.int32)


def place_within(N: int, spans: Iterable[tuple[int, int]]) -> np.ndarray:
    """1 at the first position of a span, 2 at the second and so on; 0 outside, ``int32 [N]``.

    The spans are in order and do not overlap.
    """
    edges = np.array(list(spans), np.int64).reshape(-1, 2)
    starts, ends = edges.T
    place_N = np.zeros(N, np.int32)
    if len(edges):
        t = np.arange(N)
        last = np.searchsorted(starts, t, side="right") - 1
        inside = (last >= 0) & (t < ends[last])
        place_N[inside] = (t - starts[last] + 1)[inside]
    return place_N


def matches(pattern: re.Pattern[str], text: str, group: int | str = 0) -> list[tuple[int, int]]:
    """The spans of all matches, or of one group in those that have it."""
    return [m.span(group) for m in pattern.finditer(text) if m.start(group) >= 0]


def until_last(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without their last character: once that has been read, one is outside."""
    return [(start, end - 1) for start, end in spans]
