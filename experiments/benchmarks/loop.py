"""What the host loop costs over the bare jitted step.

Both train the same 1 x 128 LSTM (batch 32, 100 steps of time) for the same
number of steps, in turn. Step: the jitted step called in a Python loop, nothing
read. Chunk: 50 steps in one jit, nothing read; what the device needs at least.
Whole: data, metrics file, TensorBoard, progress and checkpoints as in
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
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.logbook import Logbook
from rnn_research.training.member import Member
from rnn_research.training.placement import SharedBatch
from rnn_research.training.schedule import Schedule

STEPS = 200  # in one turn
ROUNDS = 3


def measure(rounds: int = ROUNDS, steps: int = STEPS) -> dict[str, Any]:
    """Milliseconds per step of the three, and the ratios to the whole round by round."""
    config = defaults()
    config.task.validation_fraction = 0.0
    config.training.steps = steps
    built = build(config)
    bare_step = jax.jit(built.program.step, donate_argnums=0)
    data = {"train": jax.device_put(built.task.splits["train"].data)}
    placement = SharedBatch(built.program, built.task, built.numbers)
    schedule = Schedule(steps, log_every=50, evaluate_every=0, save_every=100)

    def start() -> Any:
        return built.program.init(built.numbers)

    def step() -> None:
        state = start()
        for _ in range(steps):
            state, _ = bare_step(state, data["train"], built.numbers)
        jax.block_until_ready(state)

    def chunk() -> None:
        state = start()
        for _ in range(steps // schedule.log_every):
            state, _ = built.program.chunk(state, data["train"], built.numbers, schedule.log_every)
        jax.block_until_ready(state)

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            directory = RunDirectory(folder)
            checkpoints = Checkpoints(directory.checkpoints, built.model.objective.figure)
            with Logbook(built.task, built.model, 0, directory, checkpoints, 0) as logbook:
                member = Member(0, "", config, directory, checkpoints, logbook, 0, print)
                states = placement.place({0: start()})
                loop.run(placement, built.task, schedule, states, [member], lambda ended: None)
            checkpoints.close()

    for once in (step, chunk, whole):
        once()  # compiles
    step_s, chunk_s, whole_s = np.array([[_seconds(f) for f in (step, chunk, whole)] for _ in range(rounds)]).T
    found: dict[str, Any] = {"rounds": rounds, "steps_per_round": steps}
    for name, seconds in (("step", step_s), ("chunk", chunk_s), ("whole", whole_s)):
        found[f"{name}_ms_per_step_median"] = float(np.median(seconds) / steps * 1e3)
    for name, seconds in (("step", step_s), ("chunk", chunk_s)):
        ratios = whole_s / seconds
        found[f"whole_over_{name}_median"] = float(np.median(ratios))
        found[f"whole_over_{name}_min"], found[f"whole_over_{name}_max"] = float(ratios.min()), float(ratios.max())
    return found


def _seconds(f: Callable[[], None]) -> float:
    began = time.perf_counter()
    f()
    return time.perf_counter() - began
