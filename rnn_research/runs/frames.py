"""Many run directories as tables: a row a run, and in long form what they logged."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnn_research.errors import UserError
from rnn_research.config.flat import SECTIONS, flatten
from rnn_research.runs.directory import RunDirectory, of_point
from rnn_research.runs.files import folder_fault, read_json, read_records, there
from rnn_research.runs.migrations import migrated
from rnn_research.runs.owner import kind_of

STATUSES = ("done", "failed", "unfinished", "damaged")
OWN = ("run", "path", "status", "reason")
"""The columns that are neither of the config nor of the results."""

PLAN = {"points": [{"name": str, "overrides": dict}]}

NOT_STARTED = "it has not been started"
"""The reason of a point that is planned and has no run directory."""



def load(*directories: str | os.PathLike[str]) -> pd.DataFrame:
    """Every run below some directories, whatever their layout.

    Args:
      *directories: each is searched to the bottom; a run in two of them counts once.

    Returns:
      A row a run, sorted by name. ``run`` is its path from the directory given
      (from the one above, where that is the run itself; from what all have in
      common, where there are several), ``path`` its Path, ``status`` done,
      failed, unfinished or damaged, and ``reason`` what was the matter. Then the
      config, fields with dots (``model.cell``) and ``seed``; then the figures of
      results.json by their names. Points that a sweep.json plans and nobody began
      are rows too, unfinished, with the fields that they were to have.

    Raises:
      UserError: if a directory is missing, or none holds a run.
    """
    roots = [_existing(directory) for directory in directories]
    folders, sweeps = _search(roots)
    rows = [row for folder in folders if (row := _row(folder)) is not None]
    rows += [row for sweep in sweeps for row in _not_started(sweep, folders)]
    if not rows:
        raise UserError(
            f"--runs={','.join(map(str, directories))} holds no run: "
            "name a folder of run directories, as experiments.train and experiments.sweep leave them"
        )
    base = Path(os.path.commonpath(roots))
    if base in folders:
        base = base.parent
    for row in rows:
        row["run"] = _cell(os.path.relpath(row["path"], base))
    frame = pd.DataFrame(rows).sort_values("run", kind="stable", ignore_index=True)
    fields = [name for name in frame.columns if is_field(name)]
    results = [name for name in frame.columns if name not in {*OWN, *fields}]
    return frame[[*OWN, *fields, *results]]


def is_field(column: str) -> bool:
    """Whether a column of ``load`` is a field of the config: it has a dot, or is the seed."""
    return column == "seed" or "." in column


def curves(runs: pd.DataFrame, names: Iterable[str] | None = None) -> pd.DataFrame:
    """What runs logged, in long form.

    Args:
      runs: rows of ``load``, all or some.
      names: which figures to read, by default every one.

    Returns:
      Columns ``run``, ``step``, ``kind`` (train, validation, gradient_flow),
      ``name`` and ``value``. Records behind a damaged line are left out.
    """
    wanted = None if names is None else set(names)
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "step", "kind", "name", "value")}
    for run, path in zip(runs["run"], runs["path"], strict=True):
        for record in read_records(path / "metrics.jsonl")[0]:
            for name, value in record.items():
                if name != "step" and isinstance(value, int | float) and (wanted is None or name in wanted):
                    for column, entry in zip(columns, (run, record["step"], record["kind"], name, value), strict=True):
                        columns[column].append(entry)
    frame = pd.DataFrame(columns)
    return frame.astype({"step": np.int64, "value": np.float64})


def _existing(directory: str | os.PathLike[str]) -> Path:
    path = Path(directory).expanduser().absolute()
    try:
        there = path.is_dir()
    except (OSError, ValueError) as error:  # too long a name, or one with a zero byte
        raise UserError(f"--runs={str(directory)!r} cannot be a directory ({error}): name another") from error
    if not there:
        raise UserError(f"--runs={directory}: no such directory: name a folder of run directories")
    return path


def _search(roots: list[Path]) -> tuple[dict[Path, None], list[Path]]:
    """Every folder that holds a config.json and every sweep.json, in the order in which they are found.

    What lies inside a run belongs to it (a study of its cells, checkpoints).
    """
    folders: dict[Path, None] = {}
    sweeps: dict[Path, None] = {}
    for root in roots:
        for folder, below, files in os.walk(root):
            if "sweep.json" in (*files, *below):
                sweeps[Path(folder) / "sweep.json"] = None
            if "config.json" in (*files, *below):  # a folder of that name is damage, to be told
                folders[Path(folder)] = None
                below.clear()
    return folders, list(sweeps)


def _row(folder: Path) -> dict[str, Any] | None:
    """One run, or None where the folder is of something else."""
    directory = RunDirectory(folder)
    own = {"run": "", "path": folder, "status": "damaged", "reason": ""}
    try:
        kind = kind_of(folder)
        if kind not in ("run", None):
            return None
        # What a command has marked as a run has a run's config; without the mark it may be of anything.
        config = read_json(directory.config, dict.fromkeys(SECTIONS, dict) if kind == "run" else dict)
    except UserError as error:
        return {**own, "reason": str(error)}
    if not config.keys() >= set(SECTIONS):
        return None
    fields = {name: _cell(value) for name, value in flatten(migrated(config)).items()}
    try:
        results = _figures(read_json(directory.results, dict)) if there(directory.results) else {}
    except UserError as error:
        return {**own, "reason": str(error), **fields}
    records, damage = read_records(directory.metrics)
    status, reason = _standing(directory, records, bool(results))
    if damage:
        status, reason = "damaged", damage
    return {**own, "status": status, "reason": reason, **fields, **results}


def _standing(directory: RunDirectory, records: list[dict[str, Any]], scored: bool) -> tuple[str, str]:
    """Status and reason of a run whose files can be read."""
    if there(directory.failed):
        return "failed", directory.reason()
    if there(directory.done):
        return ("done", "") if scored else ("damaged", f"it is done, and {directory.results} is missing or empty")
    return "unfinished", f"it has come to step {records[-1]['step']:,}" if records else "nothing is logged yet"


def _figures(results: dict[str, Any]) -> dict[str, Any]:
    """The figures of a results.json that fit a cell of a table and cannot be taken for a field."""
    return {
        name: _cell(value)
        for name, value in results.items()
        if not isinstance(value, dict | list) and not is_field(name) and name not in OWN
    }


def _cell(value: Any) -> Any:
    """A value that can be counted and written: lists as tuples, and text that UTF-8 knows."""
    if isinstance(value, list):
        return tuple(map(_cell, value))
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _not_started(sweep: Path, folders: dict[Path, None]) -> Iterator[dict[str, Any]]:
    """A row for every planned point that has no run directory; one for the plan itself if it cannot be read."""
    own = {"run": "", "status": "unfinished", "reason": NOT_STARTED}
    if fault := folder_fault(sweep.parent / "runs"):
        yield {**own, "path": sweep, "status": "damaged", "reason": fault}
        return
    try:
        points = [(of_point(sweep.parent, p["name"]), p["overrides"]) for p in read_json(sweep, PLAN)["points"]]
    except UserError as error:
        yield {**own, "path": sweep, "status": "damaged", "reason": str(error)}
        return
    for folder, overrides in points:
        if folder not in folders:
            yield {**own, "path": folder, **{field: _cell(value) for field, value in overrides.items()}}
