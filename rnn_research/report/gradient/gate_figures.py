"""What gates do to the gradient: the LSTM's highway, and how many gates are stuck."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import BLUE, GREY, ORANGE, save
from rnn_research.report.gradient.styles import (
    MOMENTS,
    Networks,
    label,
    listed,
    moments_of,
    of_seeds,
    powers_of_ten,
    style,
)


def highway(networks: Networks, path: Path) -> None:
    """LSTM: the product of the forget gates against the whole of dc_T/dc_t, by lag."""
    moments = moments_of(networks)
    drawn, panels = plt.subplots(1, len(moments), figsize=(5.4 * len(moments), 4.2), sharey=True, squeeze=False)
    for axes, moment in zip(panels[0], moments, strict=True):
        for network, found in networks.items():
            if "log_highway" in found[moment]:
                name, colour, _ = style(network)
                whole, lane = (powers_of_ten(found[moment][key])[::-1] for key in ("log_whole", "log_highway"))
                axes.plot(whole, color=colour, lw=1.6, label=f"{name}: all paths")
                axes.plot(lane, color=colour, lw=1.4, ls="--", label=f"{name}: forget gates alone")
        axes.set(xlabel="lag (steps)", title=MOMENTS[moment])
    panels[0][0].set_ylabel(f"log10 of |dc_T/dc_t|{of_seeds(networks)}")
    panels[0][0].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


def highway_sentence(networks: Networks) -> str:
    """What the forget gates alone would let through, beside all that passes, at each moment that was measured."""
    return " ".join(_highway_at(networks, moment) for moment in moments_of(networks))


def _highway_at(networks: Networks, moment: str) -> str:
    powers, lag = {}, 0
    for network, found in networks.items():
        if "log_highway" in found.get(moment, {}):
            lane, whole = found[moment]["log_highway"], found[moment]["log_whole"]
            lag = min(50, len(lane) - 1)
            if lane[-1 - lag] is not None and whole[-1 - lag] is not None:
                powers[label(network)] = (lane[-1 - lag] - whole[-1 - lag]) / np.log(10)
    head = f"What the forget gates alone carry from c_t to c_T over {lag} steps {MOMENTS[moment]}"
    if not powers:
        return f"{head} cannot be set beside all that passes: one of the two is exactly zero."
    parts = listed(f"{name} {power:+.1f}" for name, power in powers.items())
    text = f"{head}, in powers of ten of all that passes: {parts}."
    through_h = [name for name, power in powers.items() if power < -0.3]  # less than half
    if len(through_h) == len(powers):
        return f"{text} Most of what passes goes by way of the hidden state."
    if through_h:
        return f"{text} In {', '.join(through_h)} most of what passes goes by way of the hidden state."
    return f"{text} Other paths do not add to it: half of what passes, or more, is what the forget gates let through."


def distributions(networks: Networks, path: Path) -> None:
    """How open each gate stands: histograms over units, time and sequences, a row for each moment."""
    moments = moments_of(networks)
    seen = [
        gate
        for gate in "iforz"
        if any(gate in found["gates"][0] for f in networks.values() for found in f.values() if "gates" in found)
    ]
    shape = (len(moments), len(seen))
    drawn, panels = plt.subplots(
        *shape, figsize=(2.4 * len(seen), 2.4 * len(moments)), sharex=True, sharey=True, squeeze=False
    )
    for row, moment in enumerate(moments):
        for axes, gate in zip(panels[row], seen, strict=True):
            for network, found in networks.items():
                layer = found[moment].get("gates", [{}])[0]
                if gate in layer:
                    name, colour, line = style(network)
                    shares = layer[gate]["histogram"]
                    middle = (np.arange(len(shares)) + 0.5) / len(shares)
                    axes.plot(middle, shares, color=colour, ls=line, lw=1.4, label=name)
            axes.set(title=f"{gate}, {MOMENTS[moment]}", xlim=(0, 1))
    for axes in panels[-1]:
        axes.set_xlabel("activation")
    panels[0][0].set_ylabel("share")
    entries = {name: handle for axes in panels.flat for handle, name in zip(*axes.get_legend_handles_labels())}
    panels[-1][-1].legend(entries.values(), entries.keys(), frameon=False, fontsize=7)
    save(drawn, panels.flat, path)


def gates(networks: Networks, path: Path) -> None:
    """Share of activations below 0.1 and above 0.9, every gate of every layer, as the paper plots it."""
    drawn, axes = plt.subplots(figsize=(5.6, 4.8))
    markers = {"i": "s", "f": "o", "o": "^", "r": "D", "z": "v"}
    for network, found in networks.items():
        for moment in found:
            for number, layer in enumerate(found[moment].get("gates", ())):
                for gate, g in layer.items():
                    colour = style(network).colour if len(networks) > 1 else (BLUE, ORANGE)[moment == "trained"]
                    x, y = g["right"], g["left"]
                    axes.plot(
                        x,
                        y,
                        markers[gate],
                        ms=6,
                        color=colour,
                        mfc=colour if moment == "trained" else "none",
                        alpha=0.9,
                    )
                    if x + y > 0.15:
                        place = gate if len(found[moment]["gates"]) == 1 else f"{gate}{number + 1}"
                        axes.annotate(place, (x, y), xytext=(5, 3), textcoords="offset points", fontsize=8)
    axes.plot([0, 1], [1, 0], color=GREY, lw=0.8, ls=":")
    axes.set(xlabel="share above 0.9 (right-saturated)", ylabel="share below 0.1 (left-saturated)")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title="open: initial, filled: trained")
    seen = {
        gate for found in networks.values() for m in found.values() for layer in m.get("gates", ()) for gate in layer
    }
    for gate in markers:
        if gate in seen:
            axes.plot([], [], markers[gate], color=GREY, ls="", label=gate)
    axes.legend(frameon=False, fontsize=8)
    save(drawn, [axes], path)


def gate_sentence(networks: Networks) -> str:
    """Which gate is saturated most."""
    every = [
        (g["left"] + g["right"], g, gate, number, network, moment)
        for network, moments in networks.items()
        for moment, found in moments.items()
        for number, layer in enumerate(found.get("gates", ()))
        for gate, g in layer.items()
    ]
    shut, g, gate, number, network, moment = max(every, key=lambda entry: entry[0])
    text = "The most saturated gate is" if shut >= 0.1 else "No gate is saturated: the most is"
    return (
        f"{text} {gate} of {label(network)}, layer {number + 1}, {MOMENTS[moment]}: "
        f"{g['left']:.0%} of its activations lie below 0.1 and {g['right']:.0%} above 0.9."
    )
