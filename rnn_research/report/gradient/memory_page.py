"""The page of the memory study: success against length, and every seed's curve."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter

from rnn_research.report import html
from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import label, style
from rnn_research.report.gradient.success_rates import aside, length_axis, rates, solved
from rnn_research.runs.directory import RunDirectory

Points = list[dict[str, Any]]


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body: a section for each task."""
    body = []
    for task in dict.fromkeys(p["task"] for p in results["points"]):
        points = [p for p in results["points"] if p["task"] == task]
        success(points, directory.figures / f"success_{task}.png")
        curves(points, directory.figures / f"curves_{task}.png")
        body += [
            f"<h2>{html.escape(task.replace('_', ' '))}</h2>",
            html.figure(directory.figures / f"success_{task}.png", success_sentence(points)),
            html.figure(directory.figures / f"curves_{task}.png", curve_sentence(points)),
            html.details("every network and length", table(points)),
        ]
    return "How far back can it learn?", body


def table(points: Points) -> str:
    """Success, steps to it and the least error."""
    rows = [
        (
            label(p["network"]),
            p["length"],
            solved(p),
            f"{100 * p['success_rate_low95']:.0f} to {100 * p['success_rate_high95']:.0f} %",
            p.get("steps_to_success_median", "-"),
            "-" if p["best_objective_median"] is None else p["best_objective_median"],
            "-" if p["parameters"] is None else p["parameters"],
        )
        for p in points
    ]
    head = ("network", "T", "solved", "95 % interval", "steps to success, median", "least error, median", "parameters")
    return html.table(rows, head)


def success(points: Points, path: Path) -> None:
    """Success rate, and steps to success of the seeds that had it, against length."""
    drawn, (rate, speed) = plt.subplots(1, 2, figsize=(12.4, 4.0), sharex=True)
    rates(rate, points, "network", style)
    speed.set(ylabel="steps to success, median", yscale="log")
    networks = list(dict.fromkeys(p["network"] for p in points))
    for n, network in enumerate(networks):
        _, colour, line = style(network)
        here = [p for p in points if p["network"] == network]
        known = [(p["length"], p["steps_to_success_median"]) for p in here if "steps_to_success_median" in p]
        if known:
            lengths, steps = zip(*known, strict=True)
            speed.plot(aside(lengths, n, len(networks)), steps, "o", color=colour, ls=line, ms=4, lw=1.4)
    length_axis(speed, points)
    if speed.lines:
        # Within one power of ten there would be a single number, or none.
        speed.yaxis.set_major_formatter("{x:g}")
        speed.yaxis.set_minor_formatter(LogFormatter())
    else:
        speed.set_yticks([])
        speed.text(0.5, 0.5, "no seed of any network solves it", color=GREY, ha="center", transform=speed.transAxes)
    beside(speed, *rate.get_legend_handles_labels())
    save(drawn, [rate, speed], path)


def beside(axes: Axes, lines: list[Any], names: list[str]) -> None:
    """The legend of all panels, to the right of the last one, where it hides nothing."""
    axes.legend(lines, names, frameon=False, fontsize=8, handlelength=3, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def success_sentence(points: Points) -> str:
    """Which networks solve it with every seed, and which with none."""
    every = [f"{label(p['network'])} (T = {p['length']})" for p in points if p["solved"] == p["seeds"]]
    never = [f"{label(p['network'])} (T = {p['length']})" for p in points if p["solved"] == 0]
    return f"Solved with every seed: {', '.join(every) or 'none'}. With none: {', '.join(never) or 'none'}."


def curves(points: Points, path: Path) -> None:
    """Every seed's validation objective against steps, a panel for each length."""
    lengths = sorted({p["length"] for p in points})
    drawn, panels = plt.subplots(1, len(lengths), figsize=(4.6 * len(lengths) + 1.6, 4.0), sharey=True, squeeze=False)
    for axes, length in zip(panels[0], lengths, strict=True):
        here = [p for p in points if p["length"] == length]
        for point in here:
            name, colour, line = style(point["network"])
            for seed, curve in enumerate(point["curves"]):
                steps, values = np.array(curve, np.float64).reshape(-1, 2).T  # of one that failed at once, none
                shown = np.maximum(values, 1e-5)
                # The marker shows a seed that was done at its first evaluation.
                axes.plot(steps, shown, "o", color=colour, ls=line, ms=2, lw=1, alpha=0.8, label=None if seed else name)
        floor = floor_of(here[0])
        axes.axhline(floor, color=GREY, lw=0.9, ls=":")
        axes.text(axes.get_xlim()[1], floor, "no memory ", color=GREY, fontsize=8, ha="right", va="bottom")
        axes.axhline(here[0]["solved_below"], color=GREY, lw=0.9, ls="--")
        axes.set(xlabel="step", title=f"T = {length}", yscale="log")
    panels[0][0].set_ylabel("validation error")
    beside(panels[0][-1], *panels[0][0].get_legend_handles_labels())
    save(drawn, panels[0], path)


def floor_of(point: dict[str, Any]) -> float:
    """The objective of the best model without memory."""
    return next(value for name, value in point.items() if name.startswith("floor_"))


def curve_sentence(points: Points) -> str:
    """Who is left at the floor at the greatest length."""
    longest = max(p["length"] for p in points)
    here = [p for p in points if p["length"] == longest]
    stuck = [label(p["network"]) for p in here if not _below(p["best_objective_median"], 0.9 * floor_of(p))]
    floor = f"the floor that needs no memory (dotted; {floor_of(here[0]):.3g})"
    if stuck:
        text = f"At T = {longest} the median seed of {', '.join(stuck)} never comes more than a tenth below {floor}."
    else:
        text = f"At T = {longest} the median seed of every network comes more than a tenth below {floor}."
    return f"{text} Dashed: solved."


def _below(value: float | None, bound: float) -> bool:
    """None is the error of a median seed that has FAILED before it was evaluated."""
    return value is not None and value <= bound
