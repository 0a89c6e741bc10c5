"""The figure of how cost grows: a panel for each size, log against log, with fitted exponents."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, NullLocator

from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save

COLUMNS = 3
STYLES = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^-."), (GREY, "d:"))


def scaling(results: dict[str, Any], path: Path) -> None:
    """Draws ``results["panels"]``: milliseconds against each size.

    Bars reach from the least to the most of the rounds; the exponent in the
    legend is the slope over the upper half of the sizes; what is drawn hollow is
    on paper, by Amdahl's law from the devices that are there.
    """
    panels = results["panels"]
    rows = -(-len(panels) // COLUMNS)
    figure, grid = plt.subplots(rows, COLUMNS, figsize=(4.2 * COLUMNS, 3.4 * rows), squeeze=False)
    for axes, found in zip(grid.flat, panels.values(), strict=False):
        _panel(axes, found)
    for unused in grid.flat[len(panels) :]:
        unused.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("milliseconds")
    save(figure, grid.flat, path)


def _panel(axes: Axes, found: dict[str, Any]) -> None:
    ticks = set()
    for (name, line), (colour, style) in zip(found["lines"].items(), STYLES, strict=False):
        at, median = line["at"], line["milliseconds_median"]
        ends = [
            [m - low for m, low in zip(median, line["milliseconds_least"], strict=True)],
            [high - m for m, high in zip(median, line["milliseconds_most"], strict=True)],
        ]
        label = f"{name}: exponent {line['exponent']:.2f}" if "exponent" in line else name
        axes.errorbar(at, median, yerr=ends, fmt=style, color=colour, ms=4, lw=1.4, elinewidth=0.8, label=label)
        ticks |= set(at)
        if paper := line.get("on_paper"):
            axes.plot(paper["at"], paper["milliseconds"], style[0], mfc="none", ls=":", color=colour, ms=5, lw=1)
            ticks |= set(paper["at"])
    on_paper = any(line.get("on_paper") for line in found["lines"].values())
    axes.set(xscale="log", yscale="log", xlabel=found["label"] + (" (hollow: on paper)" if on_paper else ""))
    axes.set_xticks(sorted(ticks), [str(t) for t in sorted(ticks)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(LogFormatter())
    axes.legend(frameon=False, fontsize=8)
