"""When what a unit does to the loss is a proof that the network uses it for a concept.

Three things must hold. It is no chance: labels turned around within long blocks of the text have a contrast as
large too rarely, over all concepts that were tried, and the interval over blocks of the text is above zero. It is
the unit's own: controls matched by how much holding them moves the loss have smaller contrasts. It is the unit's
trade: the contrast is large also beside what holding the unit does altogether. One control that is a cause itself
does not undo a proof: one in twenty may be as large.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from rnn_research.analysis.units import rotations
from rnn_research.analysis.units.held_out import FEWEST_BLOCKS, MOST_BLOCKS, RUNS_PER_BLOCK
from rnn_research.analysis.units.verdict import LEAST_STRETCHES, LEVEL
from rnn_research.errors import counted
from rnn_research.runs.numerals import signed

FEWEST_CONTROLS = 19
"""With fewer, one in twenty is none."""
LEAST_CHANGE = 1e-6
"""The mean |change| of the loss, in nats, that is more than rounding.

A loss is the difference of two float32 numbers, a log-sum-exp and a score, and between 8 and 16 these lie 2^-20 apart.
"""


def proofs(found: Sequence[dict[str, Any] | None]) -> None:
    """Adds to every effect whether it is a proof, over all that were tried: ``proved``, ``reason``, Holm's p,
    ``not_testable``: what was missing for a test, None where nothing was, and ``changes_nothing``. What changes
    nothing has no p, and Holm does not count it.

    Proved: the concept holds in ``LEAST_STRETCHES`` separate stretches of what was read; the contrast's p (Holm
    1979, over all effects given) is below ``LEVEL`` and its interval above zero; the loss rises where the concept
    holds; and of the controls, 19 at least, no more than one in twenty has as large a contrast, by itself or
    beside what holding it does altogether.
    """
    tried = [one for one in found if one is not None and one["contrast"]["p"] is not None]
    for one, p in zip(tried, holm([one["contrast"]["p"] for one in tried]), strict=True):
        one["contrast"]["p_adjusted"] = float(p)
    for each in found:
        if each is not None:
            each["contrast"].setdefault("p_adjusted", None)
            each["changes_nothing"] = changes_nothing(each["changed"])
            each["not_testable"] = None if each["changes_nothing"] else _missing(each)
            each["proved"], each["reason"] = _judged(each, len(tried))


def changes_nothing(changed: Mapping[str, float | None]) -> bool:
    """Whether holding a unit moves the loss by less than rounding does, where the concept holds and elsewhere.

    A unit that is always saturated does that, and one that nothing reads.

    Args:
      changed: the mean |change| of the loss over the positions of either kind, in nats; None where there is none.
    """
    return all(mean is not None and mean < LEAST_CHANGE for mean in changed.values())


def _missing(one: dict[str, Any]) -> str | None:
    """What a test needs and this effect lacks, in a few words."""
    contrast, controls = one["contrast"], len(one["controls"]["units"])
    if not one["stretches"]:
        return "the concept holds nowhere in what was read"
    if contrast["value"] is None:
        return "the concept holds everywhere in what was read"
    if one["stretches"] < LEAST_STRETCHES or contrast["low"] is None:
        return f"{_stretches(one['stretches'])} of the concept, {LEAST_STRETCHES} are needed"
    return f"{counted(controls, 'control')}, {FEWEST_CONTROLS} are needed" if controls < FEWEST_CONTROLS else None


def _judged(one: dict[str, Any], tried: int) -> tuple[bool, str]:
    contrast, rank, controls = one["contrast"], one["rank"], len(one["controls"]["units"])
    if one["changes_nothing"]:
        most, least = (signed(x).lstrip("+") for x in (max(one["changed"].values()), LEAST_CHANGE))
        return False, (
            f"Holding {one['unit']} changes nothing: it is saturated, or nothing reads it. The loss moves by "
            f"{most} nats on the mean, and below {least} that is rounding."
        )
    if one["not_testable"]:
        return False, f"Not testable: {one['not_testable']}."
    said = (
        f"With {one['unit']} held the loss changes by {signed(one['loss']['holds']['rise'])} nats per symbol where the "
        f"concept holds and by {signed(one['loss']['elsewhere']['rise'])} elsewhere; the difference lies between "
        f"{signed(contrast['low'])} and {signed(contrast['high'])} (95 %), p {_p(contrast['p_adjusted'])} "
        f"(one-sided, adjusted for all {tried} that were held (Holm))"
    )
    allowed = 1 + controls // 20
    if failed := _chance(contrast, one["loss"]["holds"]["rise"]):
        return False, f"{said}: {failed}."
    if one["loss"]["holds"]["rise"] <= 0:
        return False, f"{said}: where the concept holds the loss does not rise."
    for what, name in (("", "contrast"), (" beside all that it does", "contrast_by_moved")):
        if rank[name] > allowed:
            return False, f"{said}, but{what} {_as_large(rank[name] - 1, controls)}."
    return True, f"{said}; {_as_large(rank['contrast'] - 1, controls)}."


def _as_large(number: int, controls: int) -> str:
    return f"{number} of {counted(controls, 'control')} {'has' if number == 1 else 'have'} as large a difference"


def _stretches(number: int) -> str:
    return "1 stretch" if number == 1 else f"{number} stretches"


def _chance(contrast: dict[str, Any], rise: float) -> str:
    """Which of the conditions against chance failed; nothing where both hold."""
    if contrast["high"] < 0:
        # A fall that is only a small part of the difference is no news of its own.
        how = "holding the unit lowers the loss" if rise < contrast["value"] / 2 else "the loss rises less"
        return f"an effect of the opposite sign, {how} where the concept holds"
    by_p, by_interval = contrast["p_adjusted"] < LEVEL, contrast["low"] > 0
    if by_p and by_interval:
        return ""
    if by_interval:
        return f"the interval lies above zero, but the adjusted p is not below {LEVEL}"
    if by_p:
        return f"the adjusted p is below {LEVEL}, but the interval holds zero"
    return f"the interval holds zero, and the adjusted p is not below {LEVEL}"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 1e-4 else "below 0.0001"


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's p values over all that was tried (Holm 1979): one wrong proof, however many concepts, in one of twenty."""
    p_N = np.asarray(p, np.float64)
    order = np.argsort(p_N)
    found_N = np.empty(len(p_N))
    found_N[order] = np.minimum(np.maximum.accumulate(p_N[order] * (len(p_N) - np.arange(len(p_N)))), 1)
    return found_N


