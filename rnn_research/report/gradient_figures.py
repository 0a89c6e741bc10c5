"""Figures of the gradient laboratory, drawn from a study's results alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import GREY, save

# Okabe and Ito 2008, with a line style each so that print in grey still tells them apart.
STYLES = {
    "elman": ("Elman tanh", "#D55E00", "-"),
    "elman_orthogonal": ("Elman tanh, orthogonal", "#E69F00", "--"),
    "elman_relu": ("Elman ReLU", "#E69F00", "-"),
    "irnn": ("IRNN", "#CC79A7", "-."),
    "gru": ("GRU", "#009E73", "-"),
    "lstm_forget_bias_0": ("LSTM, forget bias 0", "#56B4E9", ":"),
    "lstm_forget_bias_1": ("LSTM, forget bias 1", "#0072B2", "-"),
    "lstm_forget_bias_2": ("LSTM, forget bias 2", "#000000", "--"),
}
MOMENTS = {"initial": "at initialisation", "trained": "after training"}


def label(network: str) -> str:
    """The name of a network as a reader knows it."""
    return STYLES[network][0]


def lag_profiles(networks: Mapping[str, Any], path: Path) -> None:
    """log ||dE/dh_t|| against lag, all networks, a panel for each moment; bands are quartiles over sequences."""
    moments = [m for m in MOMENTS if any(m in found for found in networks.values())]
    figure, panels = plt.subplots(1, len(moments), figsize=(5.4 * len(moments), 4.2), sharey=True, squeeze=False)
    for axes, moment in zip(panels[0], moments, strict=True):
        for network, found in networks.items():
            name, colour, style = STYLES[network]
            profile = _power_of_ten(found[moment]["profile"])
            lag = np.arange(len(profile))
            axes.plot(lag, profile, color=colour, ls=style, lw=1.6, label=name)
            low, high = (_power_of_ten(found[moment][f"profile_{end}"]) for end in ("low", "high"))
            axes.fill_between(lag, low, high, color=colour, alpha=0.15, lw=0)
        axes.axhline(-38, color=GREY, lw=0.8, ls=":")
        axes.text(2, -38, " float32 ends here", color=GREY, fontsize=8, va="bottom")
        axes.set(xlabel="lag (steps back from the error)", title=MOMENTS[moment])
        axes.set_ylim(bottom=max(axes.get_ylim()[0], -60))
    panels[0][0].set_ylabel("log10 of |dE/dh|, relative to lag 0")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(figure, panels[0], path)


def _power_of_ten(profile: list[float]) -> np.ndarray:
    return np.array(profile)[::-1] / np.log(10)


def rates(networks: Mapping[str, Any], path: Path) -> None:
    """The slope of every seed's lag profile against its top Lyapunov exponent: they agree on the diagonal."""
    figure, axes = plt.subplots(figsize=(5.2, 4.6))
    for network, found in networks.items():
        name, colour, _ = STYLES[network]
        for moment, marker in (("initial", "o"), ("trained", "^")):
            if moment in found:
                x, y = found[moment]["top_exponent_by_seed"], found[moment]["slope_by_seed"]
                axes.plot(x, y, marker, color=colour, ms=5, mec="white", label=name if moment == "initial" else None)
    low, high = min(*axes.get_xlim(), *axes.get_ylim()), max(*axes.get_xlim(), *axes.get_ylim())
    axes.plot([low, high], [low, high], color=GREY, lw=0.9, ls=":", zorder=0)
    axes.set(xlabel="top Lyapunov exponent (nats per step)", ylabel="slope of the lag profile (nats per step)")
    axes.legend(frameon=False, fontsize=8, title="circles: initial, triangles: trained", title_fontsize=8)
    save(figure, [axes], path)


def highway(networks: Mapping[str, Any], path: Path) -> None:
    """LSTM: the product of the forget gates against the whole of dc_T/dc_t, by lag."""
    lstms = {n: f for n, f in networks.items() if "log_highway" in f["initial"]}
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    for network, found in lstms.items():
        name, colour, _ = STYLES[network]
        whole, lane = (_power_of_ten(found["initial"][key]) for key in ("log_whole", "log_highway"))
        axes.plot(whole, color=colour, lw=1.6, label=f"{name}: all paths")
        axes.plot(lane, color=colour, lw=1.4, ls="--", label=f"{name}: forget gates alone")
    axes.set(xlabel="lag (steps)", ylabel="log10 of the norm of dc_T/dc_t", title="at initialisation")
    axes.legend(frameon=False, fontsize=8)
    save(figure, [axes], path)


def success(points: list[dict[str, Any]], path: Path) -> None:
    """Every seed's validation objective against steps, a panel for each length."""
    lengths = sorted({p["length"] for p in points})
    figure, panels = plt.subplots(1, len(lengths), figsize=(6.4 * len(lengths), 4.2), sharey=True, squeeze=False)
    for axes, length in zip(panels[0], lengths, strict=True):
        here = [p for p in points if p["length"] == length]
        for point in here:
            name, colour, style = STYLES[point["network"]]
            for seed, curve in enumerate(point["curves"]):
                steps, values = zip(*curve, strict=True)
                axes.plot(steps, values, color=colour, ls=style, lw=1.1, alpha=0.8, label=None if seed else name)
        floor = here[0].get("floor_mean_squared_error")
        if floor is not None:
            axes.axhline(floor, color=GREY, lw=0.9, ls=":")
            axes.text(axes.get_xlim()[1], floor, "no memory ", color=GREY, fontsize=8, ha="right", va="bottom")
        axes.set(xlabel="step", title=f"{here[0]['task']}, T = {length}", yscale="log")
    panels[0][0].set_ylabel("validation error")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(figure, panels[0], path)
