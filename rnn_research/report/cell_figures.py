"""The figures of a cell study: scores beside their controls, causes, closing symbols, saturation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import cell_effects, cell_scores, titles
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save

COLOURS = {"single cell": BLUE, "few cells": GREEN, "distributed": ORANGE}
"""Of the verdicts that say that training put a concept into the network."""

FEW = 20
"""Positions below which a mean says little."""
CLOSING_SIZE, TITLE_SIZE = (6.6, 4.0), 10
"""In inches, and in points."""

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
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * len(entries) + 1.4))
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
    tested = [not cell_effects.aside(e["effect"]) for e in entries]
    proved = {bool(e["effect"]["proved"]) for e, one in zip(entries, tested, strict=True) if one}
    for name, marker, colour, among in (
        ("best unit, proved", "D", BLUE, True in proved),
        ("best unit, not proved", "D", ORANGE, False in proved),
        ("best unit, not tested", "D", "black", not all(tested)),
        ("control units", "o", GREY, True),
    ):
        if among:
            axes.plot([], [], marker, color=colour, label=name, mfc="white" if colour == "black" else colour)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set(
        xlabel="rise of the loss where the concept holds\nless the rise elsewhere, nats per symbol",
        ylim=(-0.6, len(entries) - 0.4),
    )
    save(drawn, [axes], path)


def closing(entry: dict[str, Any], path: Path) -> None:
    """Probability of the closing symbol where it comes, by distance, plain and with the unit held.

    Each distance says on how many positions it rests; what rests on fewer than ``FEW`` is hollow.
    """
    drawn, axes = plt.subplots(figsize=CLOSING_SIZE)
    bins = entry["closing"]["bins"]
    counts = [b["at_end"]["positions"] for b in bins]
    # A wide line under a narrow broken one: where both are the same both are seen.
    for key, colour, label, line, lw, ms in (
        ("plain", BLUE, "plain", "-", 4, 10),
        ("intervened", ORANGE, "unit held", "--", 1.6, 5),
    ):
        values = [np.nan if b["at_end"][key] is None else b["at_end"][key] for b in bins]
        axes.plot(range(len(bins)), values, line, color=colour, lw=lw, label=label)
        for x, (value, count) in enumerate(zip(values, counts, strict=True)):
            axes.plot(x, value, "o", color=colour, ms=ms, mfc="white" if count < FEW else colour)
    names = [f"{b['nearest']}+" if b["farthest"] is None else f"{b['nearest']}-{b['farthest']}" for b in bins]
    axes.set_xticks(range(len(bins)), [f"{name}\nn = {count:,}" for name, count in zip(names, counts, strict=True)])
    axes.set(
        xlabel=f"distance from the opening (characters); n positions, hollow below {FEW}",
        ylabel="probability of the closing symbol",
        xlim=(-0.4, len(bins) - 0.6),
    )
    axes.legend(frameon=False)
    title = f"{entry['concept']}: {entry['closing']['unit']} held at {entry['closing']['value']:+.2f}"
    broken = titles.lines(title, CLOSING_SIZE[0] - 0.4, TITLE_SIZE)
    # Over the whole figure, not over the axes: a title of the axes begins where the numbers of y end.
    drawn.suptitle("\n".join(broken), fontsize=TITLE_SIZE, parse_math=False)
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
