"""Slopes against exponents, and the spectra of many steps and of one."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import MOMENTS, Networks, label, moments_of, style


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
    """How far slope and exponent are apart."""
    every = [found for moments in networks.values() for found in moments.values()]
    gaps = sorted(
        abs(s - e)
        for found in every
        for s, e in zip(found["slope_by_seed"], found["top_exponent_by_seed"], strict=True)
    )
    apart = f"they differ by {gaps[len(gaps) // 2]:.4f} nats per step in the median and {gaps[-1]:.4f} at most"
    if any("layers" in found for found in every):
        return (
            f"In a stack the gradient of a lower layer also comes down from the layers above, at their rates: for the "
            f"first layer, slope and its own top exponent need not agree ({apart})."
        )
    return f"The gradient decays at the rate of the network's top Lyapunov exponent: over {len(gaps)} networks {apart}."


def spectra(networks: Networks, path: Path) -> None:
    """Lyapunov exponents, and singular values of one-step Jacobians, a column for each moment."""
    moments = moments_of(networks)
    drawn, panels = plt.subplots(2, len(moments), figsize=(5.4 * len(moments), 6.4), sharey="row", squeeze=False)
    for column, moment in enumerate(moments):
        for network, found in networks.items():
            name, colour, line = style(network)
            exponents, sigma = found[moment]["exponents"], found[moment]["jacobian_singular_values"]
            order = np.arange(1, len(exponents) + 1)
            panels[0][column].plot(order, exponents, "o", ls=line, color=colour, ms=3, lw=1.3, label=name)
            share = np.arange(1, len(sigma) + 1) / len(sigma)
            panels[1][column].plot(share, np.maximum(sigma, 1e-8), color=colour, ls=line, lw=1.5)
        panels[0][column].set(title=MOMENTS[moment], xlabel="rank of the exponent")
        panels[1][column].set(xlabel="rank of the singular value, share of all", yscale="log", ylim=(1e-4, None))
        panels[1][column].axhline(1, color=GREY, lw=0.8, ls=":")
    panels[0][0].set_ylabel("Lyapunov exponents (nats per step)")
    panels[1][0].set_ylabel("singular values of ds'/ds")
    panels[1][0].legend(*panels[0][0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="lower left")
    save(drawn, panels.flat, path)


def spectrum_sentence(networks: Networks) -> str:
    """How much one step can stretch beside what many do."""
    found = {n: f["initial"] for n, f in networks.items()}
    parts = [
        f"{label(n)}: {np.log(f['jacobian_spectral_norm']):+.2f} against {f['top_exponent_nats_per_step']:+.3f}"
        for n, f in found.items()
    ]
    return (
        "One step can stretch some direction far more than many steps stretch any: log of the largest singular value "
        f"against the top exponent, at initialisation, nats per step: {'; '.join(parts)}."
    )
