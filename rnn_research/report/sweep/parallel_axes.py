"""Parallel coordinates: every setting a line across all swept fields, coloured by its figure."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize

from rnn_research.report.sweep.drawing import is_logarithmic, positions, save, short, words
from rnn_research.runs.question import Question, more_is_better

FEWEST = 3
"""Fields from which on the picture says more than a heat map."""
SPREAD = 0.05
"""By how much lines that meet in one value are drawn apart, in heights of an axis: the best lowest."""


class _Axis:
    """One upright axis: from values to heights between 0 and 1."""

    def __init__(self, values: list):
        distinct = list(dict.fromkeys(values))
        numbers = positions(distinct)[1]
        distinct = sorted(distinct) if numbers else sorted(distinct, key=str)
        place = positions(distinct)[0]
        if numbers and is_logarithmic(place):
            place = np.log(place)
        spread = np.ptp(place)
        self.heights = dict(zip(distinct, (place - place[0]) / spread if spread else np.full(len(place), 0.5)))

    def marks(self) -> dict[str, float]:
        """Where it is marked: at every value, or at five of many."""
        values = list(self.heights)
        if len(values) > 8:
            values = [values[i] for i in np.linspace(0, len(values) - 1, 5).astype(int)]
        return {short(value): self.heights[value] for value in values}


def draw(table: pd.DataFrame, question: Question, path: Path) -> None:
    """All settings, the best on top and thick.

    Args:
      table: from ``summaries``.
      question: whose fields are the axes.
      path: of the picture.
    """
    table = _worst_first(table, question)
    fields = list(question.fields)
    # Runs of different tasks lack each other's fields.
    table = table.assign(**table[fields].astype(object).where(table[fields].notna(), "none"))
    columns = [*fields, "mean"]
    uprights = [_Axis(list(table[column])) for column in columns]
    height_RC = np.array(
        [[a.heights[v] for a, v in zip(uprights, row)] for row in table[columns].itertuples(index=False)]
    )
    # By rank, not by value: one setting that failed would leave all others the same colour.
    rank_R = np.linspace(1, 0, len(table))
    colours = ListedColormap(plt.get_cmap("viridis")(np.linspace(0, 0.92, 256)))  # its yellow is lost on white
    height_RC[:, :-1] += SPREAD * (rank_R[:, None] - 0.5)
    figure, axes = plt.subplots(figsize=(min(14, 2.2 + 1.6 * len(columns)), 4.4), layout="constrained")
    for n, (height_C, rank) in enumerate(zip(height_RC, rank_R)):
        last = n == len(table) - 1
        axes.plot(height_C, color=colours(rank), lw=3 if last else 1, alpha=1 if last else 0.7)
    for place, upright in enumerate(uprights):
        _upright(axes, place, upright)
    axes.set_xticks(range(len(columns)), [*(words(field) for field in question.fields), words(question.y)])
    axes.set(yticks=[], ylim=(-0.06, 1.06), xlim=(-0.3, len(columns) - 0.4))
    axes.spines["left"].set_visible(False)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), colours), ax=axes, ticks=[0, 1])
    bar.ax.set_yticklabels(["best", "worst"])
    save(figure, [axes], path)


def sentence(table: pd.DataFrame, question: Question) -> str:
    """Between what the best tenth of the settings lies, on every axis."""
    order = _worst_first(table, question).iloc[::-1]
    top = order.head(max(1, round(len(order) / 10)))
    parts = []
    for field in question.fields:
        values = list(dict.fromkeys(top[field]))
        numbers = positions(values)[1] and len(values) > 1
        found = f"{short(min(values))} to {short(max(values))}" if numbers else ", ".join(map(short, values))
        parts.append(f"{words(field)} {found}")
    whose = (
        f"The best {len(top)} of {len(order)} settings have"
        if len(top) > 1
        else f"The best of {len(order)} settings has"
    )
    return f"{whose} {'; '.join(parts)}. A line is a setting, its colour its rank by mean {words(question.y)}."


def _worst_first(table: pd.DataFrame, question: Question) -> pd.DataFrame:
    return table[table["mean"].notna()].sort_values("mean", ascending=more_is_better(question.y), kind="stable")


def _upright(axes: Axes, place: int, upright: _Axis) -> None:
    axes.axvline(place, color="black", lw=0.8, zorder=0)
    for text, height in upright.marks().items():
        axes.plot([place - 0.02, place + 0.02], [height, height], color="black", lw=0.8)
        background = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5}
        axes.text(place + 0.04, height, text, fontsize=8, va="center", bbox=background)
