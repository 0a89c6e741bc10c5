"""A figure against a swept field, a line for each group."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rnn_research.errors import counted, some_of
from rnn_research.report.sweep.drawing import (
    BELOW,
    LINES,
    STYLES,
    field_axis,
    is_logarithmic,
    key,
    least_drawn,
    paired_words,
    positions,
    save,
    short,
    size,
    value_axis,
    words,
)
from rnn_research.runs.pairs import between, told
from rnn_research.runs.question import Question, more_is_better
from rnn_research.runs.settings import each, label, telling
from rnn_research.runs.statistics import Paired

OVER_RUNS = "its 95 % interval by Student's t over these runs"


def lines(table: pd.DataFrame, question: Question, figure: str = "mean") -> tuple[list[tuple[str, pd.DataFrame]], int]:
    """The settings of each group as one line, the best groups where there are too many.

    Args:
      table: a row a setting, from ``summaries`` or ``success_rates``.
      question: what is drawn against what.
      figure: the column by which groups are ranked.

    Returns:
      Names and rows, and how many groups are left out.
    """
    groups = [(telling(group, table), part) for group, part in each(table, list(question.group))]
    found = [(label(group) if group else "", part) for group, part in groups]
    found = [(name, part[part[figure].notna()]) for name, part in found]
    found = [(name, part) for name, part in found if len(part)]
    if len(found) > LINES:
        more = figure == "share" or more_is_better(question.y)
        found.sort(key=lambda line: -line[1][figure].max() if more else line[1][figure].min())
    return found[:LINES], max(0, len(found) - LINES)


def draw(table: pd.DataFrame, question: Question, path: Path) -> None:
    """Means over the seeds with their 95 % intervals."""
    found, _ = lines(table, question)
    figure, axes = plt.subplots(figsize=size(len(found)))
    shown = pd.concat([part for _, part in found])
    least = least_drawn(shown["mean"], shown["mean_low95"])
    bars(axes, found, question, "mean", shift=0.01, least=least)
    value_axis(axes, question.y, shown["mean"])
    field_axis(axes, str(question.x), list(shown[question.x]))
    key(axes, len(found))
    save(figure, [axes], path)


def bars(
    axes: Axes,
    found: list[tuple[str, pd.DataFrame]],
    question: Question,
    figure: str,
    shift: float = 0,
    least: float | None = None,
) -> None:
    """A line for each group, with the interval of each of its points as a bar.

    Args:
      axes: to draw on.
      found: from ``lines``.
      question: what is drawn against what.
      figure: the column that is drawn; its interval is in ``_low95`` and ``_high95``.
      shift: by what share of the axis each line is moved aside, so that equal ones do not hide each other.
      least: where bars that go on below zero end, with an arrow, from ``least_drawn``.
    """
    values = [value for _, part in found for value in part[question.x]]
    places, numbers = positions(values)
    everywhere, logarithmic = dict(zip(values, places)), numbers and is_logarithmic(places)
    for n, ((name, part), style) in enumerate(zip(found, STYLES)):
        place = np.array([everywhere[value] for value in part[question.x]])
        aside = shift * (n - (len(found) - 1) / 2)
        place = (
            place * np.exp(aside * np.ptp(np.log(places))) if logarithmic else place + aside * (np.ptp(places) or 1.0)
        )
        middle = part[figure].to_numpy(np.float64)
        low, high = (part[f"{figure}_{end}95"].fillna(part[figure]).to_numpy(np.float64) for end in ("low", "high"))
        if least is not None and (low <= 0).any():
            axes.plot(place[low <= 0], np.full((low <= 0).sum(), least), "v", color=style.colour, ms=5)
            low = np.where(low <= 0, least, low)
        axes.errorbar(
            *(place, middle, np.maximum([middle - low, high - middle], 0)),  # rounding
            color=style.colour,
            ls=style.line if numbers else "none",
            marker=style.marker,
            ms=5,
            lw=1.6,
            capsize=3,
            label=name or None,
        )


def sentence(table: pd.DataFrame, question: Question, runs: pd.DataFrame | None = None) -> str:
    """Where each line is best, whether that is told from the rest, and whether it is at an end of the axis.

    Args:
      table: a row a setting, from ``summaries``.
      question: what is drawn against what.
      runs: that count, to compare the best with the next seed by seed where their intervals meet.
    """
    found, left_out = lines(table, question)
    numbers = positions(list(table[question.x]))[1]
    best: dict[Any, list[str]] = {}
    told_by_pairs: dict[str, Paired] = {}
    level_in_pairs: dict[str, Paired] = {}
    at_an_end, level, alone = [], [], []
    for name, part in found:
        order = part.sort_values("mean", ascending=not more_is_better(question.y), kind="stable")
        value = order.iloc[0][question.x]
        best.setdefault(value, []).append(name)
        if numbers and len(part) > 2 and value in (part[question.x].min(), part[question.x].max()):
            at_an_end.append(name)
        intervals = part[["mean_low95", "mean_high95"]].notna().all(axis=1)
        if len(part) == 1:
            continue
        if not (intervals[part[question.x] == value].all() and intervals.sum() > 1):
            alone.append(name)
        elif _meets_another(part[intervals], part.loc[intervals, question.x] == value):
            found_here = None if runs is None else between(runs, question.y, *_first_two(order, question))
            if found_here is None:
                level.append(name)
            else:
                better = told(found_here) and (found_here.mean > 0) == more_is_better(question.y)
                (told_by_pairs if better else level_in_pairs)[name] = found_here
    where = "; ".join(f"{short(value)}{_whose(names, len(found))}" for value, names in best.items())
    text = f"{words(question.y).capitalize()} is best at {words(str(question.x))} {where}."
    if level:
        text += (
            f" Seeds do not tell the best from the rest{_whose(level, len(found))}: its interval meets another's, "
            "and they share no two seeds to compare them by."
        )
    for name, difference in level_in_pairs.items():
        text += (
            f" Seeds do not tell the best from the rest{_whose([name], len(found))}: its interval meets another's, and "
            f"seed by seed the next differs by {paired_words(difference)}."
        )
    for name, difference in told_by_pairs.items():
        text += (
            f" The interval of the best meets another's{_whose([name], len(found))}, and yet seed by seed it is better "
            f"than the next by {paired_words(difference)}."
        )
    if alone:
        text += f" Nothing tells the best from the rest{_whose(alone, len(found))}: a single run has no interval."
    if at_an_end and not str(question.x).startswith("task."):
        text += f" The best may lie beyond what was tried{_whose(at_an_end, len(found))}: it is at an end."
    barred = pd.concat([part for _, part in found])["mean_low95"].notna()
    bar = f", bar: {OVER_RUNS}" if barred.all() else ""
    if barred.any() and not barred.all():
        bar = f", bar: {OVER_RUNS}, where there are two runs or more"
    shown = pd.concat([part for _, part in found])
    if least_drawn(shown["mean"], shown["mean_low95"]) is not None:
        bar += f" ({BELOW})"
    text += f" Mean over the runs of each point{bar}."
    if lost := int(table["failed"].sum()):
        text += f" {some_of(lost, int(table['runs_of'].sum()), 'run', 'has', 'have')} failed, in no mean."
    return text + (f" {counted(left_out, 'group')} more left out, the worst." if left_out else "")


def _first_two(order: pd.DataFrame, question: Question) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of the best point of a line and of the next."""
    first, second = order[question.fields].head(2).to_dict("records")
    return first, second


def _meets_another(part: pd.DataFrame, best: pd.Series) -> bool:
    """Whether the best point's interval meets that of another point."""
    ends = part[["mean_low95", "mean_high95"]].to_numpy(np.float64)
    low, high = ends[best.to_numpy()][0]
    others = ends[~best.to_numpy()]
    return bool(len(others)) and not bool(np.all((others[:, 0] > high) | (others[:, 1] < low)))


def _whose(names: list[str], count: int) -> str:
    if count == 1:
        return ""
    return " for every line" if len(names) == count else f" ({'; '.join(names)})"
