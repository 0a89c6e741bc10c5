"""Slopes against exponents, and the spectra of many steps and of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import MOMENTS, Networks, label, listed, moments_of, style

LEAST = 1e-4  # singular values below this are drawn at it


def rates(networks: Networks, path: Path) -> None:
    """The slope of every seed's lag profile against its top Lyapunov exponent: they agree on the diagonal."""
    drawn, axes = plt.subplots(figsize=(5.2, 4.6))
    for network, found in networks.items():
        name, colour, _ = style(network)
        for moment, marker in (("initial", "o"), ("trained", "^")):
            if moment in found:
                x, y = found[moment]["top_exponent_by_seed"], found[moment]["slope_by_seed"]
                axes.plot(x, y, marker, color=colour, ms=5, mec="white", label=name if moment == "initial" else None)
    low, high = min(*axes.get_xlim(), *axes.get_ylim()), max(*axes.get_xlim(), *axes.get_ylim())
    axes.plot([low, high], [low, high], color=GREY, lw=0.9, ls=":", zorder=0)
    axes.set(xlabel="top Lyapunov exponent (nats per step)", ylabel="slope of the lag profile (nats per step)")
    axes.legend(frameon=False, fontsize=8, title="circles: initial, triangles: trained", title_fontsize=8)
    save(drawn, [axes], path)


def rate_sentence(networks: Networks) -> str:
    """Whether slope and exponent are the same rate, and where they are not."""
    apart = [
        (abs(s - e), s, e, label(network), MOMENTS[moment])
        for network, moments in networks.items()
        for moment, found in moments.items()
        for s, e in zip(found["slope_by_seed"], found["top_exponent_by_seed"], strict=True)
        if s is not None and e is not None
    ]
    if not apart:
        return "The gradient is exactly zero in every network: there is no slope to set beside an exponent."
    agree = sum(same_rate(s, e) for _, s, e, *_ in apart)
    _, slope, exponent, name, when = max(apart)
    widest = f"the widest gap is that of {name} {when}, slope {slope:+.4f} and exponent {exponent:+.4f} nats per step"
    count = f"{agree} of {len(apart)} measurements"
    if any("layers" in found for moments in networks.values() for found in moments.values()):
        text = "In a stack the gradient of a lower layer also comes down from the layers above, at their rates. "
        return f"{text}Slope and the first layer's own top exponent {_within()} in {count}; {widest}."
    if agree == len(apart):
        middle = sorted(gap for gap, *_ in apart)[len(apart) // 2]
        return (
            "The gradient decays or grows at the rate of the network's top Lyapunov exponent: the two "
            f"{_within()} in all {len(apart)} measurements, {middle:.4f} nats per step apart in the median; {widest}."
        )
    if agree == 0:
        return f"Here the slope is not the rate of the top Lyapunov exponent: in none of {count[5:]} do the two " + (
            f"{_within()}; {widest}. Over so few steps either may not have settled."
        )
    return f"Slope and top Lyapunov exponent {_within()} in {count}, and not in the others; {widest}."


def same_rate(slope: float, exponent: float) -> bool:
    """Whether two rates agree within a tenth, or within 0.005 nats per step where both are small."""
    return abs(slope - exponent) <= max(0.005, 0.1 * abs(exponent))


def _within() -> str:
    return "agree within a tenth or 0.005 nats per step"


def spectra(networks: Networks, path: Path) -> None:
    """Lyapunov exponents, the largest first, and singular values of one-step Jacobians, a column for each moment."""
    moments = moments_of(networks)
    drawn, panels = plt.subplots(2, len(moments), figsize=(5.4 * len(moments), 6.4), sharey="row", squeeze=False)
    for column, moment in enumerate(moments):
        for network, found in networks.items():
            name, colour, line = style(network)
            # Results of an older version have them as the factorisation left them.
            exponents = sorted(found[moment]["exponents"], reverse=True)
            sigma = found[moment]["jacobian_singular_values"]
            order = np.arange(1, len(exponents) + 1)
            panels[0][column].plot(order, exponents, "o", ls=line, color=colour, ms=3, lw=1.3, label=name)
            share = np.arange(1, len(sigma) + 1) / len(sigma)
            panels[1][column].plot(share, np.maximum(sigma, LEAST), color=colour, ls=line, lw=1.5)
        panels[0][column].set(title=MOMENTS[moment], xlabel="rank of the exponent, the largest first")
        panels[1][column].set(xlabel="rank of the singular value, share of all", yscale="log")
        panels[1][column].axhline(1, color=GREY, lw=0.8, ls=":")
    panels[0][0].set_ylabel("Lyapunov exponent, nats per step")
    panels[1][0].set_ylim(bottom=LEAST / 1.5)
    panels[1][0].set_ylabel("singular value of ds'/ds")
    panels[1][0].legend(*panels[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="lower left")
    save(drawn, panels.flat, path)


def spectrum_sentence(networks: Networks) -> str:
    """How much one step can stretch beside what many do, at each moment that was measured."""
    text = " ".join(_spectrum_at(networks, moment) for moment in moments_of(networks))
    least = [min(f.get("jacobian_singular_values", (1.0,))) for found in networks.values() for f in found.values()]
    return text + (f" Singular values below {LEAST:g} are drawn at it." if min(least) < LEAST else "")


def _spectrum_at(networks: Networks, moment: str) -> str:
    found = {n: f[moment] for n, f in networks.items() if moment in f}
    stretch = {n: _log(f["jacobian_spectral_norm"]) for n, f in found.items()}
    more = {n: stretch[n] - f["top_exponent_nats_per_step"] for n, f in found.items() if _known(f)}
    parts = [
        f"{label(n)}: {stretch[n]:+.2f} against {f['top_exponent_nats_per_step']:+.3f}"
        for n, f in found.items()
        if _known(f)
    ]
    when = MOMENTS[moment].capitalize()
    if more and min(more.values()) > np.log(1.5):
        text = f"{when} one step can stretch some direction more than many steps stretch any on average"
    elif more and max(more.values()) <= np.log(1.5):
        text = f"{when} one step stretches no direction much more than many steps do on average"
    else:
        text = f"{when} what one step can stretch, beside what many steps stretch on average"
    return f"{text}: log of the largest singular value against the top exponent, nats per step: {listed(parts)}."


def _log(norm: float) -> float:
    return float(np.log(norm)) if norm > 0 else -np.inf


def _known(found: Mapping[str, Any]) -> bool:
    return found["top_exponent_nats_per_step"] is not None
