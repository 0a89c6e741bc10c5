"""What is asked of which runs, in analysed.json of an analysis: its tables, figures and page are made from it alone.

Of every run its row, of the curves those that are drawn: an analysis can be made again where its runs are gone.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from rnn_research.errors import UserError
from rnn_research.report.sweep.curves import Curve
from rnn_research.report.sweep.sweep_tables import Analysed
from rnn_research.runs.conditions import Condition
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import REMEDY, read_json, there
from rnn_research.runs.pairs import Pair
from rnn_research.runs.question import Question

COLUMN = {"name": str, "type": str, "values": list}
SHAPE = {
    "command": str,
    "question": {"y": str, "group": [str], "select": str, "curve": str},
    "pairs": [list],
    "counted": [int],
    "runs": [COLUMN],
    "curves": [dict],
    "curves_left_out": int,
}
PAGE = "path"
"""In the table that is read back this column has the address of each run's own page, empty where it has none."""


def file_of(directory: RunDirectory) -> Path:
    """Where it lies."""
    return directory.path / "analysed.json"


def write(directory: RunDirectory, sweep: Analysed, curves: tuple[list[Curve], int], command: str) -> None:
    """Writes the file.

    Args:
      directory: of the analysis.
      sweep: the runs, with the column ``path``, and what is asked of them.
      curves: those that are drawn, and how many are left out.
      command: that asks it.
    """
    runs = sweep.runs.assign(**{PAGE: [address(path, directory.path) for path in sweep.runs["path"]]})
    question, success = sweep.question, sweep.success
    of_curve = {} if question.y in runs.columns else {"last_of_curve": _column(question.y, sweep.counted[question.y])}
    value = {
        "command": command,
        "question": question._asdict(),
        "success": None if success is None else success._asdict(),
        "pairs": [list(pair) for pair in sweep.pairs],
        "counted": [int(place) for place in sweep.counted.index],
        **of_curve,
        "curves": [{name: _plain(part) for name, part in curve._asdict().items()} for curve in curves[0]],
        "curves_left_out": curves[1],
        "runs": [_column(str(name), runs[name]) for name in runs.columns],
    }
    write_text(file_of(directory), json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def read(directory: RunDirectory) -> tuple[Analysed, tuple[list[Curve], int], str]:
    """What ``write`` has left: the same three.

    Raises:
      UserError: if the file is missing, with the command that makes it, or damaged.
    """
    path = file_of(directory)
    if not there(path):
        raise UserError(
            f"{path} is missing, and the page is made from it: "
            f"python -m experiments.analyze --runs=RUNS --workdir={directory.path} makes it"
        )
    value = read_json(path, SHAPE)
    try:
        runs = pd.DataFrame({column["name"]: _series(column) for column in value["runs"]})
        counted = runs.loc[value["counted"]]
        if column := value.get("last_of_curve"):
            counted = counted.assign(**{column["name"]: _series(column).to_numpy()})
        asked, success = value["question"], value["success"]
        sweep = Analysed(
            runs,
            counted,
            Question(**{**asked, "group": tuple(asked["group"])}),
            None if success is None else Condition(**{**success, "values": tuple(success["values"])}),
            tuple(Pair(*pair) for pair in value["pairs"]),
        )
        return sweep, ([_curve(found) for found in value["curves"]], value["curves_left_out"]), value["command"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({' '.join(str(error).split())[:160]}): {REMEDY}") from error


def address(run: Path, folder: Path) -> str:
    """The link from a page in a folder to the page of a run; empty where that has none."""
    page = run / "report.html"
    return quote(os.fsencode(os.path.relpath(page, folder))) if page.exists() else ""


def _column(name: str, cells: pd.Series) -> dict[str, Any]:
    """A column for JSON; one value stands for all that are the same, as most fields of a config are."""
    values = [_plain(cell) for cell in cells]
    same = len(values) > 1 and all(value == values[0] and type(value) is type(values[0]) for value in values)
    return {"name": name, "type": str(cells.dtype), "rows": len(values), "values": values[:1] if same else values}


def _series(column: dict[str, Any]) -> pd.Series:
    values = column["values"] * (column["rows"] if len(column["values"]) == 1 else 1)
    return pd.Series([_tuple(value) for value in values], dtype=column["type"])


def _curve(found: dict[str, Any]) -> Curve:
    parts: dict[str, Any] = {name: np.array(part) if name.endswith("_S") else part for name, part in found.items()}
    return Curve(**parts)


def _plain(value: Any) -> Any:
    """For JSON; what is no number is written as NaN, as Python's own writer and reader have it."""
    return value.tolist() if hasattr(value, "tolist") else value


def _tuple(value: Any) -> Any:
    """Lists of a config are tuples in a table, so that they can be counted."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
