"""What the explorer shows: a text, the activations over it, the next-character guesses, and the concepts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn_research.runs.shown import Labels

__all__ = ["Activations", "ExplorerData", "Guesses", "Labels", "likeliest", "own_range", "quantised"]

CLIPPED = 0.995
"""The quantile of a unit's |deviation from its mean| that is its full colour: a rare burst does not pale the rest."""
ENDS = 0.01
"""What is moved in at either end for the mean, which a rare burst does not move either."""


class Activations(NamedTuple):
    """One quantity of one layer, over the whole text; a value is ``centre + q / 127 * scale``.

    Attributes:
      q_NU: after each of N characters, of each of U units, ``int8``, from -127 to 127.
      scale_U: each unit's scale, in the quantity's own unit.
      units_U: which units of the layer these are, ascending; None for all of them.
      centre_U: the value without colour, each unit's mean; None for 0.
    """

    q_NU: np.ndarray
    scale_U: np.ndarray
    units_U: np.ndarray | None = None
    centre_U: np.ndarray | None = None


class Guesses(NamedTuple):
    """The likeliest next symbols after each character, the likeliest first.

    Attributes:
      vocabulary: the symbols, V strings.
      index_NK: which symbol, ``[N, K]``.
      probability_NK: how likely, ``uint8``: 255 is 1.
    """

    vocabulary: Sequence[str]
    index_NK: np.ndarray
    probability_NK: np.ndarray


class ExplorerData(NamedTuple):
    """All of one page.

    Attributes:
      title: of the page.
      text: N characters, one a position; a byte that is no character is a lone surrogate (PEP 383).
      activations: by layer, counted from 0, and quantity: ``h``, ``c`` or a gate. Gates are best given for
        the units of the rankings alone.
      guesses: None leaves them out.
      concepts: one dictionary a concept: ``concept``, ``kind``, ``verdict``, ``reason``, ``best``, ``ranking``,
        ``controls``, ``effect``, ``closing``. Units are named as ``layer1.c[37]``, layers counted from 1. What is
        not there is not shown.
      labels: by the concept's name.
      facts: what was run, on what, by which command: shown as name and value.
    """

    title: str
    text: str
    activations: Mapping[tuple[int, str], Activations]
    guesses: Guesses | None = None
    concepts: Sequence[Mapping[str, Any]] = ()
    labels: Mapping[str, Labels] = {}
    facts: Mapping[str, Any] = {}


def quantised(values_NU: Any, *, units: Sequence[int] | None = None, scale: float | None = None) -> Activations:
    """Activations from numbers.

    Args:
      values_NU: after each character, of each unit.
      units: which units of the layer these are; None for all.
      scale: one for all units about 0, say 1 for gates; None for each unit's ``own_range``. What is beyond is
        clipped.
    """
    values_NU = np.asarray(values_NU, np.float32)
    U = values_NU.shape[1]
    centre_U, scale_U = own_range(values_NU) if scale is None else (np.zeros(U), np.full(U, scale))
    deviation_NU = values_NU - centre_U.astype(np.float32)
    q_NU = np.rint(np.clip(deviation_NU / scale_U.astype(np.float32), -1, 1) * 127).astype(np.int8)
    return Activations(q_NU, scale_U, None if units is None else np.asarray(units), centre_U if scale is None else None)


def own_range(values_NU: np.ndarray, clipped: float = CLIPPED) -> tuple[np.ndarray, np.ndarray]:
    """Each unit's mean, and the deviation from it that is full colour.

    About 0 a cell that stays between 32 and 33 would be one solid colour, whatever it says.

    Args:
      values_NU: after each character, of each unit.
      clipped: the quantile of the |deviation|.

    Returns:
      ``centre_U`` and ``scale_U``; the scale is never less than two steps of the float16 in which studies are kept.
    """
    values_NU = np.asarray(values_NU, np.float64)
    centre_U = np.clip(values_NU, *np.quantile(values_NU, (ENDS, 1 - ENDS), axis=0)).mean(axis=0)
    scale_U = np.quantile(np.abs(values_NU - centre_U), clipped, axis=0)
    return centre_U, np.maximum(scale_U, np.maximum(1e-6, 2**-9 * np.abs(centre_U)))


def likeliest(p_NV: Any, vocabulary: Sequence[str], count: int = 5) -> Guesses:
    """The ``count`` likeliest next symbols of every distribution ``p_NV``."""
    p_NV = np.asarray(p_NV)
    index_NK = np.argsort(-p_NV, axis=1, kind="stable")[:, :count]
    probability_NK = np.rint(np.take_along_axis(p_NV, index_NK, 1) * 255).astype(np.uint8)
    return Guesses(vocabulary, index_NK, probability_NK)
