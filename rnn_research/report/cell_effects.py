"""What is said of a unit that was held: proved, not proved, or that it could not be tested."""

from collections.abc import Sequence
from typing import Any

from rnn_research.errors import counted
from rnn_research.runs.numerals import signed

FEWEST_CONTROLS = 19
"""Of results from before they said themselves whether they could be tested; the same as ``proofs`` has."""

Effect = dict[str, Any]


def not_testable(effect: Effect) -> str | None:
    """What was missing, ``15 controls, 19 are needed``; None of an effect that could be tested."""
    if "not_testable" in effect or "controls" not in effect:
        said: str | None = effect.get("not_testable")
        return said
    controls = len(effect["controls"]["units"])
    return f"{counted(controls, 'control')}, {FEWEST_CONTROLS} are needed" if controls < FEWEST_CONTROLS else None


def aside(effect: Effect) -> str:
    """Why there is nothing to be proved of an effect, in two words; nothing where there is."""
    if effect.get("changes_nothing"):
        return "changes nothing"
    return "not testable" if not_testable(effect) else ""


def judgement(effect: Effect) -> str:
    """``proved``, ``not proved``, ``holding it changes nothing``, or ``not testable`` with what was missing."""
    if effect.get("changes_nothing"):
        return "holding it changes nothing"
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
    still = sum(bool(effect.get("changes_nothing")) for effect in effects)
    if still:
        rest = f" For {still} of them holding it changes nothing: it is saturated, or nothing reads it.{rest}"
    if tested == 1:
        said = f"For the one concept for which a unit was held, the network is {'' if proved else 'not '}proved to use"
    else:
        said = f"For {proved} of the {tested} concepts for which a unit was held, the network is proved to use"
    return f"{said} that unit.{rest}"


def cause(effect: dict[str, Any]) -> str:
    """The unit that was held, what its holding does, and whether that is a proof."""
    said = f"{effect['unit']}: {judgement(effect)}"
    contrast = effect["contrast"]
    if contrast["value"] is None or contrast["low"] is None or effect.get("changes_nothing"):
        return said
    return f"{said} ({signed(contrast['value'])}; {signed(contrast['low'])} to {signed(contrast['high'])})"


def cause_sentence(entries: Sequence[dict[str, Any]]) -> str:
    """Which cells the network uses."""
    proved = [f"{e['concept']} ({e['effect']['unit']})" for e in entries if e["effect"]["proved"]]
    others = "control units (grey) whose holding moves the loss as much"
    tested = [e for e in entries if not not_testable(e["effect"])]
    if not tested:
        why = "; ".join(dict.fromkeys(str(not_testable(e["effect"])) for e in entries))
        return (
            f"What holding a unit at its mean elsewhere costs, beside {others}. Whether that is beyond chance is not "
            f"testable (hollow): {why}. Bars are 95 % intervals."
        )
    kinds = dict.fromkeys(filter(None, (aside(e["effect"]) for e in entries)))
    hollow = f" Hollow: {' or '.join(kinds)}." if kinds else ""
    if not proved:
        return (
            "Held at its mean elsewhere, no unit costs more where its concept holds, beyond chance and beyond "
            f"{others}. Bars are 95 % intervals.{hollow}"
        )
    told = [e for e in tested if not aside(e["effect"])]
    rest = "" if len(proved) == len(told) else ", and not (orange) for the others"
    return (
        f"Held at its mean elsewhere, a unit costs more where its concept holds, beyond chance and beyond {others}, "
        f"for {', '.join(proved)} (blue){rest}. Bars are 95 % intervals.{hollow}"
    )
