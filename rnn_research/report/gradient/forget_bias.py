"""The page of the forget-bias study: half-life against bias, beside the prediction."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save
from rnn_research.report.gradient.styles import steps
from rnn_research.runs.directory import RunDirectory


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body."""
    points = results["points"]
    half_lives(points, directory.figures / "forget_bias.png")
    rows = [
        (
            p["recurrent_scale"],
            p["forget_bias"],
            p["predicted_half_life_steps"],
            steps(p["highway_half_life_steps"]),
            steps(p["half_life_steps"]),
            f"{p['half_life_steps_low95']:.1f} to {p['half_life_steps_high95']:.1f}"
            if "half_life_steps_low95" in p
            else "-",
        )
        for p in points
    ]
    head = ("scale of W_h", "forget bias", "predicted", "forget gates alone", "whole gradient", "95 % over seeds")
    return "The LSTM's half-life and its forget bias", [
        html.figure(directory.figures / "forget_bias.png", sentence(points)),
        html.table(rows, head),
    ]


def half_lives(points: list[dict[str, Any]], path: Path) -> None:
    """A panel for each scale of the recurrent matrices; what does not decay is not drawn."""
    scales = sorted({p["recurrent_scale"] for p in points})
    drawn, panels = plt.subplots(1, len(scales), figsize=(5.2 * len(scales), 4.2), sharey=True, squeeze=False)
    for axes, scale in zip(panels[0], scales, strict=True):
        here = [p for p in points if p["recurrent_scale"] == scale]
        bias = [p["forget_bias"] for p in here]
        known = lambda key, here=here: [np.nan if p[key] is None else p[key] for p in here]  # noqa: E731
        axes.plot(bias, known("predicted_half_life_steps"), color=GREY, lw=1.4, label="-ln 2 / ln sigma(b)")
        axes.plot(bias, known("highway_half_life_steps"), "s--", color=GREEN, ms=4, label="forget gates alone")
        axes.plot(bias, known("half_life_steps"), "o-", color=BLUE, ms=4, label="whole gradient dE/dh")
        for p in here:
            if p["half_life_steps"] is None:
                axes.plot(p["forget_bias"], 2000, "^", color=ORANGE, ms=6)
        axes.set(xlabel="forget bias b", yscale="log", title=f"recurrent matrices x {scale:g}")
        axes.set_ylim(0.2, 3000)
    panels[0][0].set_ylabel("half-life of the gradient (steps)")
    panels[0][0].plot([], [], "^", color=ORANGE, label="does not decay")
    panels[0][0].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def sentence(points: list[dict[str, Any]]) -> str:
    """How far from the prediction each of the two is."""
    small = min(p["recurrent_scale"] for p in points)
    here = [p for p in points if p["recurrent_scale"] == small]
    off = [p["highway_half_life_steps"] / p["predicted_half_life_steps"] for p in here]
    first = next((p for p in points if p["recurrent_scale"] != small and p["half_life_steps"] is None), None)
    beyond = (
        ""
        if first is None
        else f" At full scale ({first['recurrent_scale']:g}) the paths through the hidden state carry what the gates "
        f"let go: from a bias of {first['forget_bias']:+g} on the gradient does not decay at all."
    )
    return (
        f"With small recurrent matrices (x {small:g}) the forget gates' half-life is {min(off):.2f} to {max(off):.2f} "
        f"times the prediction; the input, which the prediction leaves out, makes the difference.{beyond}"
    )
