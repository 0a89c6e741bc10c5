"""What is asked of a table of runs: which figure, against which field, told apart by which others."""

from typing import NamedTuple

import pandas as pd

from rnn_research.errors import UserError, nearest, one_of
from rnn_research.runs.conditions import column
from rnn_research.runs.frames import NOT_STARTED, curves, is_field

MORE_IS_BETTER = ("accuracy", "per_second", "half_life", "auc", "r2")
"""Parts of the names of figures of which more is better; of all others, less is."""


class Question(NamedTuple):
    """What is asked.

    Attributes:
      y: the figure.
      x: the field it is drawn against; None where nothing is swept.
      group: the other fields that tell lines apart.
      select: the figure by which the best setting is chosen; never one of the test split.
      curve: what the learning curves show.
    """

    y: str
    x: str | None
    group: tuple[str, ...]
    select: str
    curve: str

    @property
    def fields(self) -> list[str]:
        """Those that make a setting in tables and figures."""
        return ([] if self.x is None else [self.x]) + list(self.group)


def more_is_better(name: str) -> bool:
    """Whether more of a figure is better, by its name."""
    return any(part in name for part in MORE_IS_BETTER)


def swept(runs: pd.DataFrame) -> list[str]:
    """The fields in which runs differ, seeds apart."""
    known = runs[(runs["status"] != "damaged") & (runs["reason"] != NOT_STARTED)]  # of these the config is not whole
    return [
        name
        for name in runs.columns
        if is_field(name) and not name.endswith("seed") and known[name].nunique(dropna=False) > 1
    ]


def ask(
    runs: pd.DataFrame,
    y: str | None = None,
    x: str | None = None,
    group: list[str] | None = None,
    select: str = "validation",
    lengths: bool = False,
) -> tuple[Question, pd.DataFrame]:
    """Makes a question whole.

    Args:
      runs: rows of ``load`` that count.
      y: a result or a curve, of which the last value counts; by default the
        objective on test, or else on validation.
      x: a field; by default the swept one that has the most values, numbers before names.
      group: fields; by default all that are swept, but for x.
      select: ``validation``, or a result of the validation split.
      lengths: whether ``task.length`` is the default of x where it is swept.

    Returns:
      The question, and the runs with a column more where y is a curve.

    Raises:
      UserError: for a name that is none.
    """
    fields = swept(runs)
    y, curve, runs = _figure(runs, y)
    if x is None:
        x = "task.length" if lengths and "task.length" in fields else _widest(runs, fields)
    else:
        column(runs, "--x", _field("--x", x, runs))
    if group is None:
        group = [name for name in fields if name != x]
    for name in group:
        column(runs, "--group", _field("--group", name, runs))
    group = [name for name in dict.fromkeys(group) if name != x]
    return Question(y, x, tuple(group), _selector(runs, select, y), curve), runs


def objectives(runs: pd.DataFrame) -> list[str]:
    """What the runs were trained for, by name."""
    return sorted(runs["objective"].dropna().unique()) if "objective" in runs.columns else []


def the_objective(runs: pd.DataFrame) -> str:
    """What all of the runs were trained for.

    Raises:
      UserError: if they differ in it, or none says.
    """
    names = objectives(runs)
    if not names:
        raise UserError("--y is missing: none of these runs has a result yet: name a curve, as in --y=loss")
    if len(names) > 1:
        raise UserError(
            f"--y is missing: these runs have several objectives ({', '.join(names)}): "
            f"name one, as in --y=test_{names[0]}, or choose runs with --where=objective={names[0]}"
        )
    return names[0]


def _figure(runs: pd.DataFrame, y: str | None) -> tuple[str, str, pd.DataFrame]:
    """The result asked for, what its learning curve is called, and the runs that have it."""
    if y is None:
        name = the_objective(runs)
        found = next((f"{s}_{name}" for s in ("test", "validation") if f"{s}_{name}" in runs.columns), None)
        if found is None:
            raise UserError(f"--y is missing: these runs held out no split to score {name} on: name a result or a curve")
        return found, name, runs
    if y not in runs.columns:
        logged = curves(runs, [y])
        if logged.empty:
            raise UserError(f"--y={y!r} is no result and no curve of these runs{_figures_like(y, runs)}")
        kind = "validation" if (logged["kind"] == "validation").any() else logged["kind"].iloc[0]
        last = logged[logged["kind"] == kind].groupby("run")["value"].last()
        return y, y, runs.assign(**{y: runs["run"].map(last)})
    column(runs, "--y", y, numeric=True)
    split, _, name = y.partition("_")
    return y, name if split in ("test", "validation") else (objectives(runs) or [y])[0], runs


def _figures_like(y: str, runs: pd.DataFrame) -> str:
    results = [name for name in runs.columns if not is_field(name) and pd.api.types.is_numeric_dtype(runs[name])]
    results = [name for name in results if not name.endswith("95")]
    logged = sorted(curves(runs)["name"].unique())
    return nearest(y, [*results, *logged]) or f"; results: {', '.join(results)}; curves: {', '.join(logged)}"


def _field(flag: str, name: str, runs: pd.DataFrame) -> str:
    if name in runs.columns and not is_field(name):
        raise UserError(f"{flag}={name!r} is a result, not a field of the config; swept: {', '.join(swept(runs))}")
    return name


def _widest(runs: pd.DataFrame, fields: list[str]) -> str | None:
    """Of the swept fields the one with the most values, numbers before names."""
    return max(
        fields, key=lambda name: (pd.api.types.is_numeric_dtype(runs[name]), runs[name].nunique()), default=None
    )


def _selector(runs: pd.DataFrame, select: str, y: str) -> str:
    """The figure that chooses.

    Raises:
      UserError: if it is of the test split, or none.
    """
    if select.startswith("test"):
        raise UserError(f"--select={select}: a setting chosen by its test score has no test score left: use validation")
    known = [name for name in runs.columns if name.startswith("validation_") and not name.endswith("95")]
    if select != "validation":
        return one_of("--select", select, ["validation", *known])
    for name in (y.removeprefix("test_"), *objectives(runs)):
        if f"validation_{name}" in known:
            return f"validation_{name}"
    if y.startswith("test_"):
        raise UserError(
            "--select=validation: these runs held out no validation split to choose a setting by: "
            "name what was measured in training, as in --y=loss"
        )
    return y
