"""What a run writes down at each boundary, and what it refuses to go on with: the same alone and in a pack.

The loop computes; this file reads what they have computed, writes metrics and
checkpoints, keeps the best validation figure, and fails a run that is not finite.
"""

import contextlib
import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from rnn_research.errors import RunFailed
from rnn_research.models import Model
from rnn_research.runs import metrics as metrics_file
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.metrics import MetricsWriter
from rnn_research.tasks import Task
from rnn_research.training.added import gradient_watch
from rnn_research.training.machines import distributed
from rnn_research.training.machines.distributed import SilentMetrics
from rnn_research.training.walk import totals


class Boundary(NamedTuple):
    """What is known after ``step``: on the device until it is read, or on the host already.

    Attributes:
      step: updates made.
      metrics: of every step since the boundary before, ``[n]`` each.
      sums: of the validation split, where it was scored here.
      flow: the reach of the gradient, where it was measured here.
      snapshot: the state, flat, where it is to be saved.
    """

    step: int
    metrics: Mapping[str, Any]
    sums: Mapping[str, Any] | None
    flow: gradient_watch.Measured | None
    snapshot: Mapping[str, Any] | None


class Ending(NamedTuple):
    """How training ended.

    Attributes:
      step: updates made.
      wall_seconds: over all starts of the run; in a pack, of the whole pack's time.
      tokens_per_second: median over the logged chunks of this start.
    """

    step: int
    wall_seconds: float
    tokens_per_second: float


class Watch:
    """Best validation figure so far, how many evaluations have brought none better, and whether it is good enough."""

    def __init__(self, objective: str, patience: int, stop_below: float, records: list[dict[str, Any]]):
        self._objective, self._patience, self._stop_below = objective, patience, stop_below
        self._best, self._since = math.inf, 0
        for record in records:
            if record["kind"] == "validation":
                self.see(record[objective])

    def see(self, value: float) -> None:
        """Takes note of one evaluation."""
        better = value < self._best  # never of a nan
        self._since = 0 if better else self._since + 1
        self._best = value if better else self._best

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end, or the figure has come below where training stops."""
        learned = self._stop_below > 0 and self._best < self._stop_below
        return learned or (self._patience > 0 and self._since >= self._patience)


class Logbook:
    """Of one run, from a step on; to be used in a ``with`` statement or closed."""

    def __init__(
        self,
        task: Task,
        model: Model,
        training: ConfigDict,
        directory: RunDirectory,
        checkpoints: Checkpoints,
        step: int,
    ):
        """Takes up the records that earlier starts of the run have left, up to ``step``.

        Args:
          task: of the run.
          model: of the run.
          training: that section of its config; reads ``patience`` and ``stop_below``.
          directory: of the run.
          checkpoints: of the run.
          step: where it stands.
        """
        self._task, self._model, self._checkpoints = task, model, checkpoints
        records = distributed.from_first(lambda: [r for r in metrics_file.read(directory.metrics) if r["step"] <= step])
        self._watch = Watch(model.objective.figure, training.patience, training.stop_below, records)
        self._spent = records[-1]["wall_seconds"] if records else 0.0
        self._began = time.monotonic()
        self._speeds: list[float] = []
        self._writer: MetricsWriter = MetricsWriter(directory, step) if distributed.first() else SilentMetrics()

    @property
    def objective(self) -> str:
        """The figure by which checkpoints are chosen."""
        return self._model.objective.figure

    @property
    def exhausted(self) -> bool:
        """Whether there is no more to be trained, though steps are left."""
        return self._watch.exhausted

    def settle(self, boundary: Boundary, speed: float) -> float | None:
        """Reads a boundary and writes it down.

        Args:
          boundary: what was computed.
          speed: tokens per second, nan while unknown.

        Returns:
          The validation objective, if it was measured here.

        Raises:
          RunFailed: when something is no longer finite; the last good checkpoint stays.
        """
        step = boundary.step
        chunk = {name: np.asarray(values) for name, values in boundary.metrics.items()}
        _refuse_non_finite(chunk, step, self._checkpoints)
        wall = self._wall()
        values = {name: float(values.mean()) for name, values in chunk.items()}
        values |= {f"{name}_max": float(chunk[name].max()) for name in ("grad_norm", "grad_norm_clipped")}
        values["wall_seconds"] = wall
        if not math.isnan(speed):
            values["tokens_per_second"] = speed
            self._speeds.append(speed)
        self._writer.write(step, "train", values)
        found = None
        if boundary.sums is not None:
            figures = self._model.figures(totals(boundary.sums), self._task.splits["validation"].facts)
            found = figures[self._model.objective.figure]
            self._watch.see(found)
            self._writer.write(step, "validation", {**figures, "wall_seconds": self._wall()})
        if boundary.flow is not None:
            reach = gradient_watch.record(boundary.flow)
            self._writer.write(step, "gradient_flow", {**reach, "wall_seconds": self._wall()})
        if boundary.snapshot is not None:
            snapshot = jax.device_get(dict(boundary.snapshot))
            _refuse_overflow(snapshot, found, step, values, self._checkpoints)
            self._writer.sync()  # a checkpoint never knows more than the metrics do
            self._checkpoints.save(step, snapshot, found)
        return found

    def ending(self, step: int) -> Ending:
        """How it ended, if it ended now."""
        speed = float(np.median(self._speeds)) if self._speeds else math.nan
        return Ending(step, self._wall(), speed)

    def _wall(self) -> float:
        return self._spent + time.monotonic() - self._began

    def close(self) -> None:
        """Closes the files, however often it is called."""
        writer, self._writer = self._writer, SilentMetrics()
        writer.close()

    def __enter__(self) -> "Logbook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # On a full disk closing fails too, and the first failure says more.
        with contextlib.suppress(OSError) if error is not None else contextlib.nullcontext():
            self.close()


def _refuse_non_finite(chunk: dict[str, np.ndarray], last: int, checkpoints: Checkpoints) -> None:
    bad = ~(np.isfinite(chunk["loss"]) & np.isfinite(chunk["grad_norm"]))
    if not bad.any():
        return
    i = int(bad.argmax())
    step = last - len(bad) + i + 1
    before = f"; one step before it was {chunk['grad_norm'][i - 1]:.4g}" if i else ""
    norm = f"{chunk['grad_norm'][i]:.4g}{before}"
    raise _failed(f"step {step}: the loss is {chunk['loss'][i]:.4g} with gradient norm {norm}", checkpoints)


def _refuse_overflow(
    snapshot: Mapping[str, np.ndarray],
    found: float | None,
    step: int,
    values: dict[str, float],
    checkpoints: Checkpoints,
) -> None:
    """A state that can only fail at the next step must not become the last good checkpoint."""
    bad = [n for n, a in snapshot.items() if np.issubdtype(a.dtype, np.floating) and not np.isfinite(a).all()]
    if bad:
        raise _failed(
            f"step {step}: {bad[0]} is not finite after a gradient norm of {values['grad_norm_max']:.4g}", checkpoints
        )
    if found is not None and not math.isfinite(found):
        norm = values["grad_norm_max"]
        raise _failed(
            f"step {step}: the validation loss is {found:.4g} after a gradient norm of {norm:.4g}", checkpoints
        )


def _failed(what: str, checkpoints: Checkpoints) -> RunFailed:
    checkpoints.wait()
    good = checkpoints.steps()
    kept = f"the last good checkpoint is step {good[-1]}" if good else "there is no checkpoint yet"
    return RunFailed(f"{what}; {kept}; try a lower optimizer.learning_rate or another optimizer.clip.limit")
