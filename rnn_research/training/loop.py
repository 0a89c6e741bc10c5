"""The host loop: dispatch steps, and while the device works, log, evaluate and save what is finished.

Everything that belongs to boundary k (metrics, validation sums, the reach of the
gradient, a copy of the state) is computed on the device when k is reached and read by the host while
the steps after k already run, so that the device never waits for the host.
"""

import contextlib
import math
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.errors import RunFailed
from rnn_research.runs import metrics as metrics_file
from rnn_research.runs.checkpoints import Checkpoints, flat
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.metrics import MetricsWriter
from rnn_research.tasks import Task
from rnn_research.training import devices, distributed, gradient_watch
from rnn_research.training.devices import host_must_wait
from rnn_research.training.progress import RunProgress
from rnn_research.training.schedule import Schedule
from rnn_research.training.silent import SilentMetrics
from rnn_research.training.state import TrainState
from rnn_research.training.step import Hyper, Program
from rnn_research.training.stop import StopRequest


class Boundary(NamedTuple):
    """What is known on the device after ``step``, and not yet on the host."""

    step: int
    metrics: dict[str, jax.Array]
    sums: dict[str, jax.Array] | None
    flow: gradient_watch.Measured | None
    snapshot: dict[str, jax.Array] | None


class Ending(NamedTuple):
    """How the loop ended.

    Attributes:
      step: updates made.
      signal: that stopped it, or None.
      wall_seconds: over all starts of the run.
      tokens_per_second: median over the logged chunks of this start.
    """

    step: int
    signal: int | None
    wall_seconds: float
    tokens_per_second: float


class Watch:
    """Best validation figure so far, and how many evaluations have brought none better."""

    def __init__(self, objective: str, patience: int, records: list[dict[str, Any]]):
        self._objective, self._patience = objective, patience
        self._best, self._since = math.inf, 0
        for record in records:
            if record["kind"] == "validation":
                self.see(record[objective])

    def see(self, value: float) -> None:
        """Takes note of one evaluation."""
        self._since = 0 if value < self._best else self._since + 1
        self._best = min(value, self._best)

    @property
    def exhausted(self) -> bool:
        """Whether patience is at its end."""
        return self._patience > 0 and self._since >= self._patience


def run(
    config: Any,
    program: Program,
    task: Task,
    schedule: Schedule,
    state: TrainState,
    data: dict[str, Any],
    hyper: Hyper,
    directory: RunDirectory,
    checkpoints: Checkpoints,
) -> Ending:
    """Trains from ``state`` to the end of the schedule, a signal, or the end of patience.

    Args:
      config: the whole config.
      program: the jitted functions.
      task: for the summary of the validation sums.
      schedule: when to do what.
      state: where to start; donated.
      data: split name to arrays on the device.
      hyper: numbers of the optimiser.
      directory: where metrics go.
      checkpoints: where states go.

    Raises:
      RunFailed: when loss or gradient are no longer finite; the last good checkpoint stays.
    """
    step = int(state.step)
    records = distributed.from_first(lambda: [r for r in metrics_file.read(directory.metrics) if r["step"] <= step])
    objective = task.objective[0]
    watch = Watch(objective, config.training.patience, records)
    spent = records[-1]["wall_seconds"] if records else 0.0
    began = time.monotonic()
    speeds: list[float] = []
    writer = MetricsWriter(directory, step) if distributed.first() else SilentMetrics()
    mesh = devices.mesh()
    tokens = config.task.batch_size * task.length
    copy = jax.jit(lambda s: jax.tree.map(jnp.copy, flat(s)))
    validation = task.splits.get("validation")

    def reach(step: int, metrics: dict[str, jax.Array], save: bool) -> Boundary:
        """Starts all that has to be computed before the state is donated to the next steps."""
        flow = program.measure(state, data["train"]) if schedule.measures(step) else None
        if host_must_wait():
            jax.block_until_ready(flow)
        sums = None
        if validation is not None and schedule.evaluates(step):
            sums = program.evaluate(state.params, data["validation"], validation.batches, validation.batch_size)
        snapshot = copy(state) if save else None
        return Boundary(step, *devices.gather(mesh, (metrics, sums, flow, snapshot)))

    def settle(boundary: Boundary, progress: RunProgress) -> None:
        """Reads a boundary and writes it down."""
        chunk = {name: np.asarray(values) for name, values in boundary.metrics.items()}
        _refuse_non_finite(chunk, boundary.step, checkpoints)
        speed = progress.update(boundary.step, float(chunk["loss"].mean()))
        wall = spent + time.monotonic() - began
        values = {name: float(values.mean()) for name, values in chunk.items()}
        values["grad_norm_max"] = float(chunk["grad_norm"].max())
        values["wall_seconds"] = wall
        if not math.isnan(speed):
            values["tokens_per_second"] = speed
            speeds.append(speed)
        writer.write(boundary.step, "train", values)
        found = None
        if boundary.sums is not None:
            figures = task.summary(boundary.sums, "validation")
            found = figures[objective]
            watch.see(found)
            writer.write(boundary.step, "validation", {**figures, "wall_seconds": spent + time.monotonic() - began})
            progress.say(f"step {boundary.step:,}  validation {objective} {found:.4f}")
        if boundary.flow is not None:
            reach_of = gradient_watch.record(boundary.flow)
            writer.write(boundary.step, "gradient_flow", {**reach_of, "wall_seconds": spent + time.monotonic() - began})
        if boundary.snapshot is not None:
            snapshot = jax.device_get(boundary.snapshot)
            _refuse_overflow(snapshot, found, boundary.step, values, checkpoints)
            writer.sync()  # a checkpoint never knows more than the metrics do
            checkpoints.save(boundary.step, snapshot, found)

    pending: Boundary | None = None
    try:
        quiet = not distributed.first()
        with StopRequest() as stop, RunProgress(schedule.steps, step, tokens, quiet) as progress:
            signal = 0
            while step < schedule.steps and not watch.exhausted and not signal:
                n = schedule.next(step) - step
                # All processes stop at the same step, whichever was told to.
                told = devices.largest(mesh, lambda: stop.signal or 0)
                state, metrics = program.chunk(state, data["train"], hyper, n)
                if host_must_wait():
                    jax.block_until_ready(state)
                if pending is not None:
                    settle(pending, progress)
                    pending = None
                    if watch.exhausted:
                        break  # the steps just begun are not wanted
                step += n
                pending = reach(step, metrics, schedule.saves(step) or told() > 0)
                if host_must_wait():
                    jax.block_until_ready(pending.metrics)
                signal = told()
            if pending is not None:
                # A signal that came after the copy was decided on still finds its state saved.
                if pending.snapshot is None:
                    pending = pending._replace(snapshot=devices.gather(mesh, copy(state)))
                settle(pending, progress)
            step = pending.step if pending is not None else step
        checkpoints.wait()
    except BaseException:
        with contextlib.suppress(OSError):  # on a full disk it fails too, and the first failure says more
            writer.close()
        raise
    writer.close()
    speed = float(np.median(speeds)) if speeds else math.nan
    return Ending(step, signal or None, spent + time.monotonic() - began, speed)


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
    snapshot: dict[str, np.ndarray], found: float | None, step: int, values: dict[str, float], checkpoints: Checkpoints
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
    return RunFailed(
        f"{what}; {kept}; try a lower --config.optimizer.learning_rate or another --config.optimizer.clip.limit"
    )
