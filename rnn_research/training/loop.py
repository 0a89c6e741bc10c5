"""The host loop of one run: dispatch steps, and while the device works, log, evaluate and save what is finished.

Everything that belongs to boundary k (metrics, validation sums, the reach of the
gradient, a copy of the state) is computed on the device when k is reached and read by the host while
the steps after k already run, so that the device never waits for the host.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.runs.checkpoints import Checkpoints, flat
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import Task
from rnn_research.training import devices, distributed
from rnn_research.training.devices import host_must_wait
from rnn_research.training.logbook import Boundary, Ending, Logbook
from rnn_research.training.progress import RunProgress
from rnn_research.training.schedule import Schedule
from rnn_research.training.state import TrainState
from rnn_research.training.step import Hyper, Program
from rnn_research.training.stop import StopRequest


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

    pending: Boundary | None = None
    signal = 0
    with Logbook(task, program.model, config.training.patience, directory, checkpoints, step) as logbook:

        def settle(boundary: Boundary) -> None:
            found = logbook.settle(boundary, partial(progress.update, boundary.step))
            if found is not None:
                progress.say(f"step {boundary.step:,}  validation {program.model.objective.figure} {found:.4f}")

        quiet = not distributed.first()
        with StopRequest() as stop, RunProgress(schedule.steps, step, tokens, quiet) as progress:
            while step < schedule.steps and not logbook.exhausted and not signal:
                n = schedule.next(step) - step
                # All processes stop at the same step, whichever was told to.
                told = devices.largest(mesh, lambda: stop.signal or 0)
                state, metrics = program.chunk(state, data["train"], hyper, n)
                if host_must_wait():
                    jax.block_until_ready(state)
                if pending is not None:
                    settle(pending)
                    pending = None
                    if logbook.exhausted:
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
                settle(pending)
        checkpoints.wait()
    return logbook.ending(step, signal or None)
