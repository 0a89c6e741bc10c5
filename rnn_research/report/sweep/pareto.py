"""What a better figure costs: the Pareto front of settings against parameters or time."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from rnn_research.errors import some_of
from rnn_research.report.sweep.drawing import STYLES, is_logarithmic, key, save, value_axis, words
from rnn_research.runs.question import Question, more_is_better
from rnn_research.runs.settings import each, label, problem_fields, scored, telling

COSTS = ("parameters", "wall_seconds")


def costs(runs: pd.DataFrame) -> tuple[str, ...]:
    """What settings can be held against: not the time, where runs were trained as one program and share theirs."""
    shared = "packed_runs" in runs.columns and (runs["packed_runs"].fillna(1) > 1).any()
    return tuple(cost for cost in COSTS if not (shared and cost == "wall_seconds"))


def gather(runs: pd.DataFrame, question: Question, cost: str) -> pd.DataFrame:
    """Settings and what they cost.

    Returns:
      A row a setting, by problem and ascending cost: ``problem``, ``label``, mean
      ``cost`` and ``figure``, and whether it is on the ``front`` of its problem.
    """
    fields = list(dict.fromkeys([*question.fields, *problem_fields(runs)]))
    settings = runs[fields].drop_duplicates()
    rows = [
        {
            "problem": label({field: ended[field].iloc[0] for field in problem_fields(runs)}),
            "label": label(telling(setting, settings, problem_fields(runs))),
            "cost": ended[cost].mean(),
            "figure": ended[question.y].mean(),
        }
        for setting, part in each(runs, fields)
        if len(ended := scored(part, question.y))
    ]
    table = pd.DataFrame(rows, columns=["problem", "label", "cost", "figure"]).dropna()
    sign = -1 if more_is_better(question.y) else 1
    on = np.zeros(len(table), bool)
    for problem in table["problem"].unique():
        here = (table["problem"] == problem).to_numpy()
        on[here] = front(table["cost"].to_numpy(float)[here], sign * table["figure"].to_numpy(float)[here])
    table = table.assign(front=on)
    by_cost = [part.sort_values("cost", kind="stable") for _, part in table.groupby("problem", sort=False)]
    return pd.concat(by_cost, ignore_index=True) if by_cost else table


def front(cost_N: np.ndarray, loss_N: np.ndarray) -> np.ndarray:
    """Whether nothing else is at least as good in both and better in one, bool ``[N]``."""
    no_worse_NN = (cost_N[None] <= cost_N[:, None]) & (loss_N[None] <= loss_N[:, None])
    better_NN = (cost_N[None] < cost_N[:, None]) | (loss_N[None] < loss_N[:, None])
    return np.asarray(~(no_worse_NN & better_NN).any(1))


def draw(table: pd.DataFrame, question: Question, cost: str, path: Path) -> None:
    """Every setting a point, the front of each problem a line of steps, numbered as in ``sentence``.

    Args:
      table: from ``gather``.
      question: whose figure is drawn.
      cost: what it costs, one of ``COSTS``.
      path: of the picture.
    """
    figure, axes = plt.subplots(figsize=(7.2, 4.4))
    off = table[~table["front"]]
    axes.scatter(off["cost"], off["figure"], color="#7f7f7f", s=28, alpha=0.7, label="other settings")
    number = 0
    for problem, style in zip(table["problem"].unique(), STYLES):
        on = table[table["front"] & (table["problem"] == problem)]
        axes.step(on["cost"], on["figure"], where="post", color=style.colour, ls=style.line, lw=1.4)
        name = "front" if table["problem"].nunique() == 1 else f"front of {problem}"
        axes.scatter(on["cost"], on["figure"], color=style.colour, marker=style.marker, s=42, zorder=3, label=name)
        for x, y in zip(on["cost"], on["figure"]):
            number += 1
            axes.annotate(str(number), (x, y), (6, 6), textcoords="offset points", fontsize=9)
    if is_logarithmic(table["cost"]):
        axes.set_xscale("log")
    axes.set_xlabel(words(cost))
    value_axis(axes, question.y, table["figure"])
    key(axes, 2)
    save(figure, [axes], path)


def sentence(table: pd.DataFrame, question: Question, cost: str) -> str:
    """The settings of the front, the cheapest first."""
    on = table[table["front"]]
    named = [
        f"({number}) {row['label']}: {row['figure']:.4g} for {row['cost']:,.6g}"
        for number, (_, row) in enumerate(on.iterrows(), 1)
    ]
    text = f"{some_of(len(on), len(table), 'setting')} on the front of {words(question.y)} against {words(cost)}: "
    return text + "; ".join(named[:8]) + ("." if len(named) <= 8 else f"; and {len(named) - 8} more.")
