"""A sweep of 64 points as one program, against a process for each point and against a loop of PyTorch trainings.

All train an LSTM of 64 units on the adding problem (T 100, batch 32) with Adam and
clipping by norm for the same steps and score 1,000 validation sequences at the end.
Packed: the command ``experiments.sweep`` on configs/adding.py, from start to end.
Processes: the same training, a process for each point, as many at a time as there
are cores; a few are run and scaled to 64. PyTorch: ``nn.LSTM`` in one process that
is already warm, one training after another with all cores; a few, scaled to 64.
Steady: the same ratios from the steps alone, without start, compiling, scoring and
saving, which is what they tend to as trainings get longer. Seconds are of the
clock; cpu_seconds are of all cores together, which hold where a machine is shared.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

POINTS = 64
STEPS = 300
ROUNDS = 2
TOKENS = 32 * 100  # of a step
CONFIG = "configs/adding.py"
SHORT = {"training.steps": STEPS, "evaluation.every": 0}

ONE_RUN = """
import json, sys
from ml_collections import ConfigDict
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.train import train
config, folder = json.loads(sys.argv[1]), sys.argv[2]
train(ConfigDict(config), RunDirectory(folder), {})
"""


def measure(rounds: int = ROUNDS, steps: int = STEPS) -> dict[str, Any]:
    """Seconds for 64 trainings of each kind, in turn, and the ratios to the packed sweep round by round."""
    cores = len(os.sched_getaffinity(0))
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, value in {**packed(steps), **processes(steps, 2 * cores, cores), **torch_loop(steps)}.items():
            found.setdefault(name, []).append(value)
    results: dict[str, Any] = {"points": POINTS, "steps": steps, "rounds": rounds, "cores": cores}
    for name, values in found.items():
        results[f"{name}_median"] = float(np.median(values))
    for other in ("processes", "torch"):
        for unit in ("seconds", "steady_seconds", "cpu_seconds"):
            if f"{other}_{unit}" in found:
                ratios = np.array(found[f"{other}_{unit}"]) / np.array(found[f"packed_{unit}"])
                name = f"{other}_over_packed_{unit.removesuffix('seconds')}".removesuffix("_")
                results |= {f"{name}_median": float(np.median(ratios))}
                results |= {f"{name}_least": float(ratios.min()), f"{name}_most": float(ratios.max())}
    if "torch_seconds" not in found:
        print("  PyTorch is missing, its row is left out: pip install -e .[benchmark]")
    return results


def packed(steps: int) -> dict[str, float]:
    """The command, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        flags = [f"--config={CONFIG}", f"--workdir={folder}", *_short(steps)]
        began = time.perf_counter(), _cpu_of_children()
        _run([sys.executable, "-m", "experiments.sweep", *flags])
        seconds, cpu = time.perf_counter() - began[0], _cpu_of_children() - began[1]
        runs = sorted(Path(folder).glob("runs/*/results.json"))
        assert len(runs) == POINTS
        speed = sum(json.loads(run.read_text())["train_tokens_per_second"] for run in runs)
    steady = POINTS * steps * TOKENS / speed
    return {"packed_seconds": seconds, "packed_steady_seconds": steady, "packed_cpu_seconds": cpu}


def processes(steps: int, count: int, at_once: int) -> dict[str, float]:
    """A process for each of ``count`` points, scaled to all."""
    from experiments.config_files import load_config, load_points

    config = load_config(CONFIG)
    config.update_from_flattened_dict({**SHORT, "training.steps": steps})
    with tempfile.TemporaryDirectory() as folder:

        def one(number: int) -> float:
            config_of = config.copy_and_resolve_references()
            config_of.update_from_flattened_dict(load_points(CONFIG)[number * POINTS // count])
            arguments = [json.dumps(config_of.to_dict()), f"{folder}/{number}"]
            _run([sys.executable, "-c", ONE_RUN, *arguments])
            return json.loads(Path(folder, str(number), "results.json").read_text())["train_tokens_per_second"]

        began = time.perf_counter(), _cpu_of_children()
        with ThreadPoolExecutor(at_once) as pool:
            speeds = list(pool.map(one, range(count)))
        seconds, cpu = time.perf_counter() - began[0], _cpu_of_children() - began[1]
    steady = POINTS * steps * TOKENS / (at_once * float(np.mean(speeds)))
    scaled = POINTS / count
    return {
        "processes_seconds": seconds * scaled,
        "processes_steady_seconds": steady,
        "processes_cpu_seconds": cpu * scaled,
    }


def torch_loop(steps: int, count: int = 2) -> dict[str, float]:
    """``count`` trainings in this process, scaled to all; nothing where PyTorch is missing."""
    try:
        import torch
    except ImportError:
        return {}

    def batch(size: int) -> tuple[Any, Any]:
        value, marker, rows = torch.rand(100, size), torch.zeros(100, size), torch.arange(size)
        first, second = torch.randint(0, 50, (size,)), torch.randint(50, 100, (size,))
        marker[first, rows] = marker[second, rows] = 1
        return torch.stack([value, marker], dim=-1), value[first, rows] + value[second, rows]

    def train(seed: int, steps: int) -> float:
        """Returns the seconds of the steps alone."""
        torch.manual_seed(seed)
        lstm, linear = torch.nn.LSTM(2, 64), torch.nn.Linear(64, 1)
        params = [*lstm.parameters(), *linear.parameters()]
        adam = torch.optim.Adam(params, lr=3e-3)
        error = lambda x, y: ((linear(lstm(x)[0][-1])[:, 0] - y) ** 2).mean()  # noqa: E731
        began = time.perf_counter()
        for _ in range(steps):
            adam.zero_grad()
            error(*batch(32)).backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            adam.step()
        seconds = time.perf_counter() - began
        with torch.no_grad():
            error(*batch(1000))
        return seconds

    train(0, 5)  # warm
    began = time.perf_counter(), time.process_time()
    steady = sum(train(seed, steps) for seed in range(count))
    seconds, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    found = {"torch_seconds": seconds, "torch_steady_seconds": steady, "torch_cpu_seconds": cpu}
    return {name: value * POINTS / count for name, value in found.items()}


def _short(steps: int) -> list[str]:
    return [f"--config.{field}={value}" for field, value in {**SHORT, "training.steps": steps}.items()]


def _run(command: list[str]) -> None:
    """Runs a command to its end.

    Raises:
      subprocess.CalledProcessError: if it fails, after showing what it said.
    """
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        print(ended.stderr)
        ended.check_returncode()


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
