"""What the host loop costs over the bare jitted step.

Both train the same 1 x 128 LSTM (batch 32, 100 steps of time) for the same
number of steps, in turn. Bare: the jitted step called in a Python loop, nothing
read. Whole: data, metrics file, TensorBoard, progress and checkpoints as in
``experiments.train``.
"""

import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.training import loop
from rnn_research.training.defaults import defaults
from rnn_research.training.schedule import Schedule
from rnn_research.training.train import build

STEPS = 200  # in one turn
ROUNDS = 7


def measure(rounds: int = ROUNDS, steps: int = STEPS) -> dict[str, Any]:
    """Seconds per step of both, and their ratio round by round."""
    config = defaults()
    config.task.validation_fraction = 0.0
    config.training.steps = steps
    built = build(config)
    bare_step = jax.jit(built.program.step, donate_argnums=0)
    data = {"train": jax.device_put(built.task.splits["train"].data)}
    schedule = Schedule(steps, log_every=50, evaluate_every=0, save_every=100)

    def start() -> Any:
        return built.program.init(jax.random.key(0), config.model.init, built.hyper)

    def bare() -> None:
        state = start()
        for _ in range(steps):
            state, _ = bare_step(state, data["train"], built.hyper)
        jax.block_until_ready(state)

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            directory = RunDirectory(folder)
            checkpoints = Checkpoints(directory.checkpoints, built.task.objective[0])
            loop.run(config, built.program, built.task, schedule, start(), data, built.hyper, directory, checkpoints)
            checkpoints.close()

    bare()
    whole()
    bare_s, whole_s = np.array([(_seconds(bare), _seconds(whole)) for _ in range(rounds)]).T
    ratios = whole_s / bare_s
    return {
        "rounds": rounds,
        "steps_per_round": steps,
        "bare_ms_per_step_median": float(np.median(bare_s) / steps * 1e3),
        "whole_ms_per_step_median": float(np.median(whole_s) / steps * 1e3),
        "whole_over_bare_median": float(np.median(ratios)),
        "whole_over_bare_min": float(ratios.min()),
        "whole_over_bare_max": float(ratios.max()),
    }


def _seconds(f: Callable[[], None]) -> float:
    began = time.perf_counter()
    f()
    return time.perf_counter() - began