def contrast_interval(rise_P: np.ndarray, holds_P: np.ndarray, runs: int) -> tuple[float, float]:
    """Student's t over the contrast with each block of the text left out; not a number below five blocks.

    Args:
      rise_P: of the loss, in the order of the text.
      holds_P: where the concept holds there.
      runs: its separate stretches.
    """
    edges = rotations.blocks_of(len(rise_P), runs, RUNS_PER_BLOCK, MOST_BLOCKS)
    M = len(edges) - 1
    if M < FEWEST_BLOCKS:
        return np.nan, np.nan
    columns_PQ = np.stack([rise_P * holds_P, holds_P, rise_P * ~holds_P, ~holds_P], axis=1)
    sums_MQ = np.add.reduceat(columns_PQ, edges[:-1], axis=0)
    total_Q = sums_MQ.sum(axis=0)

    def contrast(sums: np.ndarray) -> np.ndarray:
        held, held_n, other, other_n = np.moveaxis(sums, -1, 0)
        return np.asarray(held / np.maximum(held_n, 1) - other / np.maximum(other_n, 1))

    without_M = contrast(total_Q - sums_MQ)
    variance = (M - 1) / M * np.sum((without_M - without_M.mean()) ** 2)
    reach = float(student.ppf(1 - LEVEL / 2, M - 1) * np.sqrt(variance))
    return float(contrast(total_Q)) - reach, float(contrast(total_Q)) + reach
