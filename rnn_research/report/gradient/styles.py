"""How each network is named and drawn, the same in every figure.

Colours of Okabe and Ito 2008, with a line style each so that print in grey still tells them apart.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from rnn_research.report.figures import BLUE

Networks = Mapping[str, Any]
"""From a network's name to its measurements at each moment."""


class Style(NamedTuple):
    """One network's."""

    label: str
    colour: str
    line: str


STYLES = {
    "elman": Style("Elman tanh", "#D55E00", "-"),
    "elman_orthogonal": Style("Elman tanh, orthogonal", "#E69F00", "--"),
    "elman_relu": Style("Elman ReLU", "#E69F00", "-"),
    "irnn": Style("IRNN", "#CC79A7", "-."),
    "gru": Style("GRU", "#009E73", "-"),
    "lstm_forget_bias_0": Style("LSTM, forget bias 0", "#56B4E9", ":"),
    "lstm_forget_bias_1": Style("LSTM, forget bias 1", "#0072B2", "-"),
    "lstm_forget_bias_2": Style("LSTM, forget bias 2", "#000000", "--"),
}
MOMENTS = {"initial": "at initialisation", "trained": "after training"}


def style(network: str) -> Style:
    """Of a network of the studies, or of a cell by its name."""
    return STYLES.get(network, Style(network.replace("_", " "), BLUE, "-"))


def label(network: str) -> str:
    """The name of a network as a reader knows it."""
    return style(network).label


def powers_of_ten(nats: list[Any]) -> np.ndarray:
    """Logs in nats as log10; what is None (the log of zero) is left out of the drawing."""
    return np.array([np.nan if n is None else n for n in nats], np.float64) / np.log(10)


def with_interval(found: Mapping[str, Any], name: str, form: str, scale: float = 1) -> str:
    """A mean over seeds, its 95 % interval where there is one, and of how many seeds where not all have it."""
    values = [found[name], *(found.get(f"{name}_{end}95") for end in ("low", "high"))]
    if values[0] is None:
        return "none"
    mean, *ends = ("" if value is None else f"{scale * value:{form}}" for value in values)
    counts = found.get(f"{name}_seeds"), found.get(f"{name}_seeds_of")
    few = "" if counts[0] == counts[1] else f" ({counts[0]} of {counts[1]})"
    return (f"{mean} [{', '.join(ends)}]" if all(ends) else mean) + few


def listed(parts: Iterable[str], nothing: str = "none") -> str:
    """Parts of a sentence, one after another."""
    return "; ".join(parts) or nothing


def of_seeds(networks: Networks, average: str = "median") -> str:
    """A second line, ``median over 5 seeds``, for the label of an axis; empty for one network of a kind."""
    seeds = {len(found.get("slope_by_seed", ())) for moments in networks.values() for found in moments.values()}
    return f"\n{average} over {max(seeds)} seeds" if max(seeds, default=0) > 1 else ""


def moments_of(networks: Networks) -> list[str]:
    """Those that were measured."""
    return [m for m in MOMENTS if any(m in found for found in networks.values())]
