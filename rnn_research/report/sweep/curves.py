"""Learning curves: the mean over the seeds of a setting, with its interval as a band."""

from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from rnn_research.report.sweep.drawing import (
    LINES,
    STYLES,
    key,
    least_drawn,
    paired_words,
    save,
    size,
    value_axis,
    words,
)
from rnn_research.runs.frames import curves, is_field
from rnn_research.runs.pairs import seeds_of, told
from rnn_research.runs.question import Question, more_is_better
from rnn_research.runs.settings import label, of_setting, problem_fields, telling
from rnn_research.runs.statistics import mean_interval, paired


class Curve(NamedTuple):
    """One line.

    Attributes:
      label: which setting.
      problem: what it learns, where several problems are swept.
      seeds: how many runs.
      of: how many there are; the others have failed, or logged what is not finite.
      step_S: at each evaluation that all of them reached.
      mean_S: of the figure.
      low_S: lower end of its 95 % interval (Student's); nan for one run.
      high_S: upper end.
      end_by_seed: the last value of each run, by its seeds; None in an analysis of an older version, and where
        runs have all seeds in common.
    """

    label: str
    problem: str
    seeds: int
    of: int
    step_S: np.ndarray
    mean_S: np.ndarray
    low_S: np.ndarray
    high_S: np.ndarray
    end_by_seed: dict[str, float] | None = None


def gather(runs: pd.DataFrame, best: pd.DataFrame, question: Question) -> tuple[list[Curve], int]:
    """The curve of the best setting of every problem and kind.

    Args:
      runs: rows of ``load`` that count.
      best: from ``settings.best``.
      question: whose curve is drawn.

    Returns:
      The curves, and how many are left out where there are too many: the worst by validation.
    """
    fields = [name for name in best.columns if is_field(name)]
    # The best of a problem is the best of a kind as well.
    known = best[best[question.select].notna()]
    chosen = (known.drop_duplicates(fields) if fields else known.head(1)).sort_values(
        question.select, ascending=not more_is_better(question.select)
    )
    keep = problem_fields(runs)
    found = []
    for _, row in chosen.head(LINES).iterrows():
        setting = {field: row[field] for field in fields}
        curve = average(of_setting(runs, setting), question.curve, label(telling(setting, runs, keep)))
        if curve is not None:
            problem = label({field: setting[field] for field in keep})
            found.append(curve._replace(problem=problem))
    return found, max(0, len(chosen) - LINES)


def average(runs: pd.DataFrame, name: str, called: str) -> Curve | None:
    """The mean curve of the runs that ended well; None if they logged fewer than two points in common."""
    logged = curves(runs[runs["status"] != "failed"], [name])
    if (logged["kind"] == "validation").any():
        logged = logged[logged["kind"] == "validation"]
    whole = logged.groupby("run")["value"].transform(lambda values: np.isfinite(values).all()).astype(bool)
    value_SN = logged[whole].pivot_table(index="step", columns="run", values="value", aggfunc="last").dropna()
    if len(value_SN) < 2:
        return None
    mean_S, low_S, high_S = mean_interval(value_SN.to_numpy().T)
    seeds = runs.set_index("run")[seeds_of(runs)]
    ends = {" ".join(map(str, seeds.loc[run])): float(value) for run, value in value_SN.iloc[-1].items()}
    counts = value_SN.shape[1], len(runs)
    by_seed = ends if len(ends) == counts[0] else None
    return Curve(called, "", *counts, value_SN.index.to_numpy(), mean_S, low_S, high_S, by_seed)


def draw(found: list[Curve], name: str, path: Path) -> None:
    """A line and a band for each."""
    figure, axes = plt.subplots(figsize=size(len(found)))
    least = _least(found)
    for curve, style in zip(found, STYLES):
        axes.plot(curve.step_S, curve.mean_S, color=style.colour, ls=style.line, lw=1.6, label=curve.label)
        low_S = curve.low_S if least is None else np.maximum(curve.low_S, least)
        axes.fill_between(curve.step_S, low_S, curve.high_S, color=style.colour, alpha=0.18, lw=0)
    value_axis(axes, name, np.concatenate([curve.mean_S for curve in found]))
    if least is not None:
        axes.set_ylim(bottom=least)
    axes.set_xlabel("step")
    key(axes, len(found))
    save(figure, [axes], path)


def _least(found: list[Curve]) -> float | None:
    return least_drawn(*(np.concatenate([getattr(curve, name) for curve in found]) for name in ("mean_S", "low_S")))


def sentence(found: list[Curve], left_out: int, question: Question) -> str:
    """For every problem, who is best at the end, and from which step on it is where the next one ends."""
    parts = []
    for problem in dict.fromkeys(curve.problem for curve in found):
        here = [curve for curve in found if curve.problem == problem]
        parts.append(_first(here, -1 if more_is_better(question.curve) else 1))
    text = f"{words(question.curve).capitalize()} at the last step: {'; '.join(parts)}. "
    text += f"Each line is the best setting of its kind by validation, mean over {_seeds(found)}; "
    several = any(curve.seeds > 1 for curve in found)
    text += "band: its 95 % interval by Student's t over these runs" if several else "one run gives no band"
    if _least(found) is not None:
        text += " (where it meets the lower edge, it goes on to zero and below, for which the axis has no place)"
    return text + (f"; {left_out} more are left out, the worst by validation." if left_out else ".")


def _first(curves_here: list[Curve], sign: int) -> str:
    order = sorted(curves_here, key=lambda curve: sign * curve.mean_S[-1])
    first = order[0]
    text = f"{first.label} is best with {first.mean_S[-1]:.4g}"
    if len(order) > 1:
        second = order[1]
        passed = first.step_S[sign * first.mean_S <= sign * second.mean_S[-1]]
        text += f", then {second.label} with {second.mean_S[-1]:.4g}, which the first reaches at step {passed[0]:,}"
        apart = second.low_S[-1] > first.high_S[-1] or second.high_S[-1] < first.low_S[-1]
        if min(first.seeds, second.seeds) < 2 or not apart:
            text += f" ({_in_pairs(first, second, sign)})"
    return text


def _in_pairs(first: Curve, second: Curve, sign: int) -> str:
    """What the seeds that two curves share say, whose intervals overlap."""
    ends, others = first.end_by_seed or {}, second.end_by_seed or {}
    common = [seed for seed in ends if seed in others]
    if len(common) < 2:
        return "their intervals do not tell the two apart"
    found = paired(np.array([ends[seed] - others[seed] for seed in common]))
    if told(found) and sign * found.mean < 0:
        return f"their intervals overlap, and yet seed by seed the first is better by {paired_words(found)}"
    return f"their intervals do not tell the two apart, nor do they seed by seed: they differ by {paired_words(found)}"


def _seeds(found: list[Curve]) -> str:
    counts = sorted({curve.seeds for curve in found})
    most = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    lost = sum(curve.of - curve.seeds for curve in found)
    return f"{most} run{'s' if counts[-1] > 1 else ''}" + (f" (failed and left out: {lost})" if lost else "")
