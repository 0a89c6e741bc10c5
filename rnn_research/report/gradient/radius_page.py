"""The page of the radius study: rate against gain, beside the bound and the exponent."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.errors import some_of
from rnn_research.report import html
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save
from rnn_research.report.gradient.styles import listed, with_interval
from rnn_research.runs.directory import RunDirectory

FOLLOWS = 0.01  # nats per step: a hundredth of the range of these slopes
NAMES = {
    "tanh_gaussian": "tanh, Gaussian",
    "tanh_orthogonal": "tanh, orthogonal",
    "relu_gaussian": "ReLU, Gaussian",
    "relu_orthogonal": "ReLU, orthogonal",
}


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body."""
    curves, lags = results["curves"], results["lags"]
    rates(curves, directory.figures / "radius.png")
    by_lag(curves, lags, directory.figures / "radius_by_lag.png")
    rows = [
        (
            NAMES[name],
            with_interval(c, "edge_gain", ".3f"),
            f"{gap(c):.4f}",
            c["slopes_above_bound"],
        )
        for name, c in curves.items()
    ]
    head = ("network", "gain at the edge [95 % over seeds]", "largest |slope - exponent|", "slopes above the bound")
    closed = results["closed_form"]
    return "The edge between vanishing and exploding", [
        html.figure(directory.figures / "radius.png", rate_sentence(curves)),
        html.table(rows, head),
        html.figure(directory.figures / "radius_by_lag.png", lag_sentence(curves, lags)),
        f"<p>Over {closed['lags']} lags scalar networks, h = w h, differ from lag log|w| by "
        f"{closed['scalar_largest_error_nats']:.1e} nats at most, and linear ones from the powers of W by "
        f"{closed['linear_largest_error_nats']:.1e}; the logs themselves reach "
        f"{closed['linear_largest_nats']:.0f}.</p>",
    ]


def series(curve: dict[str, Any], key: str) -> np.ndarray:
    """One number a gain."""
    return np.array([p[key] for p in curve["points"]], np.float64)


def gap(curve: dict[str, Any]) -> float:
    """Largest difference of mean slope and exponent, where both are known (a dead network has neither)."""
    gaps = np.abs(series(curve, "slope_nats_per_step") - series(curve, "top_exponent_nats_per_step"))
    return float(np.nanmax(gaps)) if np.isfinite(gaps).any() else 0.0


def rates(curves: dict[str, Any], path: Path) -> None:
    """A panel for each kind of network."""
    drawn, panels = plt.subplots(2, 2, figsize=(10.4, 7.4), sharex=True, sharey=True)
    for axes, (name, curve) in zip(panels.flat, curves.items(), strict=True):
        gain = series(curve, "gain")
        axes.plot(gain, series(curve, "bound_nats_per_step"), color=GREY, ls="--", lw=1.3, label="bound log(sigma_max)")
        axes.plot(gain, series(curve, "log_spectral_radius"), color=GREEN, ls=":", lw=1.6, label="log spectral radius")
        axes.plot(gain, series(curve, "top_exponent_nats_per_step"), color=ORANGE, lw=1.6, label="top exponent")
        slope = series(curve, "slope_nats_per_step")
        ends = [slope - series(curve, "slope_nats_per_step_low95"), series(curve, "slope_nats_per_step_high95") - slope]
        axes.errorbar(gain, slope, yerr=ends, fmt="o", color=BLUE, ms=4, lw=1, label="measured slope, 95 % over seeds")
        axes.axhline(0, color="black", lw=0.8)
        if curve["edge_gain"] is not None:
            axes.axvline(curve["edge_gain"], color=GREY, lw=0.8)
            where = {"transform": axes.get_xaxis_transform(), "color": GREY, "fontsize": 9}
            axes.text(curve["edge_gain"], 0.05, f" edge {curve['edge_gain']:.2f}", **where)
        axes.set(title=NAMES[name])
    for axes in panels[1]:
        axes.set_xlabel("gain of the recurrent matrix")
    for axes in panels[:, 0]:
        axes.set_ylabel("nats per step of lag")
    panels[0][0].legend(frameon=False, fontsize=8)
    save(drawn, panels.flat, path)


def rate_sentence(curves: dict[str, Any]) -> str:
    """Where the edge lies, on which side of the gain of 1, and whether it is the exponent's."""
    return f"{edge_sentence(curves)} {exponent_sentence(curves)} {bound_sentence(curves)}"


def edge_sentence(curves: dict[str, Any]) -> str:
    """Where the slope passes zero, beside the gain of 1 at which the spectral radius does."""
    edges = {NAMES[n]: c for n, c in curves.items() if c["edge_gain"] is not None}
    never = [NAMES[n] for n, c in curves.items() if c["edge_gain"] is None]
    seeds = [edge for c in edges.values() for edge in c["edge_gain_by_seed"]]
    text = ""
    if edges:
        where = listed(f"{name} {c['edge_gain']:.2f}" for name, c in edges.items())
        above = sum(edge > 1 for edge in seeds)
        which = "all" if above == len(seeds) else f"{above} of the {len(seeds)}"
        text = (
            f"Gradients stop vanishing at a gain of {where} in the mean; {which} networks do so above the gain of 1, "
            f"near which the spectral radius passes 1 (the lowest at {min(seeds):.3f})."
        )
    if never:
        text += f"{' ' if text else ''}Within these gains some seed's slope never passes zero: {listed(never)}."
    return text


def exponent_sentence(curves: dict[str, Any]) -> str:
    """Whether the slope is the top exponent."""
    gaps = {NAMES[n]: gap(c) for n, c in curves.items()}
    widest = max(gaps, key=gaps.__getitem__)
    follows = "follows" if gaps[widest] <= FOLLOWS else "does not follow"
    most = f"{gaps[widest]:.4f} at the most ({widest})"
    return f"The mean slope {follows} the top exponent within {FOLLOWS:g} nats per step: {most}."


def bound_sentence(curves: dict[str, Any]) -> str:
    """How many networks break the bound."""
    above = sum(c["slopes_above_bound"] for c in curves.values())
    count = sum(len(p["slope_by_seed"]) for c in curves.values() for p in c["points"])
    return (
        f"No network of {count} lies above the bound."
        if not above
        else f"{some_of(above, count, 'network', 'lies', 'lie')} above the bound."
    )


def by_lag(curves: dict[str, Any], lags: list[int], path: Path) -> None:
    """Slopes fitted up to shorter and longer lags."""
    drawn, panels = plt.subplots(1, len(curves), figsize=(3.4 * len(curves), 3.4), sharey=True)
    for axes, (name, curve) in zip(panels, curves.items(), strict=True):
        slopes = np.array([p["slope_by_lag"] for p in curve["points"]])
        for n, lag in enumerate(lags):
            shade = 0.25 + 0.75 * (n + 1) / len(lags)
            axes.plot(series(curve, "gain"), slopes[:, n], color=BLUE, alpha=shade, lw=1.5, label=f"lags up to {lag}")
        axes.axhline(0, color="black", lw=0.8)
        axes.set(title=NAMES[name], xlabel="gain")
    panels[0].set_ylabel("slope, nats per step")
    panels[0].legend(frameon=False, fontsize=8)
    save(drawn, panels, path)


def lag_sentence(curves: dict[str, Any], lags: list[int]) -> str:
    """How much the length of the fit matters."""
    change = max(
        abs(p["slope_by_lag"][0] - p["slope_by_lag"][-1]) for curve in curves.values() for p in curve["points"]
    )
    return f"Fitted to lags up to {lags[0]} instead of {lags[-1]}, no mean slope changes by more than {change:.3f}."
