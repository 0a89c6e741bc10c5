"""What the initial carry costs, run by run: a figure from results.json alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report.figures import BLUE, GREY, ORANGE, save
from rnn_research.runs.directory import RunDirectory, read_json


def write_figure(directory: RunDirectory) -> tuple[Path, ...]:
    """Draws what results.json says.

    Returns:
      The figure.

    Raises:
      UserError: if results.json is missing or damaged.
    """
    path = directory.figures / "two_basins.png"
    draw(read_json(directory.results, {"runs": [dict]}), path)
    return (path,)


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Left, every stream from the initial carry against the same from a warm one; right, losses in one and in many."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.0))
    probabilities = sorted({run["fresh_probability"] for run in results["runs"]})
    for p, color in zip(probabilities, (ORANGE, BLUE, GREY), strict=False):
        own = [run for run in results["runs"] if run["fresh_probability"] == p]
        warm, zero = (np.concatenate([np.array(run[f"nats_from_{n}"], float) for run in own]) for n in ("warm", "zero"))
        label = "no fresh starts" if p == 0 else f"probability {p:g}"
        left.plot(warm, zero, "o" if p else "x", color=color, ms=4, alpha=0.7, label=label)
        one, many = ([run[f"nats_in_{n}"] for run in own] for n in ("one_stream", "many_streams"))
        right.plot(many, one, "o" if p else "x", color=color, ms=5, alpha=0.8, label=label)
    for axes in (left, right):
        low = min(axes.get_xlim()[0], axes.get_ylim()[0])
        axes.axline((low, low), slope=1, color=GREY, lw=0.8, ls=":")
        axes.legend(frameon=False)
    left.set(xlabel="from a warm carry, nats per symbol", ylabel="from the initial carry, nats per symbol")
    left.set_title("every stream of every run", fontsize=10)
    right.set(xlabel="read as 32 streams, nats per symbol", ylabel="read as one stream, nats per symbol")
    right.set_title("every run", fontsize=10)
    save(figure, [left, right], path)
