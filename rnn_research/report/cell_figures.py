"""The figures of a cell study: scores beside their controls, causes, closing symbols, saturation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import cell_effects, cell_scores
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save

COLOURS = {"single cell": BLUE, "few cells": GREEN, "distributed": ORANGE}
"""Of the verdicts that say that training put a concept into the network."""

Entries = Sequence[dict[str, Any]]


def scores(entries: Entries, path: Path) -> None:
    """The best unit's gain with its interval, beside its controls'."""
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * len(entries) + 1.6))
    for y, e in enumerate(reversed(entries)):
        controls, best = e["controls"], e["best"]
        axes.axhline(y, color=GREY, lw=0.4, zorder=0)
        axes.plot(cell_scores.gain(e, controls["untrained"]), y, "x", color=GREY, ms=6)
        axes.plot(cell_scores.gain(e, controls["last_characters"]), y, "s", color=ORANGE, ms=5, mfc="none")
        axes.plot(cell_scores.gain(e, controls["probe_all"]), y, "|", color="black", ms=11)
        colour = COLOURS[e["verdict"]]
        axes.plot([cell_scores.gain(e, end) for end in controls["interval"]], [y, y], color=colour, lw=1.4)
        axes.plot(cell_scores.gain(e, best["confirm"]), y, "o", color=colour, ms=7)
    names = [f"{e['concept']}  {cell_scores.score(e['best']['statistic'], e['best']['confirm'])}" for e in entries]
    axes.set_yticks(range(len(entries)), names[::-1], fontsize=8)
    for verdict in dict.fromkeys(e["verdict"] for e in entries):
        axes.plot([], [], "o", color=COLOURS[verdict], label=f"best unit: {verdict}")
    for name, marker, colour in (
        ("best unit, untrained network", "x", GREY),
        ("probe on the last characters", "s", ORANGE),
        ("probe on all units", "|", "black"),
    ):
        axes.plot([], [], marker, color=colour, mfc="none", label=name)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set(xlabel=cell_scores.GAIN, ylim=(-0.6, len(entries) - 0.4))
    save(drawn, [axes], path)


def causes(entries: Entries, path: Path) -> None:
    """How much more the loss rises where the concept holds than elsewhere, beside control units."""
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * len(entries) + 1.2))
    for y, e in enumerate(reversed(entries)):
        others = [contrast for contrast in e["effect"]["controls"]["contrast"] if contrast is not None]
        axes.plot(others, [y] * len(others), "o", color=GREY, ms=4, alpha=0.5, mew=0)
        contrast = e["effect"]["contrast"]
        if contrast["value"] is not None:
            untested = cell_effects.aside(e["effect"])
            colour = "black" if untested else BLUE if e["effect"]["proved"] else ORANGE
            if contrast["low"] is not None:
                axes.plot([contrast["low"], contrast["high"]], [y, y], color=colour, lw=2)
            axes.plot(contrast["value"], y, "D", color=colour, ms=7, mfc="white" if untested else colour)
    names = [
        ", ".join(filter(None, (f"{e['concept']}  {e['effect']['unit']}", cell_effects.aside(e["effect"]))))
        for e in reversed(entries)
    ]
    axes.set_yticks(range(len(entries)), names, fontsize=8)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.margins(x=0.06)
    proved = {bool(e["effect"]["proved"]) for e in entries}
    for name, marker, colour, among in (
        ("best unit, proved", "D", BLUE, True in proved),
        ("best unit, not proved", "D", ORANGE, False in proved),
        ("control units", "o", GREY, True),
    ):
        if among:
            axes.plot([], [], marker, color=colour, label=name)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set(ylim=(-0.6, len(entries) - 0.4))
    axes.set(xlabel="rise of the loss where the concept holds less the rise elsewhere, nats per symbol")
    save(drawn, [axes], path)


def closing(entry: dict[str, Any], path: Path) -> None:
    """Probability of the closing symbol where it comes, by distance, plain and with the unit held."""
    drawn, axes = plt.subplots(figsize=(6.6, 3.8))
    bins = entry["closing"]["bins"]
    names = [f"{b['nearest']}+" if b["farthest"] is None else f"{b['nearest']}-{b['farthest']}" for b in bins]
    for key, colour, label in (("plain", BLUE, "plain"), ("intervened", ORANGE, "unit held")):
        values = [np.nan if b["at_end"][key] is None else b["at_end"][key] for b in bins]
        axes.plot(names, values, "o-", color=colour, label=label)
    axes.set(xlabel="distance from the opening (characters)", ylabel="probability of the closing symbol")
    axes.legend(frameon=False)
    axes.set_title(
        f"{entry['concept']}: {entry['closing']['unit']} held at {entry['closing']['value']:+.2f}", fontsize=10
    )
    save(drawn, [axes], path)


def saturation(gates: Sequence[dict[str, Any]], path: Path) -> None:
    """Every unit's share of time below 0.1 and above 0.9: a panel a gate, a colour a layer, as the paper plots it."""
    names = list(dict.fromkeys(g["gate"] for g in gates))
    drawn, panels = plt.subplots(
        1, len(names), figsize=(3.2 * len(names), 3.2), sharex=True, sharey=True, squeeze=False
    )
    colours = (BLUE, ORANGE, GREEN, GREY)
    for axes, name in zip(panels[0], names, strict=True):
        for g in gates:
            if g["gate"] == name:
                colour = colours[(g["layer"] - 1) % len(colours)]
                axes.plot(g["right"], g["left"], "o", color=colour, ms=4, alpha=0.6, mew=0, label=f"layer {g['layer']}")
        axes.plot([0, 1], [1, 0], color=GREY, lw=0.8, ls=":")
        axes.set(title=f"gate {name}", xlabel="share above 0.9", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panels[0][0].set_ylabel("share below 0.1")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def place_of(unit: str) -> tuple[int, str, int]:
    """Layer from 0, quantity and index of ``layer1.c[37]``."""
    layer, _, rest = unit.partition(".")
    quantity, _, index = rest.rstrip("]").partition("[")
    return int(layer.removeprefix("layer")) - 1, quantity, int(index)
