"""The gradient of the weights: which steps it comes from, and the curse of memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import MOMENTS, Networks, label, moments_of, powers_of_ten, style


def bptt(networks: Networks, path: Path) -> None:
    """From which steps the gradient of the top layer's weights comes: cumulative share of the summands' norms."""
    moments = moments_of(networks)
    drawn, panels = plt.subplots(1, len(moments), figsize=(5.4 * len(moments), 3.8), sharey=True, squeeze=False)
    for axes, moment in zip(panels[0], moments, strict=True):
        for network, found in networks.items():
            name, colour, line = style(network)
            axes.plot(within(found[moment]), color=colour, ls=line, lw=1.6, label=name)
        axes.axhline(0.9, color=GREY, lw=0.8, ls=":")
        axes.set(xlabel="steps back from the error", title=MOMENTS[moment], ylim=(0, 1.02))
    panels[0][0].set_ylabel("share of the BPTT sum within")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def within(found: Mapping[str, Any]) -> np.ndarray:
    """Cumulative share of the summands' norms by lag, median over seeds, made to end at one."""
    total = np.cumsum(np.array(found["bptt_norm_share"], np.float64)[::-1])
    return total / total[-1]


def bptt_sentence(networks: Networks) -> str:
    """How many steps back hold nine tenths of it."""
    parts = []
    for network, found in networks.items():
        counts = [int(np.searchsorted(within(found[m]), 0.9)) + 1 for m in moments_of(networks)]
        parts.append(f"{label(network)} {' then '.join(map(str, counts))}")
    return (
        "Of the sum over steps that backpropagation through time adds up for the weights, nine tenths (by norm) come "
        f"from the last so many steps, {' then '.join(MOMENTS[m] for m in moments_of(networks))}: {'; '.join(parts)}."
    )


def sensitivity(networks: Networks, path: Path) -> None:
    """dh_t/ds, the recurrent weights scaled by s, beside dh_t/dh_0: the curse of memory."""
    moment = moments_of(networks)[-1]
    drawn, panels = plt.subplots(1, 2, figsize=(10.8, 4.0), sharey=True)
    for axes, key, title in zip(
        panels,
        ("log_dh_dh0", "log_dh_ds"),
        ("of the state: |dh_t/dh_0|", "of the recurrent weights: |dh_t/ds|"),
        strict=True,
    ):
        for network, found in networks.items():
            name, colour, line = style(network)
            axes.plot(powers_of_ten(found[moment][key]), color=colour, ls=line, lw=1.5, label=name)
        axes.set(xlabel="step t", title=f"{title}, {MOMENTS[moment]}")
    panels[0].set_ylim(bottom=max(panels[0].get_ylim()[0], -20))  # once both are drawn: they share it
    panels[0].set_ylabel("log10 of the norm")
    panels[1].legend(frameon=False, fontsize=8)
    save(drawn, panels, path)


def sensitivity_sentence(networks: Networks) -> str:
    """Which network's output hangs most on its recurrent weights."""
    moment = moments_of(networks)[-1]
    final = {n: f[moment]["log_dh_ds"][-1] for n, f in networks.items() if f[moment]["log_dh_ds"][-1] is not None}
    most = max(final, key=final.__getitem__)
    state = networks[most][moment]["log_dh_dh0"][-1]
    beside = "its memory of the first state is exactly zero" if state is None else f"|dh_t/dh_0| is {np.exp(state):.1e}"
    return (
        f"Stable is not the same as learnable: what a change of the recurrent weights does adds up over time, even "
        f"where the first state is forgotten. {MOMENTS[moment].capitalize()} it is largest for {label(most)}: "
        f"|dh_t/ds| is {np.exp(final[most]):.3g} at the last step, where {beside}."
    )
