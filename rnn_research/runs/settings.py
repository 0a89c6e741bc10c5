"""Settings of a sweep, each with all its seeds: averages, the best of them, how often they succeed.

A setting is a combination of values of the fields named; its runs differ in
their seeds, and in what else is swept and not named. What is not named makes
strata: their seeds are drawn, they are not.

A run that has ended without a finite figure has failed, whatever its status:
averages are of the others, with how many of how many beside them.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnn_research.runs.conditions import Condition, holds
from rnn_research.runs.question import Question, more_is_better, swept
from rnn_research.runs.statistics import (
    interquartile_interval,
    interquartile_mean,
    mean_interval,
    median_interval,
    wilson,
)

ORDERED: dict[str, tuple[Callable[..., Any], Callable[[np.ndarray], tuple[float, float]]]] = {
    "median": (np.median, median_interval),
    "interquartile mean": (interquartile_mean, interquartile_interval),
}
"""The averages that leave out the ends, and their intervals."""


def each(runs: pd.DataFrame, fields: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Every setting, and its runs."""
    if not fields:
        yield {}, runs
        return
    for values, part in runs.groupby(fields, dropna=False, sort=True):
        yield dict(zip(fields, values, strict=True)), part


def scored(runs: pd.DataFrame, figure: str) -> pd.DataFrame:
    """The runs that have a finite figure; what a failed run has left of an earlier start does not count."""
    return runs[(runs["status"] != "failed") & np.isfinite(runs[figure].astype(np.float64))]


def counts(part: pd.DataFrame, ended: pd.DataFrame) -> dict[str, int]:
    """Of a setting: ``runs`` that have the figure, ``runs_of`` how many, and how many have ``failed`` to give it."""
    return {"runs": len(ended), "runs_of": len(part), "failed": len(part) - len(ended)}


def strata(runs: pd.DataFrame) -> np.ndarray:
    """A number for the full setting of each run, ``[N]``."""
    fields = swept(runs)
    return runs.groupby(fields, dropna=False).ngroup().to_numpy() if fields else np.zeros(len(runs), int)


def summaries(runs: pd.DataFrame, figure: str, fields: list[str]) -> pd.DataFrame:
    """Averages of a figure over the seeds of each setting.

    Args:
      runs: rows of ``load`` that count.
      figure: a column with numbers.
      fields: what makes a setting.

    Returns:
      A row a setting: the fields, the ``counts``, and mean, median and interquartile
      mean (Agarwal et al. 2021), each with the ends of its 95 % interval
      (``mean_low95``, ``mean_high95``), nan where there are fewer than two runs for
      a mean, or six for the others.
    """
    stratum = pd.Series(strata(runs), runs.index)
    rows = []
    for setting, part in each(runs, fields):
        ended = scored(part, figure)
        row = {**setting, **counts(part, ended)}
        values_N = ended[figure].to_numpy(np.float64)
        if len(values_N):
            found = mean_interval(values_N, stratum[ended.index].to_numpy())
            row |= dict(zip(("mean", "mean_low95", "mean_high95"), found, strict=True))
        for name, (average, interval) in ORDERED.items():
            if len(values_N):
                low, high = interval(values_N)
                row |= {name: float(average(values_N)), f"{name}_low95": low, f"{name}_high95": high}
        rows.append(row)
    averages = [name + end for name in ("mean", *ORDERED) for end in ("", "_low95", "_high95")]
    return pd.DataFrame(rows, columns=[*fields, "runs", "runs_of", "failed", *averages])


def ranked(runs: pd.DataFrame, select: str, fields: list[str]) -> pd.DataFrame:
    """Settings, the best by the mean of a figure first; those in which a run failed stand behind all others.

    Returns:
      A row a setting: the fields, the ``counts`` and ``mean``.
    """
    rows = []
    for setting, part in each(runs, fields):
        ended = scored(part, select)
        mean = ended[select].astype(np.float64).mean() if len(ended) else np.nan
        rows.append({**setting, **counts(part, ended), "mean": mean})
    table = pd.DataFrame(rows)
    worse = -table["mean"] if more_is_better(select) else table["mean"]
    order = pd.DataFrame({"failed": table["failed"] > 0, "worse": worse})
    order = order.sort_values(["failed", "worse"], kind="stable", na_position="last")
    return table.loc[order.index].reset_index(drop=True)


