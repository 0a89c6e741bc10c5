"""metrics.jsonl and TensorBoard: written as the run goes, cut back to the checkpoint when it resumes.

TensorBoard's table of hyperparameters gets every field of the config when the run
begins, and the results when it ends.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboardX.summary import hparams

from rnn_research.errors import UserError
from rnn_research.config.flat import flatten
from rnn_research.runs.directory import RunDirectory, read_json, write_text
from rnn_research.runs.events import EventFile
from rnn_research.runs.files import read_records


class MetricsWriter:
    """Appends records; each is one line with ``step`` and ``kind`` (train, validation)."""

    def __init__(self, run: RunDirectory, step: int = 0):
        """Opens for appending after ``step``: later records, left by a killed process, are cut off."""
        kept = [r for r in read(run.metrics) if r["step"] <= step]
        write_text(run.metrics, "".join(_line(r) for r in kept))
        self._file = open(run.metrics, "a", encoding="utf-8")  # noqa: SIM115 (closed in close)
        if step == 0:
            for left in run.tensorboard.glob("events.*"):  # by a process that was killed before its first checkpoint
                left.unlink()
        self._board = EventFile(run.tensorboard, step + 1 if step else None)
        if step == 0 and run.config.exists():
            # No summary of the experiment: TensorBoard makes it from all runs, which may differ in their fields.
            _, begins, _ = hparams(_hyperparameters(read_json(run.config)), {})
            self._board.summary(begins)

    def write(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Writes one record."""
        self._file.write(_line({"step": step, "kind": kind, **values}))
        self._file.flush()
        for name, value in values.items():
            if math.isfinite(value):
                self._board.scalar(f"{kind}/{name}", value, step)

    def sync(self) -> None:
        """Everything written so far survives a crash of the machine; called before a checkpoint."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._board.flush()

    def close(self) -> None:
        """Closes both files."""
        self._file.close()
        self._board.close()


def conclude(run: RunDirectory, results: Mapping[str, Any]) -> None:
    """Adds the results of a run that has ended to TensorBoard, under ``results/``; once, however often it is called.

    Args:
      run: the run, whose metrics are closed.
      results: the headline figures, ``step`` among them.
    """
    after = int(results["step"]) + 1  # a purge of this step leaves the run's own curves whole
    board = EventFile(run.tensorboard, after)
    _, _, ends = hparams({}, {})
    board.summary(ends)
    for name, value in results.items():
        if isinstance(value, int | float) and math.isfinite(value):
            board.scalar(f"results/{name}", value, after)
    board.close()


def _hyperparameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """Flat fields in the types that TensorBoard knows."""
    fields = flatten(config).items()
    return {name: value if isinstance(value, bool | int | float | str) else str(value) for name, value in fields}


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"


def read(path: Path) -> list[dict[str, Any]]:
    """All whole records; a last line torn by a killed process is left out.

    Raises:
      UserError: for damage before the last line, which no kill leaves.
    """
    records, damage = read_records(path)
    if damage:
        raise UserError(damage)
    return records
