"""A figure over two swept fields, a panel for each combination of the others."""

from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm, Normalize

from rnn_research.report.sweep.drawing import NO_DATE, is_logarithmic, positions, short, words
from rnn_research.runs.directory import written_whole
from rnn_research.runs.question import Question, more_is_better
from rnn_research.runs.settings import each, label, telling

PANELS = 6


class Fields(NamedTuple):
    """Across, upwards, and what tells panels apart."""

    x: str
    y: str
    rest: tuple[str, ...]


def choose(table: pd.DataFrame, question: Question) -> Fields | None:
    """The field of the x axis, and of the others the one with the most values, numbers before names.

    What makes another problem (a field of the task) comes last: it tells panels
    apart, if there is anything else. None where one field alone is swept.
    """
    if question.x is None or not question.group:
        return None
    upwards = max(question.group, key=lambda field: _weight(table, field))
    return Fields(question.x, upwards, tuple(field for field in question.group if field != upwards))


def _weight(table: pd.DataFrame, field: str) -> tuple[bool, bool, int]:
    return not field.startswith("task."), positions(list(table[field]))[1], table[field].nunique()


def draw(table: pd.DataFrame, question: Question, fields: Fields, path: Path) -> None:
    """Means over the seeds, written into each field; the best one of each panel has a frame.

    Args:
      table: from ``summaries``.
      question: whose figure is drawn.
      fields: from ``choose``.
      path: of the picture.
    """
    panels = list(each(table, list(fields.rest)))[:PANELS]
    across, up = (_ordered(table[field]) for field in (fields.x, fields.y))
    width = max(2.6, 0.85 * len(across))
    size = (min(14, 1.6 + width * len(panels)), 1.4 + max(1.6, 0.5 * len(up)))
    figure, row = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False, layout="constrained")
    norm = _norm(table["mean"])
    colours = plt.get_cmap("viridis" if more_is_better(question.y) else "viridis_r")
    for axes, (setting, part) in zip(row[0], panels):
        mean_YX = _grid(part, fields, across, up)
        image = axes.imshow(np.ma.masked_invalid(mean_YX), origin="lower", aspect="auto", cmap=colours, norm=norm)
        for (y, x), mean in np.ndenumerate(mean_YX):
            if np.isfinite(mean):
                axes.text(x, y, f"{mean:.3g}", ha="center", va="center", fontsize=8, color=_ink(colours(norm(mean))))
        if np.isfinite(mean_YX).any():
            y, x = _best(mean_YX, question)
            axes.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, ec="#D55E00", lw=2.5))
        axes.set_xticks(range(len(across)), [short(value) for value in across])
        axes.set_yticks(range(len(up)), [short(value) for value in up])
        axes.set(xlabel=words(fields.x), title=_title(setting, table))
        axes.grid(visible=False)
    row[0][0].set_ylabel(words(fields.y))
    figure.colorbar(image, ax=list(row[0]), label=words(question.y))
    for kind, metadata in ((path.with_suffix(".pdf"), NO_DATE), (path, None)):
        with written_whole(kind) as part:
            figure.savefig(part, dpi=150, metadata=metadata)
    plt.close(figure)


def sentence(table: pd.DataFrame, question: Question, fields: Fields) -> str:
    """The best field of every panel."""
    panels = [(setting, part[part["mean"].notna()]) for setting, part in each(table, list(fields.rest))]
    parts = []
    for setting, part in panels[:PANELS]:
        if len(part):
            best = part.loc[part["mean"].idxmax() if more_is_better(question.y) else part["mean"].idxmin()]
            at = ", ".join(f"{words(field)} {short(best[field])}" for field in fields[:2])
            title = _title(setting, table)
            parts.append(f"{title + ': ' if title else ''}{best['mean']:.4g} at {at}")
    text = f"Best {words(question.y)} (framed): {'; '.join(parts)}."
    return text + (f" Of {len(panels)} panels the first {PANELS} are shown." if len(panels) > PANELS else "")


def _title(setting: dict[str, Any], table: pd.DataFrame) -> str:
    """Of a panel; none where there is but one."""
    told = telling(setting, table)
    return label(told) if told else ""


def _ordered(column: pd.Series) -> list[Any]:
    values = list(dict.fromkeys(column))
    return sorted(values) if positions(values)[1] else sorted(values, key=str)


def _grid(part: pd.DataFrame, fields: Fields, across: list[Any], up: list[Any]) -> np.ndarray:
    mean_YX = np.full((len(up), len(across)), np.nan)
    for x, y, mean in zip(part[fields.x], part[fields.y], part["mean"]):
        mean_YX[up.index(y), across.index(x)] = mean
    return mean_YX


def _best(mean_YX: np.ndarray, question: Question) -> tuple[int, int]:
    flat = np.nanargmax(mean_YX) if more_is_better(question.y) else np.nanargmin(mean_YX)
    y, x = np.unravel_index(flat, mean_YX.shape)
    return int(y), int(x)


def _norm(means: pd.Series) -> Normalize:
    found = means.dropna()
    low, high = float(found.min()), float(found.max())
    return LogNorm(low, high) if is_logarithmic(found) else Normalize(low, high if high > low else low + 1)


def _ink(colour: tuple[float, ...]) -> str:
    """Black or white, whichever is read on a colour (relative luminance of sRGB, roughly)."""
    return "black" if np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.5 else "white"
