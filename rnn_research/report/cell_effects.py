"""What is said of a unit that was held: proved, not proved, or that it could not be tested."""

from typing import Any

FEWEST_CONTROLS = 19
"""Of results from before they said themselves whether they could be tested; the same as ``proofs`` has."""

Effect = dict[str, Any]


def not_testable(effect: Effect) -> str | None:
    """What was missing, ``15 controls, 19 are needed``; None of an effect that could be tested."""
    if "not_testable" in effect or "controls" not in effect:
        said: str | None = effect.get("not_testable")
        return said
    controls = len(effect["controls"]["units"])
    return f"{controls} controls, {FEWEST_CONTROLS} are needed" if controls < FEWEST_CONTROLS else None


def judgement(effect: Effect) -> str:
    """``proved``, ``not proved``, or ``not testable`` with what was missing."""
    if missing := not_testable(effect):
        return f"not testable ({missing})"
    return "proved" if effect["proved"] else "not proved"


def proofs_said(effects: list[Effect]) -> str:
    """For how many concepts the network is proved to use the unit that was held, of those that could be tested."""
    if not effects:
        return "For none of them a unit was held."
    missing = [why for why in map(not_testable, effects) if why]
    tested = len(effects) - len(missing)
    why = "; ".join(dict.fromkeys(missing))
    if not tested:
        return f"A unit was held for {len(effects)} of them, but whether the network uses it is not testable ({why})."
    proved = sum(bool(effect["proved"]) for effect in effects)
    rest = f" For {len(missing)} more it is not testable ({why})." if missing else ""
    said = f"For {proved} of the {tested} concepts for which a unit was held"
    return f"{said}, the network is proved to use that unit.{rest}"
