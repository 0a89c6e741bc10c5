"""metrics.jsonl and TensorBoard: written as the run goes, cut back to the checkpoint when it resumes."""

import json
import math
import os
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from rnn_research.runs.directory import RunDirectory, write_text


class MetricsWriter:
    """Appends records; each is one line with ``step`` and ``kind`` (train, validation)."""

    def __init__(self, run: RunDirectory, step: int = 0):
        """Opens for appending after ``step``: later records, left by a killed process, are cut off."""
        kept = [r for r in read(run.metrics) if r["step"] <= step]
        write_text(run.metrics, "".join(_line(r) for r in kept))
        self._file = open(run.metrics, "a", encoding="utf-8")  # noqa: SIM115 (closed in close)
        # Names ending in the step let TensorBoard drop what was written after it.
        self._board = SummaryWriter(str(run.tensorboard), purge_step=step + 1 if step else None, flush_secs=30)

    def write(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Writes one record."""
        self._file.write(_line({"step": step, "kind": kind, **values}))
        self._file.flush()
        for name, value in values.items():
            if math.isfinite(value):
                self._board.add_scalar(f"{kind}/{name}", value, step)

    def sync(self) -> None:
        """Everything written so far survives a crash of the machine; called before a checkpoint."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._board.flush()

    def close(self) -> None:
        """Closes both files."""
        self._file.close()
        self._board.close()


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record) + "\n"


def read(path: Path) -> list[dict[str, Any]]:
    """All whole records; a last line torn by a killed process is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_bytes().splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            break
    return records
