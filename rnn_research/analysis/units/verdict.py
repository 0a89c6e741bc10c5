"""The verdict on a concept, by written rules."""

from typing import NamedTuple

FDR = 0.05
"""The false discovery rate over all units and concepts, and the level of the best unit's own test."""
MARGIN = 0.1
"""How far a gain must lie above a control's: 0.05 of AUC, 0.1 of R², a tenth of the classes' entropy."""
SHARE = 0.9
"""The share of the all-units probe's gain that one cell must have to stand for the concept."""
FEW_CELLS = 5
"""How many are few."""
LEAST = 50
"""How often a concept must hold, and not hold, in each part of the text to be judged at all."""


class Evidence(NamedTuple):
    """What is known of one concept. Gains are on the scale of ``gain``: 0 is chance, 1 is all.

    Attributes:
      rarest: positions of the rarer side (holds or not), in the part of the text where it is rarer.
      best: gain of the best unit, chosen on one part of the text and measured on the other.
      fdr: the smallest false discovery rate at which that unit passes.
      shifted_p: how often the best of all units is as good with shifted labels.
      untrained: gain of the best unit of the untrained network.
      last_characters: gain of the probe on the last characters.
      untrained_probe: gain of the probe on all units of the untrained network.
      probe_all: gain of the probe on all units.
      few: how many units a probe needs to be nearly as good.
      probe_few: its gain.
    """

    rarest: int
    best: float
    fdr: float
    shifted_p: float
    untrained: float
    last_characters: float
    untrained_probe: float
    probe_all: float
    few: int
    probe_few: float


def follows(gain: float, fdr: float, untrained: float, last_characters: float) -> bool:
    """Whether a unit follows a concept: beyond chance, and by ``MARGIN`` beyond both controls."""
    return fdr < FDR and gain >= max(untrained, last_characters) + MARGIN


def stands_alone(gain: float, fdr: float, untrained: float, last_characters: float, probe_all: float) -> bool:
    """Whether it follows a concept and tells nearly all of it: ``SHARE`` of what all units tell together.

    The share of all units that do, for one concept or more, stands beside the "about 5 %" of the
    essay "The Unreasonable Effectiveness of Recurrent Neural Networks" (Karpathy 2015).
    """
    return follows(gain, fdr, untrained, last_characters) and gain >= SHARE * probe_all


def verdict(e: Evidence) -> tuple[str, str]:
    """Judges one concept; the first rule that holds decides.

    1. *absent*: it holds, or does not hold, at fewer than ``LEAST`` positions of a part of the text. Nothing is known.
    2. *single cell*: the best unit follows it and stands alone (see there), and no more than ``FDR`` of shifted
       labels find a unit as good anywhere in the network.
    3. *few cells*: at most ``FEW_CELLS`` units give a probe 95 % of the gain of all units, that gain lies by
       ``MARGIN`` above both controls, and the best unit is beyond chance as in rule 2.
    4. *distributed*: the probe on all units lies by ``MARGIN`` above both controls and above the same probe on the
       untrained network: training put the concept there, but not into few units.
    5. *absent*: otherwise, named after the control that explains it.

    Returns:
      The verdict, and the reason in one sentence.
    """
    if e.rarest < LEAST:
        return "absent", (
            f"It holds or does not hold at only {e.rarest} counted positions of one half of the text, "
            f"and {LEAST} are needed."
        )
    control = max(e.untrained, e.last_characters)
    beyond_chance = e.fdr < FDR and e.shifted_p <= FDR
    if beyond_chance and stands_alone(e.best, e.fdr, e.untrained, e.last_characters, e.probe_all):
        return "single cell", (
            f"The best unit's gain of {e.best:.2f} lies above the controls' {control:.2f} "
            f"and is at least {SHARE:.0%} of the {e.probe_all:.2f} of all units together."
        )
    if beyond_chance and e.few <= FEW_CELLS and e.probe_few >= control + MARGIN:
        return "few cells", (
            f"A probe on {e.few} units has a gain of {e.probe_few:.2f}, nearly the {e.probe_all:.2f} of all units, "
            f"where the best one alone has {e.best:.2f}."
        )
    if e.probe_all >= max(control, e.untrained_probe) + MARGIN:
        return "distributed", (
            f"All units together have a gain of {e.probe_all:.2f} above the controls' "
            f"{max(control, e.untrained_probe):.2f}, but it takes {e.few} of them."
        )
    names = {
        "the last characters": e.last_characters,
        "the best unit of the untrained network": e.untrained,
        "all units of the untrained network": e.untrained_probe,
    }
    name, explains = max(names.items(), key=lambda item: item[1])
    if e.probe_all < MARGIN:
        return "absent", f"Even all units together have a gain of only {e.probe_all:.2f}."
    return "absent", (
        f"All units together have a gain of {e.probe_all:.2f}, but a control comes near: {name} with {explains:.2f}."
    )
