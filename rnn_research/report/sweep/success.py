"""The share of runs that succeed, against a swept field, with Wilson's intervals."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from rnn_research.errors import counted
from rnn_research.report.sweep.against import bars, lines
from rnn_research.report.sweep.drawing import field_axis, key, save, size, words
from rnn_research.runs.conditions import Condition
from rnn_research.runs.question import Question
from rnn_research.runs.settings import label, telling

NAMED = 6
"""As many settings as one sentence names."""


def draw(table: pd.DataFrame, question: Question, path: Path) -> None:
    """A line for each group; a small shift keeps lines of equal success apart.

    Args:
      table: from ``success_rates``.
      question: what is drawn against what.
      path: of the picture.
    """
    found, _ = lines(table, question, "share")
    figure, axes = plt.subplots(figsize=size(len(found)))
    bars(axes, found, question, "share", shift=0.01)
    axes.set(ylabel="share of the runs that succeed", ylim=(-0.04, 1.04))
    field_axis(axes, str(question.x), list(table[question.x]))
    key(axes, len(found))
    save(figure, [axes], path)


def sentence(table: pd.DataFrame, question: Question, success: Condition) -> str:
    """Which settings always succeed, and which never."""
    every, never = table[table["succeeded"] == table["runs"]], table[table["succeeded"] == 0]
    _, left_out = lines(table, question, "share")
    return (
        f"Success is {words(success.column)} {success.sign} {', '.join(success.values)}. "
        f"Every run succeeds: {_listed(every, table, question)}. None does: {_listed(never, table, question)}. "
        "Bars: Wilson's 95 % intervals."
        + (f" {counted(left_out, 'group')} more left out, the worst." if left_out else "")
    )


def _listed(rows: pd.DataFrame, table: pd.DataFrame, question: Question) -> str:
    """The first settings of some, and how many more there are."""
    settings = rows[question.fields].head(NAMED).to_dict("records")
    names = "; ".join(label(telling(setting, table, keep=[str(question.x)])) for setting in settings)
    return f"{names}; and {len(rows) - NAMED} more" if len(rows) > NAMED else names or "nowhere"
