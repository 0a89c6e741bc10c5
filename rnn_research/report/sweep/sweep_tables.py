"""The tables of a sweep, and each as HTML that the page's script sorts and filters."""

import re
from typing import Any, NamedTuple

import pandas as pd

from rnn_research.report.html import escape
from rnn_research.report.sweep.drawing import words
from rnn_research.runs.conditions import Condition
from rnn_research.runs.pairs import Pair, compare
from rnn_research.runs.question import Question, swept
from rnn_research.runs.settings import best, success_rates, summaries
from rnn_research.runs.tables import readable

BEST = (
    "Chosen by the mean of {select} over the seeds, never by a test score; a setting in which a run failed stands "
    "behind all others. {y} is the mean over the runs of the setting, with its 95 % interval by Student's t over them. "
    "Two settings whose intervals overlap may yet differ seed by seed, where they share seeds: --pair=FIELD=A:B tells. "
    "A run that ended without a finite figure counts as failed, and is in no mean."
)
SETTINGS = (
    "Mean, median and interquartile mean of {y} over the runs of each setting, each with its 95 % interval: "
    "Student's t for the mean, order statistics for the median, Tukey and McLaughlin's for the interquartile mean; the "
    "last two need six runs. What failed, or ended without a finite figure, is in none of them."
)
OF_ONE_RUN = " The interval behind a {y} is that of one run alone, over its own {over}, not over seeds."
SUCCESS = (
    "Success is {text}: the share of the runs, with Wilson's 95 % interval. "
    "A run that failed, or has no finite figure, has not succeeded."
)
PAIRS = (
    "{y} of the first minus that of the second, over pairs of runs that are alike in seed and in all else that is "
    "swept, with a 95 % interval by Student's t. Cohen's d_z is the mean difference in units of the standard deviation "
    "of the differences (0.2 is called small, 0.8 large); p is that of a permutation test that flips their signs: "
    "of n pairs it is never below 2 in 2 to the n, 0.25 for three pairs and 0.06 for five."
)


class Analysed(NamedTuple):
    """What a report is made of.

    Attributes:
      runs: every run found, rows of ``load``.
      counted: those that tables and figures are made of.
      question: what is asked of them.
      success: what counts as success, or None.
      pairs: which values are compared.
    """

    runs: pd.DataFrame
    counted: pd.DataFrame
    question: Question
    success: Condition | None = None
    pairs: tuple[Pair, ...] = ()


class Table(NamedTuple):
    """One table: the name of its files, its heading, what it shows, its rows."""

    name: str
    heading: str
    caption: str
    rows: pd.DataFrame


def gather(sweep: Analysed) -> dict[str, Table]:
    """Every table of a sweep by its name.

    Raises:
      UserError: for a condition or a pair that does not fit these runs.
    """
    question, counted, fields = sweep.question, sweep.counted, sweep.question.fields
    tables = [
        Table("best", "The best settings", BEST.format(**question._asdict()), best(counted, question)),
        Table("settings", "Every setting", SETTINGS.format(y=question.y), summaries(counted, question.y, fields)),
    ]
    if sweep.success is not None:
        rows = success_rates(counted, sweep.success, fields)
        tables.append(Table("success", "Success", SUCCESS.format(text=sweep.success.text), rows))
    if sweep.pairs:
        rows = pd.DataFrame([compare(counted, question.y, pair) for pair in sweep.pairs])
        tables.append(Table("pairs", "Paired comparisons", PAIRS.format(y=question.y), rows))
    tables.append(Table("runs", "Every run", "All that was found, done or not." + of_one_run(sweep), of_runs(sweep)))
    return {table.name: table for table in tables}


def of_runs(sweep: Analysed) -> pd.DataFrame:
    """A row a run: name, status, reason, what is swept, and the figures that matter here."""
    question, runs = sweep.question, sweep.runs
    if question.y not in runs.columns:  # the last value of a curve
        runs = runs.assign(**{question.y: sweep.counted[question.y]})
    fields = [*question.fields, *swept(runs), *(name for name in runs.columns if name.endswith("seed"))]
    ends = [question.y + end for end in ("_low95", "_high95")]
    figures = [question.y, *ends, question.select, "step", "parameters", "wall_seconds"]
    names = dict.fromkeys(["run", "status", *fields, *figures, "reason"])
    return runs[[name for name in names if name in runs.columns]]


def of_one_run(sweep: Analysed) -> str:
    """What the intervals in the table of runs are over, where there are some."""
    y, runs = sweep.question.y, sweep.runs
    if f"{y}_low95" not in runs.columns or runs[f"{y}_low95"].isna().all():
        return ""
    over = f"interval_of_{y.split('_', 1)[0]}"
    texts = [text for text in runs[over].dropna() if text.startswith("over ")] if over in runs.columns else []
    kinds = sorted({re.sub(r"^over [\d,]+ | of about [\d,]+ symbols?$", "", text) for text in texts})
    return OF_ONE_RUN.format(y=y, over=", ".join(kinds[:3]) or "text or sequences")


def as_html(table: Table, pages: pd.Series | None = None) -> str:
    """One table with a box to filter it; a click on a column's head sorts by it.

    Args:
      table: what is shown.
      pages: the address of the page of each row's run, by the index of its rows; empty where it has none.
    """
    text = readable(table.rows)
    head = "".join(
        f"<th data-name='{escape(name)}' aria-sort='none'><button>{escape(words(str(name)))}</button></th>"
        for name in text.columns
    )
    body = []
    for index, row, cells in zip(table.rows.index, table.rows.to_dict("records"), text.itertuples(index=False)):
        link = "" if pages is None else pages[index]
        parts = [_cell(row[name], cell, link if name == "run" else "") for name, cell in zip(text.columns, cells)]
        body.append(f"<tr>{''.join(parts)}</tr>")
    lines = "\n".join(body)
    return (
        f"<section class='table' id='{escape(table.name)}'><p>{escape(table.caption)}</p>"
        "<p class='tools'><input type='search' placeholder='filter: word -word column&lt;number' "
        "aria-label='filter the rows'> <output></output></p>"
        f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>\n{lines}\n</tbody></table></div></section>"
    )


def _cell(value: Any, text: str, link: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    attributes = f" class='number' data-value='{value!r}'" if number else ""
    content = f"<a href='{escape(link)}'>{escape(text)}</a>" if link else escape(text)
    return f"<td{attributes}>{content}</td>"
