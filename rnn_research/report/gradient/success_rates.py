"""Share of the seeds that learn, against length: one drawing for every study that counts successes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from rnn_research.report.gradient.styles import Style


def rates(axes: Axes, points: list[dict[str, Any]], what: str, style: Callable[[str], Style]) -> None:
    """A line with Wilson's intervals for each value of the field ``what``; the caller says where the legend stands."""
    names = list(dict.fromkeys(p[what] for p in points))
    for n, each in enumerate(names):
        label, colour, line = style(each)
        here = [p for p in points if p[what] == each]
        length = aside([p["length"] for p in here], n, len(names))
        share = np.array([p["success_rate"] for p in here])
        low, high = (np.array([p[f"success_rate_{end}95"] for p in here]) for end in ("low", "high"))
        ends = np.maximum([share - low, high - share], 0)  # rounding
        axes.errorbar(length, share, yerr=ends, color=colour, ls=line, marker="o", ms=4, lw=1.5, label=label)
    axes.set(ylabel="share of the seeds that solve it, Wilson's 95 %", ylim=(-0.03, 1.03))
    length_axis(axes, points)


def solved(point: dict[str, Any]) -> str:
    """How many seeds have solved it, and how many could not be trained to the end."""
    failed = point.get("not_finite", 0)
    return f"{point['solved']} of {point['seeds']}" + (f", {failed} FAILED" if failed else "")


def aside(lengths: Sequence[int], n: int, count: int) -> np.ndarray:
    """Where the points of line n of ``count`` are drawn: a little aside, so that equal lines do not hide each other."""
    return np.array(lengths) * (1 + 0.02 * (n - (count - 1) / 2))


def length_axis(axes: Axes, points: list[dict[str, Any]]) -> None:
    """The axis of lengths, logarithmic, marked where there are points."""
    ticks = sorted({p["length"] for p in points})
    axes.set(xlabel="length T of the task (task.length)", xscale="log")
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
