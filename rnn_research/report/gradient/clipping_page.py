"""The page of the clipping study: success against length by kind of clipping, and the norms over training."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save
from rnn_research.report.gradient.styles import Style, listed
from rnn_research.report.gradient.success_rates import rates, solved
from rnn_research.runs.directory import RunDirectory

Points = list[dict[str, Any]]
KINDS = {
    "none": Style("no clipping", GREY, "-"),
    "value": Style("by value", GREEN, ":"),
    "global_norm": Style("by global norm", BLUE, "-"),
    "adaptive": Style("adaptive", ORANGE, "--"),
}


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body."""
    points = results["points"]
    success(points, directory.figures / "clipping.png")
    norms(points, directory.figures / "norms.png")
    rows = [
        (
            KINDS[p["clipping"]][0],
            p["limit"] if p["clipping"] != "none" else "-",
            p["length"],
            solved(p),
            f"{100 * p['success_rate_low95']:.0f} to {100 * p['success_rate_high95']:.0f} %",
            p.get("steps_to_success_median", "-"),
            "-" if p["grad_norm_largest"] is None else p["grad_norm_largest"],
        )
        for p in points
    ]
    head = ("clipping", "limit", "T", "solved", "95 % interval", "steps to success, median", "largest norm before it")
    return "Does clipping turn failures into successes?", [
        html.figure(directory.figures / "clipping.png", sentence(points, results["learning_rate"])),
        html.table(rows, head),
        html.figure(directory.figures / "norms.png", norm_sentence(points)),
    ]


def success(points: Points, path: Path) -> None:
    """Share of seeds that learn, against length."""
    drawn, axes = plt.subplots(figsize=(6.6, 4.2))
    rates(axes, points, "clipping", KINDS.__getitem__)
    axes.legend(frameon=False, fontsize=8, handlelength=3)
    save(drawn, [axes], path)


def sentence(points: Points, rate: float) -> str:
    """Whether clipping helps, and at which lengths the seeds tell; rates by length."""
    at = {(p["clipping"], p["length"]): p for p in points}
    lengths = sorted(length for clipping, length in at if clipping == "none" and ("global_norm", length) in at)
    parts = [
        f"T = {length}: {at['none', length]['solved']} and {at['global_norm', length]['solved']} "
        f"of {at['none', length]['seeds']}"
        for length in lengths
    ]
    counts = f"at the same rate of {rate:g}, solved without clipping and with clipping by global norm: {listed(parts)}."
    better = [n for n in lengths if apart(at["global_norm", n], at["none", n])]
    worse = [n for n in lengths if apart(at["none", n], at["global_norm", n])]
    if better and not worse:
        head = f"Clipping by global norm turns failures into successes at T = {', '.join(map(str, better))}"
    elif worse and not better:
        head = f"Clipping by global norm turns successes into failures at T = {', '.join(map(str, worse))}"
    elif better:
        both = (", ".join(map(str, each)) for each in (better, worse))
        head = "Clipping by global norm helps at T = {} and harms at {}".format(*both)
    else:
        return f"At no length do so few seeds tell that clipping by global norm helps; {counts}"
    return f"{head} (the intervals are apart), and is not told apart from none elsewhere; {counts}"


def apart(more: dict[str, Any], less: dict[str, Any]) -> bool:
    """Whether one share of successes lies above another, interval above interval: stricter than a test."""
    return bool(more["success_rate_low95"] > less["success_rate_high95"])


def norms(points: Points, path: Path) -> None:
    """Largest norm between evaluations, before and after, of every seed: the cliffs."""
    length = cliff_length(points)
    here = [p for p in points if p["length"] == length]
    drawn, panels = plt.subplots(1, len(here), figsize=(3.6 * len(here), 3.6), sharey=True, squeeze=False)
    for axes, point in zip(panels[0], here, strict=True):
        name, colour, _ = KINDS[point["clipping"]]
        for seed in range(point["seeds"]):
            steps = [step for step, _ in point["curves"][seed]]  # each ends where it has learned, or failed
            before, after = point["grad_norm_max_by_seed"][seed], point["grad_norm_clipped_max_by_seed"][seed]
            axes.plot(steps, _drawable(before), color=GREY, lw=0.8, alpha=0.7, label="before" if seed == 0 else None)
            axes.plot(steps, _drawable(after), color=colour, lw=0.9, label="after" if seed == 0 else None)
        axes.set(title=f"{name}, T = {length}", xlabel="step", yscale="log")
        axes.legend(frameon=False, fontsize=8)
    panels[0][0].set_ylabel("largest gradient norm")
    save(drawn, panels[0], path)


def cliff_length(points: Points) -> int:
    """The length at which an unclipped network meets the largest norm."""
    bare = [p for p in points if p["clipping"] == "none"] or points
    return int(max(bare, key=lambda p: p["grad_norm_largest"] or 0.0)["length"])


def norm_sentence(points: Points) -> str:
    """How high the cliffs are."""
    length = cliff_length(points)
    parts = []
    for p in points:
        if p["length"] == length:
            of_seeds = [float(np.median(norms)) for norms in p["grad_norm_max_by_seed"] if norms]
            met = (
                f"{html.number(p['grad_norm_largest'], 3)} (median {html.number(float(np.median(of_seeds)), 2)})"
                if of_seeds
                else "none was evaluated"
            )
            parts.append(f"{KINDS[p['clipping']][0]} {met}")
    return f"The largest gradient norm met at T = {length}, before clipping: {'; '.join(parts)}."


def _drawable(norms: list[float]) -> np.ndarray:
    return np.where(np.isfinite(norms) & (np.array(norms) > 0), norms, np.nan)
