"""The anatomy's page: lag profiles and the table of rates, then what lies behind them."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.gates import distributions, gate_sentence, gates, highway, highway_sentence
from rnn_research.report.gradient.spectra import rate_sentence, rates, spectra, spectrum_sentence
from rnn_research.report.gradient.styles import (
    MOMENTS,
    Networks,
    label,
    moments_of,
    powers_of_ten,
    steps,
    style,
    with_interval,
)
from rnn_research.report.gradient.weights import bptt, bptt_sentence, sensitivity, sensitivity_sentence
from rnn_research.runs.directory import RunDirectory


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body, for a study of networks and for a single run."""
    networks, folder = results["networks"], directory.figures
    body = [figure(folder / "lag_profiles.png", lag_profiles, profile_sentence, networks), rate_table(networks)]
    if any("layers" in found for moments in networks.values() for found in moments.values()):
        body.append(layer_table(networks))
    body.append(figure(folder / "rates.png", rates, rate_sentence, networks))
    body.append(figure(folder / "spectra.png", spectra, spectrum_sentence, networks))
    if any("log_highway" in found["initial"] for found in networks.values()):
        body.append(figure(folder / "highway.png", highway, highway_sentence, networks))
    if any("gates" in found["initial"] for found in networks.values()):
        body.append(
            figure(folder / "gates.png", gates if len(networks) == 1 else distributions, gate_sentence, networks)
        )
    body.append(figure(folder / "bptt.png", bptt, bptt_sentence, networks))
    body.append(figure(folder / "sensitivity.png", sensitivity, sensitivity_sentence, networks))
    return f"Anatomy of the gradient over {results['length']} steps", body


def figure(path: Path, draw: Any, sentence: Any, networks: Networks) -> str:
    """Draws, and puts the sentence under it."""
    draw(networks, path)
    return html.figure(path, sentence(networks))


def lag_profiles(networks: Networks, path: Path) -> None:
    """log ||dE/dh_t|| against lag, all networks, a panel for each moment; bands are quartiles over sequences."""
    moments = moments_of(networks)
    drawn, panels = plt.subplots(1, len(moments), figsize=(5.4 * len(moments), 4.2), sharey=True, squeeze=False)
    for axes, moment in zip(panels[0], moments, strict=True):
        for network, found in networks.items():
            name, colour, line = style(network)
            profile = powers_of_ten(found[moment]["profile"])[::-1]
            lag = np.arange(len(profile))
            axes.plot(lag, profile, color=colour, ls=line, lw=1.6, label=name)
            low, high = (powers_of_ten(found[moment][f"profile_{end}"])[::-1] for end in ("low", "high"))
            axes.fill_between(lag, low, high, color=colour, alpha=0.15, lw=0)
        axes.set(xlabel="lag (steps back from the error)", title=MOMENTS[moment])
        axes.set_ylim(bottom=max(axes.get_ylim()[0], -60))
        if axes.get_ylim()[0] < -38:
            axes.axhline(-38, color=GREY, lw=0.8, ls=":")
            axes.text(2, -38, " float32 ends here", color=GREY, fontsize=8, va="bottom")
    panels[0][0].set_ylabel("log10 of |dE/dh|, relative to lag 0")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def profile_sentence(networks: Networks) -> str:
    """Which network loses the gradient first, and which keeps it longest; of one network, before and after."""
    if len(networks) == 1:
        ((network, found),) = networks.items()
        parts = [
            f"{MOMENTS[m]} {found[m]['slope_nats_per_step']:+.4f} nats per step (half-life "
            f"{steps(found[m]['half_life_steps_median'])})"
            for m in moments_of(networks)
        ]
        return f"The gradient in the first layer of {label(network)}: {'; '.join(parts)}."
    slopes = {network: found["initial"]["slope_nats_per_step"] for network, found in networks.items()}
    fastest, slowest = min(slopes, key=slopes.__getitem__), max(slopes, key=slopes.__getitem__)
    return (
        f"At initialisation {label(fastest)} loses the gradient fastest ({slopes[fastest]:.3f} nats per step, a factor "
        f"of ten every {-2.302585 / slopes[fastest]:.0f} steps); {label(slowest)} keeps it best "
        f"({slopes[slowest]:+.4f} nats per step)."
    )


def rate_table(networks: Networks) -> str:
    """Slope, exponent, half-life and one-step Jacobian of every network and moment."""
    rows = [
        (
            label(network),
            MOMENTS[moment],
            with_interval(found, "slope_nats_per_step", ".4f"),
            f"{found['top_exponent_nats_per_step']:.4f}",
            steps(found["half_life_steps_median"]),
            f"{100 * found['exploding_share']:.0f} %",
            f"{found['jacobian_spectral_norm']:.3f}",
            f"{found['jacobian_spectral_radius']:.3f}",
        )
        for network, moments in networks.items()
        for moment, found in moments.items()
    ]
    head = ("network", "", "slope, nats per step [95 %]", "top exponent", "half-life, steps", "exploding")
    return html.table(rows, (*head, "norm of ds'/ds", "radius of ds'/ds"))


def layer_table(networks: Networks) -> str:
    """Slope and exponent by layer, the lowest first."""
    rows = [
        (
            MOMENTS[moment],
            number + 1,
            f"{layer['slope_nats_per_step']:.4f}",
            f"{layer['top_exponent_nats_per_step']:.4f}",
        )
        for moments in networks.values()
        for moment, found in moments.items()
        for number, layer in enumerate(found.get("layers", ()))
    ]
    return html.table(rows, ("", "layer", "slope, nats per step", "the layer's own top exponent"))
