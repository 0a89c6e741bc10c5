"""The gradient of the weights: which steps it comes from, and the curse of memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import MOMENTS, Networks, label, moments_of, of_seeds, powers_of_ten, style


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
    panels[0][0].set_ylabel(f"share of the BPTT sum within{of_seeds(networks)}")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def within(found: Mapping[str, Any]) -> np.ndarray:
    """Cumulative share of the summands' norms by lag, median over seeds, made to end at one; NaN without a gradient."""
    share = np.array([s or 0.0 for s in found["bptt_norm_share"]], np.float64)
    total = np.cumsum(share[::-1])
    return total / total[-1] if total[-1] > 0 else np.full(len(total), np.nan)


def bptt_sentence(networks: Networks) -> str:
    """How many steps back hold nine tenths of it."""
    parts = []
    for network, found in networks.items():
        shares = [within(found[m]) for m in moments_of(networks)]
        counts = ["none" if np.isnan(s[-1]) else str(int(np.searchsorted(s, 0.9)) + 1) for s in shares]
        parts.append(f"{label(network)} {' then '.join(counts)}")
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
    panels[0].set_ylabel(f"log10 of the norm{of_seeds(networks)}")
    panels[1].legend(frameon=False, fontsize=8)
    save(drawn, panels, path)


def sensitivity_sentence(networks: Networks) -> str:
    """Whether a change of the weights still matters where the first state is forgotten."""
    moment = moments_of(networks)[-1]
    ends = {n: (f[moment]["log_dh_ds"][-1], f[moment]["log_dh_dh0"][-1]) for n, f in networks.items()}
    final = {n: weights for n, (weights, _) in ends.items() if weights is not None}
    when = MOMENTS[moment].capitalize()
    if not final:
        return f"{when} a change of the recurrent weights moves no network's last state."
    # Forgotten: a hundredth of the first state is left; felt: a tenth of a unit for a doubling of the weights.
    forgotten = {n for n, (_, state) in ends.items() if state is None or state < np.log(1e-2)}
    felt = [n for n in final if n in forgotten and final[n] > np.log(0.1)]
    if felt:
        head = (
            "Stable is not the same as learnable: what a change of the recurrent weights does is felt at the last step "
            f"in {len(felt)} of {len(forgotten)} networks that have forgotten their first state. "
        )
    elif forgotten:
        head = "Where the first state is forgotten, a change of the recurrent weights is hardly felt either. "
    else:
        head = "No network has forgotten its first state at the last step: more than a hundredth of it is left. "
    most, among = max(felt or final, key=final.__getitem__), " among them" if felt else ""
    state = ends[most][1]
    beside = "its memory of the first state is exactly zero" if state is None else f"|dh_t/dh_0| is {np.exp(state):.1e}"
    return (
        f"{head}{when} it is felt most{among} in {label(most)}: |dh_t/ds| is {np.exp(final[most]):.3g} "
        f"at the last step, where {beside}."
    )