def best(runs: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The best setting by validation for every problem, and for every kind of network on it, with what it then scores.

    A problem is a combination of swept fields of the task: scores of different
    problems are not compared. What is compared by kind are names (cells,
    optimisers); numbers are tuned, unless nothing but numbers is swept.

    Args:
      runs: rows of ``load`` that count.
      question: whose ``select`` chooses, by its mean over the seeds, and whose ``y`` is reported.

    Returns:
      A row a problem, then one a kind: ``best of``, the swept fields, the ``counts`` of y,
      the mean of the figure that chose, the mean of y with its interval, and the ``floor`` of
      the task where it has one for y. Where no run has the figure that chooses, nothing is
      best, and the fields are empty.
    """
    floor = floor_of(question.y, runs)
    fields = list(dict.fromkeys([*question.fields, *swept(runs)]))
    problems = problem_fields(runs)
    parts = {label(setting): part for setting, part in each(runs, problems)}
    if kinds := _kinds(runs, question, problems):
        parts |= {label(setting): part for setting, part in each(runs, [*problems, *kinds])}
    rows = []
    for name, part in parts.items():
        first = ranked(part, question.select, fields).to_dict("records")[0]
        chosen = {field: first[field] for field in fields}
        row: dict[str, Any] = {"best of": name, **chosen}
        if np.isfinite(first["mean"]):
            found = summaries(of_setting(part, chosen), question.y, []).to_dict("records")[0]
        else:  # all have failed
            row |= dict.fromkeys(set(fields) - set(problems))
            found = summaries(part, question.y, []).to_dict("records")[0]
        row |= {name: found[name] for name in ("runs", "runs_of", "failed")}
        row[question.select] = first["mean"]
        row |= {question.y + end: found["mean" + end] for end in ("", "_low95", "_high95")}
        if floor is not None:
            own = part if not np.isfinite(first["mean"]) else of_setting(part, chosen)
            row["floor"] = own[floor].astype(np.float64).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def floor_of(figure: str, runs: pd.DataFrame) -> str | None:
    """The column of what a model without memory or context reaches in a figure of a split; None where there is none."""
    name = re.sub("^(test|validation|train)_", "", figure)
    # Of a text the floor is called after what it counts.
    column = {"nats_per_token": "floor_unigram_nats"}.get(name, f"floor_{name}")
    return column if column in runs.columns and runs[column].notna().any() else None


def problem_fields(runs: pd.DataFrame) -> list[str]:
    """The swept fields that make another problem, not another way to solve it."""
    return [field for field in swept(runs) if field.startswith("task.")]


def _kinds(runs: pd.DataFrame, question: Question, problems: list[str]) -> list[str]:
    others = [field for field in question.group if field not in problems]
    names = [field for field in others if not pd.api.types.is_numeric_dtype(runs[field])]
    return names or ([] if question.x in problems else others)


def of_setting(runs: pd.DataFrame, setting: dict[str, Any]) -> pd.DataFrame:
    """The runs of one setting."""
    kept = np.ones(len(runs), bool)
    for field, value in setting.items():
        cells = runs[field]
        kept &= (cells.isna() if _missing(value) else cells.map(lambda cell, value=value: cell == value)).to_numpy(bool)
    return runs[kept]


def success_rates(runs: pd.DataFrame, success: Condition, fields: list[str]) -> pd.DataFrame:
    """How many runs of each setting fulfil a condition.

    Args:
      runs: rows of ``load`` that count; one that failed, or has no such result or none that is finite, has not
        succeeded.
      success: the condition.
      fields: what makes a setting.

    Returns:
      A row a setting: the fields, ``succeeded``, ``runs``, ``share`` and the ends of
      its 95 % interval (Wilson 1927).
    """
    rows = []
    for setting, part in each(runs, fields):
        succeeded, count = int((holds(part, success) & finite(part, success.column)).sum()), len(part)
        low, high = wilson(succeeded, count)
        share = {"share": succeeded / count, "share_low95": low, "share_high95": high}
        rows.append({**setting, "succeeded": succeeded, "runs": count, **share})
    return pd.DataFrame(rows)


def finite(runs: pd.DataFrame, column: str) -> pd.Series:
    """Whether a run has not failed, and what a condition is about is known and finite, run by run."""
    cells = runs[column]
    if pd.api.types.is_numeric_dtype(cells):
        return (runs["status"] != "failed") & np.isfinite(cells.astype(np.float64))
    return (runs["status"] != "failed") & cells.notna()


def label(setting: dict[str, Any]) -> str:
    """A setting in words: ``lstm, hidden 64``; names speak for themselves, numbers need their field's."""
    return ", ".join(_part(field, value) for field, value in setting.items()) or "all runs"


def telling(setting: dict[str, Any], among: pd.DataFrame, keep: Sequence[str] = ()) -> dict[str, Any]:
    """A setting without the numbers that tell it from no other, as an Elman network's forget bias where LSTMs have three.

    A number is left out where it is the same in all settings that share the other fields, and others of them vary in
    it, or none does. Where it goes with the other fields one to one, nobody knows which of them a difference comes
    from: both are named. Names (of cells, of optimisers) always are.

    Args:
      setting: its fields.
      among: a row for every setting, or for every run, with these fields as columns.
      keep: fields that are named in any case.

    Returns:
      The fields that are left; no other setting has all of their values.
    """
    left = dict(setting)
    for field in reversed([field for field in setting if field not in keep and not isinstance(setting[field], str)]):
        others = {name: value for name, value in left.items() if name != field}
        if of_setting(among, others)[field].nunique(dropna=False) > 1:
            continue
        distinct = among.drop_duplicates([*others, field])
        varies_for_some = bool(others) and distinct.duplicated(list(others)).any()
        if varies_for_some or among[field].nunique(dropna=False) <= 1:
            left = others
    return left


def _part(field: str, value: Any) -> str:
    name = field.removesuffix(".name").rsplit(".", 1)[-1].replace("_", " ")
    if _missing(value) or value == "none":
        return f"no {name}"
    if isinstance(value, str):
        return value or f"{name} empty"
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{name} {shown}"


def _missing(value: Any) -> bool:
    return value is None or bool(value != value)
