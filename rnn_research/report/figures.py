"""Figures of one run, drawn from its metrics alone; a colour-blind safe palette (Okabe and Ito 2008)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from rnn_research.runs.directory import written_whole

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#7f7f7f"
SIZE = (7.2, 3.6)


def learning_curve(records: list[dict[str, Any]], objective: str, floor: float | None, path: Path) -> None:
    """Training and validation loss against steps, with the floor that a model without context reaches."""
    train = [r for r in records if r["kind"] == "train"]
    validation = [r for r in records if r["kind"] == "validation"]
    figure, axes = plt.subplots(figsize=SIZE)
    axes.plot([r["step"] for r in train], [r["loss"] for r in train], color=BLUE, lw=1.2, label="training")
    if validation:
        steps, values = [r["step"] for r in validation], [r[objective] for r in validation]
        axes.plot(steps, values, "o-", color=ORANGE, ms=4, lw=1.4, label="validation")
        best = min(range(len(values)), key=values.__getitem__)
        axes.annotate(
            f"best {values[best]:.3f}",
            (steps[best], values[best]),
            xytext=(-4, 14),
            textcoords="offset points",
            ha="right",
        )
    if floor is not None:
        axes.axhline(floor, color=GREY, ls=":", lw=1.2, label=f"single symbols, no context ({floor:.2f})")
    axes.set(
        xlabel="step", ylabel="loss (nats per symbol)" if objective == "nats_per_token" else objective.replace("_", " ")
    )
    axes.legend(frameon=False)
    save(figure, [axes], path)


def gradient_norms(records: list[dict[str, Any]], path: Path) -> None:
    """Global gradient norm before and after clipping, mean and largest of each logged chunk."""
    train = [r for r in records if r["kind"] == "train"]
    steps = [r["step"] for r in train]
    figure, axes = plt.subplots(figsize=SIZE)
    axes.plot(steps, [r["grad_norm_max"] for r in train], color=GREY, lw=0.9, label="largest before clipping")
    axes.plot(steps, [r["grad_norm"] for r in train], color=BLUE, lw=1.4, label="mean before clipping")
    axes.plot(
        steps, [r["grad_norm_clipped"] for r in train], color=ORANGE, lw=1.4, ls="--", label="mean after clipping"
    )
    axes.set(xlabel="step", ylabel="global gradient norm")
    if any(r["grad_norm_max"] > 0 for r in train):
        axes.set_yscale("log")
    axes.legend(frameon=False)
    save(figure, [axes], path)


def gradient_reach(records: list[dict[str, Any]], path: Path) -> None:
    """Slope of the lag profile and top exponent of every layer against steps; below, the half-life where there is one.

    Layers are told apart by shade, the first the darkest.
    """
    watched = [r for r in records if r["kind"] == "gradient_flow"]
    figure, (rates, lives) = plt.subplots(2, 1, figsize=(SIZE[0], 1.5 * SIZE[1]), sharex=True)
    suffixes = layer_suffixes(watched)
    for number, suffix in enumerate(suffixes):
        of_layer = f", layer {number + 1}" if suffix else ""
        shade = 1 - 0.7 * number / len(suffixes)
        for axes, name, label, style in (
            (rates, "slope_nats_per_step", "slope of the gradient's decay", (BLUE, "o-")),
            (rates, "top_exponent_nats_per_step", "top Lyapunov exponent", (ORANGE, "s--")),
            (lives, "half_life_steps", "half-life", (GREEN, "o-")),
        ):
            points = [(r["step"], r[name + suffix]) for r in watched if name + suffix in r]
            if points:
                colour, line = style
                axes.plot(*zip(*points, strict=True), line, color=colour, alpha=shade, ms=4, label=label + of_layer)
    rates.axhline(0, color=GREY, lw=0.9, ls=":")
    rates.set(ylabel="nats per step", title="reach of the gradient over training")
    lives.set(xlabel="step", ylabel="steps back until half is left", yscale="log")
    for axes in (rates, lives):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=8)
    save(figure, [rates, lives], path)


def layer_suffixes(watched: list[dict[str, Any]]) -> list[str]:
    """``[""]`` for one layer, ``["_layer1", "_layer2", ...]`` for more: every layer has a share of explosions."""
    name = "exploding_share"
    return sorted({key.removeprefix(name) for r in watched for key in r if key.startswith(name)}, key=_number)


def _number(suffix: str) -> int:
    return int(suffix.removeprefix("_layer") or 0)


def save(figure: Any, axes: Iterable[Axes], path: Path) -> None:
    """Writes a figure in the house's style."""
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25)
    figure.set_layout_engine("constrained")
    with written_whole(path) as part:
        figure.savefig(part, dpi=150)
    plt.close(figure)
