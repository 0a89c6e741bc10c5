"""Conditions on runs, as they are typed: ``model.cell=lstm,gru``, ``optimizer.learning_rate<0.01``."""

import operator
import re
from typing import Any, NamedTuple

import pandas as pd

from rnn_research.errors import UserError, nearest
from rnn_research.quoting import listed
from rnn_research.runs.frames import STATUSES

SYNTAX = re.compile(r"\s*([^<>=!\s]+)\s*(<=|>=|!=|==?|<|>)\s*(.*?)\s*", re.DOTALL)
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Condition(NamedTuple):
    """One condition on a column.

    Attributes:
      flag: that gave it, for error messages.
      text: as it was typed.
      column: which column.
      sign: ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
      values: what it is compared with; more than one only for ``=`` and ``!=``.
    """

    flag: str
    text: str
    column: str
    sign: str
    values: tuple[str, ...]


def parse(flag: str, text: str) -> Condition:
    """Reads a condition.

    Raises:
      UserError: if it is none.
    """
    found = SYNTAX.fullmatch(text)
    if found is None or not found[3]:
        raise UserError(
            f"{flag}={text!r} is no condition: write FIELD=VALUE, FIELD=VALUE,VALUE, FIELD!=VALUE or FIELD<NUMBER, "
            f"as in {flag}='optimizer.learning_rate<0.01'"
        )
    column, sign, value = found[1], found[2].replace("==", "="), found[3]
    if sign in ORDER:
        try:
            float(value)
        except ValueError as error:
            raise UserError(f"{flag}={text!r}: {sign} needs a number behind it, not {value!r}") from error
        return Condition(flag, text, column, sign, (value,))
    return Condition(flag, text, column, sign, tuple(listed(value)))


def column(runs: pd.DataFrame, flag: str, name: str, numeric: bool = False) -> pd.Series:
    """One column of the table of runs.

    Args:
      runs: rows of ``load``.
      flag: that named it.
      name: its name.
      numeric: whether it must hold numbers.

    Raises:
      UserError: if there is none of that name, or it holds no numbers.
    """
    if name not in runs.columns or name == "path":
        last = {known.rsplit(".", 1)[-1]: known for known in runs.columns}
        close = f", did you mean {last[name]!r}?" if name in last else nearest(name, runs.columns)
        raise UserError(
            f"{flag}={name!r} is no field and no result of these runs{close}" + ("" if close else _some(runs))
        )
    if numeric and not pd.api.types.is_numeric_dtype(runs[name].dropna().infer_objects()):
        raise UserError(f"{flag}={name!r} holds no numbers: name a result, as in {flag}={_example(runs)}")
    return runs[name]


def holds(runs: pd.DataFrame, condition: Condition) -> pd.Series:
    """Whether it holds, run by run; what is missing fulfils only ``!=``.

    Raises:
      UserError: if its column is none, or holds no numbers where it compares them.
    """
    flag, _, name, sign, values = condition
    cells = column(runs, flag, name, numeric=sign in ORDER)
    if sign in ORDER:
        return ORDER[sign](cells.astype(float), float(values[0]))
    wanted = {_comparable(value) for value in values}
    inside = cells.map(lambda cell: _comparable(_text(cell)) in wanted).astype(bool)
    return inside if sign == "=" else ~inside


def select(runs: pd.DataFrame, conditions: list[Condition]) -> pd.DataFrame:
    """The runs for which all conditions hold.

    Raises:
      UserError: naming the condition that leaves none, or a value that no run has.
    """
    for condition in conditions:
        if condition.sign == "=":
            _check_values(runs, condition)
        kept = runs[holds(runs, condition)]
        if kept.empty:
            raise UserError(
                f"{condition.flag}={condition.text!r} leaves none of {len(runs)} run{'s' if len(runs) != 1 else ''}: {_seen(runs, condition.column)}"
            )
        runs = kept
    return runs


def counted(runs: pd.DataFrame, conditions: list[Condition]) -> pd.DataFrame:
    """The runs that tables are made of: those selected that have ended, well or not.

    A condition on ``status`` overrules this.

    Raises:
      UserError: as ``select``; if none has ended.
    """
    chosen = select(runs, conditions)
    if any(condition.column == "status" for condition in conditions):
        return chosen
    ended = chosen[chosen["status"].isin(["done", "failed"])]
    if ended.empty:
        how = ", ".join(f"{count} {status}" for status, count in chosen["status"].value_counts().items())
        damaged = chosen[chosen["status"] == "damaged"]
        if len(damaged):
            raise UserError(f"--runs: none of these runs has ended ({how}): {damaged['reason'].iloc[0]}")
        raise UserError(f"--runs: none of these runs has ended ({how}): wait for them, or add --where=status=unfinished")
    return ended


def _check_values(runs: pd.DataFrame, condition: Condition) -> None:
    cells = column(runs, condition.flag, condition.column)
    known = {_comparable(_text(cell)) for cell in cells}
    if condition.column == "status":
        known |= set(STATUSES)
    for value in condition.values:
        if _comparable(value) not in known:
            raise UserError(
                f"{condition.flag}={condition.text!r}: no run has {value!r}"
                f"{nearest(value, map(str, known))}; {_seen(runs, condition.column)}"
            )


def _comparable(value: str) -> Any:
    """Numbers as numbers, so that 1e-3 is 0.001; all else as text, whatever its case."""
    try:
        return float(value)
    except ValueError:
        return value.lower()


def _text(cell: Any) -> str:
    return "none" if cell is None or cell != cell else str(cell)


def _seen(runs: pd.DataFrame, name: str) -> str:
    """What a column holds, in a few words."""
    cells = runs[name].dropna().drop_duplicates()
    if not len(cells):
        return f"no run has a {name}"
    if pd.api.types.is_numeric_dtype(cells) and len(cells) > 8:
        return f"{name} lies between {cells.min():g} and {cells.max():g}"
    shown = [f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in cells]
    return f"{name} is {', '.join(shown[:8])}" + (" ..." if len(shown) > 8 else "")


def _some(runs: pd.DataFrame) -> str:
    return f"; results: {', '.join(_results(runs)[:12])}"


def _example(runs: pd.DataFrame) -> str:
    return next(iter(_results(runs)), "test_nats_per_token")


def _results(runs: pd.DataFrame) -> list[str]:
    names = [name for name in runs.columns if name.startswith(("test_", "validation_"))]
    return sorted((name for name in names if not name.endswith("95")), key=lambda name: not name.startswith("test_"))
