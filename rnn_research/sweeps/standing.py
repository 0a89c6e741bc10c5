"""How far a sweep is, read from its directory alone: cheap enough to ask for every second of a thousand runs."""

import json
import math
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.runs.directory import RunDirectory, of_point
from rnn_research.runs.files import read_json


class Best(NamedTuple):
    """The least validation figure so far: its name, its value, and whose it is."""

    objective: str
    value: float
    point: str


class Standing(NamedTuple):
    """A sweep at one moment.

    Attributes:
      done: points that are DONE.
      failed: points that are FAILED.
      running: the points that are being worked on.
      waiting: points whose turn has not come, or that were broken off.
      best: None before the first evaluation.
      seconds_left: None while it cannot be told.
    """

    done: int
    failed: int
    running: "list[Progress]"
    waiting: int
    best: Best | None
    seconds_left: float | None


class Progress:
    """One point: what its run directory tells, read from where the last look ended."""

    def __init__(self, name: str, pack: int, run: RunDirectory, steps: int):
        self.name, self.pack = name, pack
        self.steps = steps  # in all; 0 while unknown
        self.step = 0
        self.loss: float | None = None
        self.objective = ""
        self.found: float | None = None  # the least of its validation figure
        self.done = self.failed = False
        self._run, self._read = run, 0

    def look(self) -> None:
        """Takes note of what has come since."""
        if self.done:
            return
        self._read_metrics()
        if self._run.done.exists():
            self.done, self.failed = True, False
            self._read_results()
        else:
            self.failed = self._run.failed.exists()

    def share(self, steps: int) -> float:
        """How much of the work is done, from 0 to 1; ``steps`` is a guess of how many there are, where unknown."""
        if self.done or self.failed:
            return 1.0
        total = self.steps or steps
        return min(1.0, self.step / total) if total else 0.0

    def _read_metrics(self) -> None:
        try:
            size = self._run.metrics.stat().st_size
        except OSError:
            return
        if size == self._read:
            return
        if size < self._read:  # cut back by a run that resumes
            self._read = 0
        with open(self._run.metrics, "rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        for line in whole.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, LookupError, TypeError, StopIteration, RecursionError):
                continue  # what reads it to the end will name it

    def _take(self, record: dict[str, Any]) -> None:
        self.step = record["step"]
        if record["kind"] == "train":
            self.loss = record["loss"]
        elif record["kind"] == "validation":
            # The objective is the first figure, until results.json names it.
            name = self.objective or next(key for key in record if key not in ("step", "kind"))
            if math.isfinite(record[name]) and (self.found is None or record[name] < self.found):
                self.objective, self.found = name, record[name]

    def _read_results(self) -> None:
        results = self._run.read_results()
        self.steps = self.steps or results["step"]
        self.objective = results["objective"]
        found = results.get(f"validation_{self.objective}", self.found)
        self.found = found if found is not None and math.isfinite(found) else None


class Watch:
    """All points of a sweep's directory."""

    def __init__(self, directory: Path, packs: Collection[int] | None = None):
        """Reads the plan.

        Args:
          directory: of the sweep.
          packs: whose points are looked at; None for all.

        Raises:
          UserError: if there is no plan.
        """
        plan = read_json(directory / "sweep.json", {"points": [{"name": str, "overrides": dict, "pack": int}]})
        base = (plan.get("base") or {}).get("training", {}).get("steps", 0)
        self.points = [
            Progress(
                point["name"],
                point["pack"],
                RunDirectory(of_point(directory, point["name"])),
                int(point["overrides"].get("training.steps", base)),
            )
            for point in plan["points"]
            if packs is None or point["pack"] in packs
        ]
        self.look()
        self._began, self._share = time.monotonic(), self._done_share()

    def of_packs(self, packs: Iterable[int]) -> list[Progress]:
        """The points of some packs."""
        wanted = set(packs)
        return [point for point in self.points if point.pack in wanted]

    def look(self) -> None:
        """Reads what is new."""
        for point in self.points:
            point.look()

    def standing(self, running: Collection[int]) -> Standing:
        """Where it stands, as of the last look.

        Args:
          running: the packs that are being worked on.
        """
        at_work = [p for p in self.of_packs(running) if not p.done and not p.failed]
        done, failed = sum(p.done for p in self.points), sum(p.failed for p in self.points)
        return Standing(
            done, failed, at_work, len(self.points) - done - failed - len(at_work), self._best(), self._seconds_left()
        )

    def _best(self) -> Best | None:
        found = [p for p in self.points if p.found is not None]
        objectives = [p.objective for p in found if p.done] or [p.objective for p in found]
        alike = [p for p in found if p.objective == objectives[0]]
        if not alike:
            return None
        best = min(alike, key=lambda p: p.found or 0.0)
        assert best.found is not None
        return Best(best.objective, best.found, best.name)

    def _done_share(self) -> float:
        """How much of all work is done, in points."""
        known = max((p.steps for p in self.points), default=0)
        return sum(p.share(known) for p in self.points)

    def _seconds_left(self) -> float | None:
        """From the share done since the first look; later points are taken to be like earlier ones."""
        gained = self._done_share() - self._share
        if gained <= 0:
            return None
        return (time.monotonic() - self._began) * (len(self.points) - self._done_share()) / gained
