"""Where the packs of a sweep run; ``LAUNCHERS`` maps each name to a function that runs some to their end.

``local`` with one worker runs them in this process, one after another, and starts
no other; with more, or within a bound of memory, in a pool of processes.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax

from rnn_research.errors import UserError
from rnn_research.sweeps import local, slurm
from rnn_research.sweeps.plan import Sweep, run_directory
from rnn_research.sweeps.table import LiveTable
from rnn_research.sweeps.work import aloud, run_pack, status_of


class How(NamedTuple):
    """What the launchers are told.

    Attributes:
      workers: processes that share the cores; of ``local``.
      memory_gb: GiB that they may hold together, or None; of ``local``.
      slurm: ``KEY=VALUE`` of each job; of ``slurm``.
      wait: stay until no job is queued or running; of ``slurm``.
      retry_failed: also goes on with points that are FAILED.
    """

    workers: int = 1
    memory_gb: float | None = None
    slurm: Sequence[str] = ()
    wait: bool = False
    retry_failed: bool = False


Launcher = Callable[[Path, Sweep, Sequence[int], How], int]
"""``(directory, sweep, packs that have something left to do, how) -> exit status``: 0, 1 if a point FAILED, or
128 + the signal that stopped it."""


def run_local(directory: Path, sweep: Sweep, packs: Sequence[int], how: How) -> int:
    """On this machine."""
    if how.workers == 1 and how.memory_gb is None:
        return in_turn(directory, sweep, packs, how)
    command = _command(directory, how)
    return local.launch(directory, packs, command, workers=how.workers, memory_gb=how.memory_gb)


def in_turn(directory: Path, sweep: Sweep, packs: Sequence[int], how: How) -> int:
    """One after another in this process; after each, a line on the whole sweep."""
    worst = 0
    with LiveTable(directory) as table:
        for number, pack in enumerate(packs):
            status = status_of(run_pack(directory, sweep, pack, aloud, retry_failed=how.retry_failed))
            if status > 128:
                return status
            worst = max(worst, status)
            jax.clear_caches()  # the next pack has another shape
            table.update(packs[number + 1 : number + 2], last=True)
    return worst


def run_slurm(directory: Path, sweep: Sweep, packs: Sequence[int], how: How) -> int:
    """As an array of jobs."""
    return slurm.launch(
        directory, packs, _command(directory, how), options=slurm.options_of(how.slurm), wait=how.wait, say=aloud
    )


LAUNCHERS: dict[str, Launcher] = {"local": run_local, "slurm": run_slurm}


def check(launcher: str, how: How) -> None:
    """Refuses what a launcher cannot use.

    Raises:
      UserError: naming the flag.
    """
    slurm.options_of(how.slurm)
    if launcher != "slurm" and (how.slurm or how.wait):
        flag = f"--slurm={how.slurm[0]}" if how.slurm else "--wait"
        raise UserError(f"{flag} is of --launcher=slurm: add that, or leave it out")
    if launcher != "local" and how.memory_gb is not None:
        raise UserError(f"--memory_gb={how.memory_gb:g} is of --launcher=local: give --slurm=memory_gb=N for a job")


def waiting(directory: Path, sweep: Sweep, retry_failed: bool = False) -> list[int]:
    """The packs that have something left to do."""
    left = []
    for point in sweep.points:
        run = run_directory(directory, point)
        if not run.done.exists() and (retry_failed or not run.failed.exists()):
            left.append(point.pack)
    return sorted(set(left))


def _command(directory: Path, how: How) -> Callable[[int], list[str]]:
    shared = [f"--workdir={directory.absolute()}", f"--workers={how.workers}"]
    shared += ["--retry_failed"] if how.retry_failed else []
    return lambda pack: [sys.executable, "-m", "experiments.sweep", *shared, f"--pack={pack}"]
