"""The flags that say where the packs of a sweep run, and the running: of every command that trains many runs."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jax
from absl import flags

from experiments import launch
from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, at_least, one_of
from rnn_research.sweeps import plan

if TYPE_CHECKING:
    from rnn_research.sweeps.launchers import How

NAMES = ("launcher", "workers", "memory_gb", "slurm", "wait", "pack_size", "retry_failed")
MOST_WORKERS = 1000
MOST_MEMORY = 1_000_000  # GiB


def define() -> None:
    """Defines the flags."""
    launch.define(flags.DEFINE_string, "launcher", "local", "where packs run: local or slurm")
    launch.define(
        flags.DEFINE_integer, "workers", 1, "processes that share the cores of this machine; 1: none beside this one"
    )
    launch.define(flags.DEFINE_float, "memory_gb", None, "GiB that the workers may hold together")
    launch.define(
        flags.DEFINE_multi_string,
        "slurm",
        [],
        "KEY=VALUE of each job: minutes, partition, account, cpus, gpus, memory_gb, at_once, or any option of sbatch",
    )
    launch.define(flags.DEFINE_boolean, "wait", False, "stay until no job of the sweep is queued or running on Slurm")
    launch.define(flags.DEFINE_integer, "pack_size", 0, "most points in a pack; 0: as many as memory holds")
    launch.define(flags.DEFINE_boolean, "retry_failed", False, "go on with points that are FAILED, too")


def check() -> None:
    """Refuses flags whose value cannot be.

    Raises:
      UserError: naming the flag.
    """
    given = flags.FLAGS
    one_of("--launcher", given.launcher, ("local", "slurm"))
    at_least("--workers", given.workers, 1, MOST_WORKERS)
    at_least("--pack_size", given.pack_size, 0)
    if given.memory_gb is not None and not 0 < given.memory_gb <= MOST_MEMORY:
        raise UserError(f"--memory_gb={given.memory_gb} must be above 0 and at most {MOST_MEMORY:,}")


def check_launcher() -> None:
    """Refuses what the launcher cannot use.

    Raises:
      UserError: naming the flag.
    """
    from rnn_research.sweeps import launchers

    launchers.check(flags.FLAGS.launcher, _how())


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores(sweep: plan.Sweep) -> None:
    """One virtual device a core, where the CPU computes; must come before the first array."""
    fields = flatten(sweep.config_of(plan.Point("", {}, 0)))
    name, top = (f"training.regularizer.{field}" for field in ("name", "top"))
    changes = [point.overrides for point in sweep.points] or [{}]
    # Factorisations of several CPU devices at a time wait for each other for ever.
    alone = any(c.get(name, fields.get(name)) == "flossing" and c.get(top, fields.get(top, 1)) > 1 for c in changes)
    jax.config.update("jax_num_cpu_devices", 1 if alone else max(1, cores() // flags.FLAGS.workers))


def train(directory: Path, sweep: plan.Sweep) -> tuple[int, float]:
    """Runs what is left to do of a sweep that is written down.

    Returns:
      As a launcher: 0, 1 if a point FAILED, or 128 + the signal that stopped it; and the seconds that it took.
    """
    from rnn_research.sweeps.launchers import LAUNCHERS, waiting

    began = time.monotonic()
    packs = waiting(directory, sweep, flags.FLAGS.retry_failed)
    status = LAUNCHERS[flags.FLAGS.launcher](directory, sweep, packs, _how())
    return status, time.monotonic() - began


def only_begun() -> bool:
    """Whether the launcher comes back before the packs have ended."""
    return flags.FLAGS.launcher == "slurm" and not flags.FLAGS.wait


def _how() -> "How":
    from rnn_research.sweeps.launchers import How  # JAX counts its devices from here on

    given = flags.FLAGS
    return How(given.workers, given.memory_gb, given.slurm, given.wait, given.retry_failed)
