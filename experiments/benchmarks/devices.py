"""Training steps against seeds and against devices.

On a CPU the devices are virtual, one a core, and must be asked for before JAX
starts, so a process of their own measures them:
``python -m experiments.benchmarks.devices ROUNDS`` prints its seconds as JSON.
Accelerators are measured in place.
"""

import json
import math
import os
import subprocess
import sys
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType

from experiments.benchmarks.case import Case, Shape
from experiments.benchmarks.comparison import Run
from experiments.benchmarks.timing import interleaved
from experiments.benchmarks.train import V, config_of
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.placement import DealtMembers, SharedBatch

MEMBERS = (1, 2, 4, 8, 16)
STEPS = 4  # of training in one call
SECONDS = 10.0

Lines = dict[str, dict[int, np.ndarray]]
"""From a line's name to the seconds of each round at each size."""


def lines(rounds: int, members: tuple[int, ...] = MEMBERS) -> dict[str, Lines]:
    """The panels ``members`` and ``devices``."""
    if jax.default_backend() != "cpu":
        return measured(rounds, members)
    arguments = [str(rounds), *map(str, members)]
    command = [sys.executable, "-m", "experiments.benchmarks.devices", *arguments]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {
        panel: {line: {int(at): np.array(s) for at, s in points.items()} for line, points in found.items()}
        for panel, found in json.loads(told).items()
    }


def measured(rounds: int, members: tuple[int, ...]) -> dict[str, Lines]:
    """With the devices of this process, everything in turn."""
    there = jax.local_device_count()
    counts = [2**k for k in range(there.bit_length())]
    functions: dict[tuple[str, str, int], Run] = {}
    for n in counts:
        for size in members:
            functions["members", _on(n), size] = population(size, n)
        functions["devices", "one batch, split", n] = batch(n, math.lcm(64, there))
    times = interleaved(functions, rounds=rounds, seconds=SECONDS)
    panels: dict[str, Lines] = {"members": {}, "devices": {}}
    for (panel, line, size), found in times.items():
        panels[panel].setdefault(line, {})[size] = found.seconds_R
    most = members[-1]
    panels["devices"][f"{most} seeds, shared out"] = {n: panels["members"][_on(n)][most] for n in counts}
    return panels


def _on(n: int) -> str:
    return f"on {n} device{'s' if n > 1 else ''}"


def population(members: int, n: int) -> Run:
    """Steps of seeds trained together on n devices: an LSTM of 32 units, the adding problem of 50 steps."""
    config = defaults("adding")
    config.task.length, config.model.hidden = 50, 32
    config.task.batch_size = math.lcm(32, jax.local_device_count())  # a single run would have to split it
    built = build(config)
    numbers = [built.numbers._replace(seed=np.int64(seed)) for seed in range(members)]
    placement = DealtMembers(built.program, built.task, numbers, jax.local_devices()[:n])
    states_M = placement.init()

    def run() -> Any:
        nonlocal states_M
        states_M, _ = placement.chunk(states_M, range(members), STEPS)
        return jax.block_until_ready(states_M)

    return run


def batch(n: int, B: int) -> Run:
    """Steps of one run whose batch is split over n devices: the character model of ``train``, 1 x 128."""
    config = config_of(Case("lstm", Shape(B, 100, 128), features=V))
    built = build(config)
    mesh = jax.make_mesh((n,), ("batch",), axis_types=(AxisType.Auto,), devices=jax.local_devices()[:n])
    placement = SharedBatch(built.program, built.task, built.numbers, mesh)
    state = placement.place({0: built.program.init(built.numbers)})

    def run() -> Any:
        nonlocal state
        state, metrics = placement.chunk(state, [0], STEPS)
        return jax.block_until_ready(metrics)

    return run


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", os.cpu_count() or 1)
    rounds, *sizes = map(int, sys.argv[1:])
    found = measured(rounds, tuple(sizes))
    print(json.dumps({p: {l: {at: list(s) for at, s in d.items()} for l, d in v.items()} for p, v in found.items()}))
