"""The share of runs that succeed, against a swept field, with Wilson's intervals."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from rnn_research.report.sweep.against import bars, lines
from rnn_research.report.sweep.drawing import field_axis, key, save, size, words
from rnn_research.runs.conditions import Condition
from rnn_research.runs.question import Question
from rnn_research.runs.settings import label


def draw(table: pd.DataFrame, question: Question, path: Path) -> None:
    """A line for each group; a small shift keeps lines of equal success apart.

    Args:
      table: from ``success_rates``.
      question: what is drawn against what.
      path: of the picture.
    """
    found, _ = lines(table, question, "share")
    figure, axes = plt.subplots(figsize=size(len(found)))
    bars(axes, found, question, "share", shift=0.012)
    axes.set(ylabel="share of the runs that succeed", ylim=(-0.04, 1.04))
    field_axis(axes, str(question.x), list(table[question.x]))
    key(axes, len(found))
    save(figure, [axes], path)


def sentence(table: pd.DataFrame, question: Question, success: Condition) -> str:
    """Which settings always succeed, and which never."""
    every = [_named(row, question) for _, row in table.iterrows() if row["succeeded"] == row["runs"]]
    never = [_named(row, question) for _, row in table.iterrows() if row["succeeded"] == 0]
    _, left_out = lines(table, question, "share")
    return (
        f"Success is {words(success.column)} {success.sign} {', '.join(success.values)}. "
        f"Every run succeeds: {_listed(every)}. None does: {_listed(never)}. Bars: Wilson's 95 % intervals."
        + (f" {left_out} more groups are left out, the worst." if left_out else "")
    )


def _named(row: pd.Series, question: Question) -> str:
    return label({field: row[field] for field in question.fields})


def _listed(names: list[str]) -> str:
    if len(names) > 6:
        return f"{'; '.join(names[:6])}; and {len(names) - 6} more"
    return "; ".join(names) or "nowhere"
