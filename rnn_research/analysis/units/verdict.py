"""The verdict on a concept, by written rules."""

from typing import NamedTuple

LEVEL = 0.05
"""The false discovery rate over all concepts and all that is tried for each; of an interval, what lies outside."""
MARGIN = 0.1
"""How far a gain must lie above a control's: 0.05 of AUC, 0.1 of R², a tenth of the classes' entropy."""
FLOOR = 0.8
"""The gain that a single cell needs: AUC 0.9, R² 0.8, four fifths of the classes' entropy."""
FEW_FLOOR = 0.5
"""The gain that a few cells need: AUC 0.75."""
SHARE = 0.9
"""The share of the all-units probe's gain that one cell, or a few, must have to stand for the concept."""
FEW_CELLS = 5
"""How many are few."""
LEAST = 100
"""How often a concept must hold, and not hold, in each half of the text to be judged at all."""
LEAST_STRETCHES = 10
"""In how many separate stretches of each half it must hold: one stretch is one observation, however long."""

SINGLE, FEW, DISTRIBUTED = "single cell", "few cells", "distributed"
LAST_CHARACTERS, UNTRAINED = "told by the last characters", "told without training"
ABSENT, TOO_LITTLE = "absent", "too little in this text"
VERDICTS = (SINGLE, FEW, DISTRIBUTED, LAST_CHARACTERS, UNTRAINED, ABSENT, TOO_LITTLE)
"""All of them, the clearest first."""
CELLS = (SINGLE, FEW, DISTRIBUTED)
"""Those that say that training put the concept into the network."""


class Told(NamedTuple):
    """What something tells of a concept on the half of the text that did not choose it.

    Attributes:
      gain: 0 is chance, 1 is all.
      low: the lower end of its 95 % interval.
      p: of so much agreement with turned labels, over all that is tried (false discovery rate).
    """

    gain: float
    low: float
    p: float

    @property
    def beyond_chance(self) -> bool:
        """Whether it tells anything."""
        return self.p < LEVEL and self.low > 0


class Beyond(NamedTuple):
    """By how much a gain lies above the nearest control's.

    Attributes:
      gain: the difference.
      low: the lower end of its interval.
      nearest: what that control is called.
    """

    gain: float
    low: float
    nearest: str = "the nearest control"

    @property
    def clear(self) -> bool:
        """Whether it is worth a word, and not chance."""
        return self.gain >= MARGIN and self.low > 0


UNKNOWN, NOWHERE = Told(0.0, 0.0, 1.0), Beyond(0.0, 0.0)


class Evidence(NamedTuple):
    """What is known of one concept; of one that the text has too little of, only how much it has.

    Attributes:
      positions: of the rarer side (holds or not), in the half where it is rarer.
      stretches: in how many separate stretches it holds, in the half with fewer.
      unit: the best unit, chosen on one half and measured on the other.
      unit_beyond: over the best unit of the untrained network and the last characters.
      few: a probe on the fewest cells, each with all its units, that tell nearly as much as all; None if it takes more
        than are tried.
      k: how many those are.
      few_beyond: as of the unit.
      every: the probe on all units.
      pairs: the probe that also reads products of two.
      every_beyond, pairs_beyond: over both controls and the same probe on the untrained network.
      last_characters: what the last characters tell.
      untrained: the probe on the untrained network.
    """

    positions: int
    stretches: int
    unit: Told = UNKNOWN
    unit_beyond: Beyond = NOWHERE
    few: Told | None = None
    k: int = 0
    few_beyond: Beyond = NOWHERE
    every: Told = UNKNOWN
    every_beyond: Beyond = NOWHERE
    pairs: Told = UNKNOWN
    pairs_beyond: Beyond = NOWHERE
    last_characters: Told = UNKNOWN
    untrained: Told = UNKNOWN


def too_little(positions: int, stretches: int) -> str | None:
    """Why a concept cannot be judged in a text; None if it can.

    Args:
      positions, stretches: as in ``Evidence``.
    """
    if positions < LEAST:
        where = "1 counted position" if positions == 1 else f"{positions} counted positions"
        return f"It holds, or does not hold, at only {where} of one half of the text; {LEAST} are needed."
    if stretches < LEAST_STRETCHES:
        where = "1 separate stretch" if stretches == 1 else f"{stretches} separate stretches"
        return f"It holds in only {where} of one half; {LEAST_STRETCHES} are needed."
    return None


