"""The page of the forget-bias study: half-life against bias, beside the prediction."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save
from rnn_research.report.gradient.lasting import NAME, disagreement, hidden_early_decay, lasts, turned_words, turning
from rnn_research.report.gradient.styles import listed
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.half_lives import GROWS, UNDECIDED

Points = list[dict[str, Any]]
HIGHWAY = "highway_half_life_steps"
KEYS = ("predicted_half_life_steps", HIGHWAY, NAME)
FOLLOWS = 1.25  # the prediction is followed where no half-life is further from it than by this factor


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body."""
    points = results["points"]
    half_lives(points, directory.figures / "forget_bias.png")
    rows = [
        (
            p["recurrent_scale"],
            p["forget_bias"],
            p["predicted_half_life_steps"],
            lasts(p, HIGHWAY),
            lasts(p),
            f"{p['slope_nats_per_step']:+.4f}",
            f"{p['early_slope_nats_per_step']:+.4f}",
            disagreement(p),
        )
        for p in points
    ]
    slopes = [f"slope over lags {first} to {last}" for first, last in (results["fitted_lags"], results["early_lags"])]
    lives = ("half-life: predicted", "forget gates alone [95 % over seeds]", "whole gradient [95 % over seeds]")
    head = ("scale of W_h", "forget bias", *lives, *slopes, "seeds, where they disagree")
    return "The LSTM's half-life and its forget bias", [
        html.figure(directory.figures / "forget_bias.png", sentence(points)),
        html.table(rows, head),
    ]


def half_lives(points: Points, path: Path) -> None:
    """A panel for each scale of the recurrent matrices; below, the slope at once and where it is fitted."""
    scales = sorted({p["recurrent_scale"] for p in points})
    size = (5.2 * len(scales), 6.6)
    drawn, panels = plt.subplots(
        2, len(scales), figsize=size, sharex=True, sharey="row", squeeze=False, height_ratios=(3, 2)
    )
    longest = max(steps for p in points for key in KEYS for steps in (p.get(key), p.get(f"{key}_low95")) if steps)
    for (axes, below), scale in zip(panels.T, scales, strict=True):
        here = [p for p in points if p["recurrent_scale"] == scale]
        bias = np.array([p["forget_bias"] for p in here])
        axes.plot(bias, _known(here, KEYS[0]), color=GREY, lw=1.4, label="-ln 2 / ln sigma(b)")
        for key, colour, line, name in (
            (HIGHWAY, GREEN, "s--", "forget gates alone"),
            (NAME, BLUE, "o-", "whole gradient dE/dh"),
        ):
            straight = [p if key == HIGHWAY or turning(p) is None else p | {key: None} for p in here]
            value = _known(straight, key)
            low, high = _known(here, f"{key}_low95"), _known(here, f"{key}_high95")
            axes.plot(bias, value, line, color=colour, ms=4, label=f"{name}, 95 % over seeds")
            axes.vlines(bias[~np.isnan(value)], low[~np.isnan(value)], high[~np.isnan(value)], color=colour, lw=1.2)
        for verdict, marker, name in ((UNDECIDED, "v", "from its least half-life up"), (GROWS, "^", "grows")):
            odd = [p for p in here if p["half_life_steps_decay"] == verdict and turning(p) is None]
            if verdict == UNDECIDED:
                name = f"{UNDECIDED}: {name}"
                ends = [p["half_life_steps_low95"] or np.nan for p in odd]
                axes.vlines([p["forget_bias"] for p in odd], ends, 3 * longest, color=ORANGE, lw=1.2)
            if odd:
                axes.plot([p["forget_bias"] for p in odd], [3 * longest] * len(odd), marker, color=ORANGE, label=name)
        turned = [p["forget_bias"] for p in here if turning(p) is not None]
        if turned:
            axes.plot(turned, [3 * longest] * len(turned), "x", color=ORANGE, label="of no one rate")
        axes.set(yscale="log", title=f"recurrent matrices x {scale:g}")
        below.plot(bias, _known(here, "slope_nats_per_step"), "o-", color=BLUE, ms=4, label="fitted lags")
        below.plot(bias, _known(here, "early_slope_nats_per_step"), "d:", color=ORANGE, ms=4, label="lags before them")
        below.axhline(0, color="black", lw=0.8)
        below.set_yscale("symlog", linthresh=0.01)
        below.set_xlabel("forget bias b")
    entries = {name: handle for axes in panels[0] for handle, name in zip(*axes.get_legend_handles_labels())}
    drawn.legend(entries.values(), entries.keys(), frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    panels[0][0].set_ylabel("half-life of the gradient (steps)")
    panels[1][0].set_ylabel("slope, nats per step")
    panels[1][0].legend(frameon=False, fontsize=8)
    save(drawn, panels.flat, path)


def _known(points: Points, key: str) -> np.ndarray:
    return np.array([np.nan if p[key] is None else p[key] for p in points], np.float64)


def sentence(points: Points) -> str:
    """How far from the prediction the forget gates are at every scale, and where the whole gradient lasts longer."""
    parts = []
    for scale in sorted({p["recurrent_scale"] for p in points}):
        off = [
            p[HIGHWAY] / p["predicted_half_life_steps"]
            for p in points
            if p["recurrent_scale"] == scale and p[HIGHWAY] is not None
        ]
        if off:
            near = "follows the prediction" if max(*off, 1 / min(off)) < FOLLOWS else "does not follow the prediction"
            parts.append(f"with recurrent matrices x {scale:g} it {near} ({min(off):.2f} to {max(off):.2f} times)")
    text = f"The half-life of the forget gates alone: {listed(parts, 'none can be told')}."
    for verdict, what in ((UNDECIDED, "is not told apart from no decay"), (GROWS, "grows backwards in time")):
        odd = [p for p in points if p["half_life_steps_decay"] == verdict and turning(p) is None]
        where = [f"{p['forget_bias']:+g} (x {p['recurrent_scale']:g})" for p in odd]
        if odd:
            text += f" The whole gradient {what} at a bias of {', '.join(where)}."
    bent = [
        f"{p['forget_bias']:+g} (x {p['recurrent_scale']:g}) it {turned_words(turned)}"
        for p in points
        if (turned := turning(p)) is not None
    ]
    if bent:
        text += f" The whole gradient has no one rate over the fitted lags at a bias of {listed(bent)}."
    hidden = [p for p in points if hidden_early_decay(p)]
    if hidden:
        most = min(hidden, key=lambda p: p["early_slope_nats_per_step"] - p["slope_nats_per_step"])
        text += (
            f" At {len(hidden)} of {len(points)} points the first lags fall faster than the fitted ones, most at a "
            f"bias of {most['forget_bias']:+g} (x {most['recurrent_scale']:g}): "
            f"{most['early_slope_nats_per_step']:+.3f} against {most['slope_nats_per_step']:+.3f} nats per step."
        )
    return text