def verdict(e: Evidence) -> tuple[str, str]:
    """Judges one concept; the first rule that holds decides.

    1. *too little in this text*: see ``too_little``. Nothing is known.
    2. *single cell*: the best unit is beyond chance, clearly beyond both controls, has a gain of ``FLOOR``, and at
       least ``SHARE`` of what all units tell together.
    3. *few cells*: the same of a probe on at most ``FEW_CELLS`` cells, with ``FEW_FLOOR``.
    4. *distributed*: the probe on all units, or the one that also reads products of two, is beyond chance and clearly
       beyond both controls and the same probe on the untrained network.
    5. *told by the last characters*: they are beyond chance, and the network is not clearly beyond them.
       A unit may follow the concept, even exactly: it need not remember anything for that.
    6. *told without training*: the same of the probe on the untrained network.
    7. *absent*: otherwise.

    Returns:
      The verdict, and the reason in one sentence.
    """
    short = too_little(e.positions, e.stretches)
    if short is not None:
        return TOO_LITTLE, short
    unit, few, every = e.unit, e.few, e.every
    if unit.beyond_chance and e.unit_beyond.clear and unit.gain >= FLOOR and unit.gain >= SHARE * every.gain:
        return SINGLE, (
            f"The best unit alone has a gain of {unit.gain:.2f}, {e.unit_beyond.gain:.2f} above "
            f"{e.unit_beyond.nearest} (at least {e.unit_beyond.low:.2f}), "
            f"where all units together have {every.gain:.2f}."
        )
    if (
        few is not None
        and e.k <= FEW_CELLS
        and few.beyond_chance
        and e.few_beyond.clear
        and few.gain >= FEW_FLOOR
        and few.gain >= SHARE * every.gain
    ):
        what = "one cell (its h, c and gates)" if e.k == 1 else f"{e.k} cells"
        needed = f", too little for a cell of its own (at least {FLOOR}, and nearly all)" if e.k == 1 else ""
        return FEW, (
            f"A probe on {what} has a gain of {few.gain:.2f}, nearly the {every.gain:.2f} of all units, "
            f"where the best unit alone has {unit.gain:.2f}{needed}."
        )
    for told, beyond, how in (
        (every, e.every_beyond, "All units together have"),
        (e.pairs, e.pairs_beyond, "No weighted sum of units tells it as products of two do: with these a probe has"),
    ):
        if told.beyond_chance and beyond.clear:
            return DISTRIBUTED, (
                f"{how} a gain of {told.gain:.2f}, {beyond.gain:.2f} above {beyond.nearest} "
                f"(at least {beyond.low:.2f}); the best one alone has {unit.gain:.2f}."
            )
    tried = [("the best unit", unit), ("all units together", every), ("products of two units", e.pairs)]
    tried += [] if few is None else [("the few cells", few)]
    best, most = max(((what, told.gain) for what, told in tried), key=lambda pair: pair[1])
    for name, told, what in (
        (LAST_CHARACTERS, e.last_characters, "the last characters alone"),
        (UNTRAINED, e.untrained, "a probe on all units of the untrained network"),
    ):
        if told.beyond_chance and told.gain >= MARGIN and most < told.gain + MARGIN:
            return name, (
                f"Decided by {what}: a gain of {told.gain:.2f}, and nothing in the trained network has {MARGIN} more. "
                f"The most there is {most:.2f}, of {best}; the best unit has {unit.gain:.2f}, "
                f"all units together {every.gain:.2f}."
            )
    if most < MARGIN or not any(told.beyond_chance for told in (unit, every, e.pairs)):
        return ABSENT, (
            f"The best unit has a gain of {unit.gain:.2f} and all units together {every.gain:.2f}, "
            "no more than with labels that have nothing to do with the text."
        )
    return ABSENT, (
        f"All units together have a gain of {every.gain:.2f}, not clearly above what the last characters "
        f"({e.last_characters.gain:.2f}) or all units of the untrained network ({e.untrained.gain:.2f}) tell."
    )


def follows(gain: float, p: float, untrained: float, last_characters: float) -> bool:
    """Whether a unit follows a concept: beyond chance, and by ``MARGIN`` beyond both controls."""
    return p < LEVEL and gain >= max(untrained, last_characters) + MARGIN


def stands_alone(gain: float, p: float, untrained: float, last_characters: float, every: float) -> bool:
    """Whether it follows a concept as a single cell would: ``FLOOR``, and ``SHARE`` of what all units tell.

    The share of all units that do, for one concept or more, stands beside the "about 5 %" of the
    essay "The Unreasonable Effectiveness of Recurrent Neural Networks" (Karpathy 2015).
    """
    return follows(gain, p, untrained, last_characters) and gain >= FLOOR and gain >= SHARE * every
