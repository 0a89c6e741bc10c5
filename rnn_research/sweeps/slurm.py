"""Packs as an array of jobs on Slurm, through submitit.

Which pack is which job stands in ``slurm/jobs.json``: the same command again
submits only packs that are neither queued nor running.
"""

import contextlib
import fcntl
import importlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.errors import UserError
from rnn_research.runs.directory import write_json
from rnn_research.runs.files import read_json, there
from rnn_research.sweeps.slurm_job import PackJob
from rnn_research.sweeps.standing import Watch
from rnn_research.sweeps.table import LiveTable
from rnn_research.training.machines.stop import StopRequest

ASK_SECONDS = 10.0  # between two questions to Slurm while waiting
REQUEUES = 1000  # after so many time limits a job is not requeued any more


class Options(NamedTuple):
    """What a job asks for.

    Attributes:
      minutes: after which it is stopped and requeued.
      partition: where; empty: Slurm's default.
      account: whose; empty: Slurm's default.
      cpus: cores of a job.
      gpus: of a job.
      memory_gb: of a job; 0: Slurm's default.
      at_once: jobs that run at one time.
      more: any other option of sbatch, by its long name.
    """

    minutes: int = 240
    partition: str = ""
    account: str = ""
    cpus: int = 1
    gpus: int = 0
    memory_gb: float = 0.0
    at_once: int = 256
    more: Mapping[str, str] = {}


def options_of(given: Sequence[str]) -> Options:
    """Reads ``KEY=VALUE`` of each ``--slurm``: a field of ``Options``, or a long option of sbatch.

    Raises:
      UserError: naming what cannot be read.
    """
    known = {name: type(default) for name, default in Options._field_defaults.items() if name != "more"}
    values: dict[str, Any] = {}
    more: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals or not value:
            raise UserError(f"--slurm={text} must be KEY=VALUE, as in --slurm=partition=gpu")
        key = key.replace("-", "_")
        if key in values or key in more:
            raise UserError(f"--slurm={text}: {key} is given twice: leave one out")
        if key not in known:
            more[key] = value
            continue
        try:
            values[key] = known[key](value)
        except ValueError as error:
            raise UserError(f"--slurm={text} must be a number, as in --slurm={key}=4") from error
        if known[key] is not str and not values[key] >= (0 if key in ("gpus", "memory_gb") else 1):
            raise UserError(f"--slurm={text} is too small, or no number")
    return Options(**values, more=more)


def launch(
    directory: Path,
    packs: Sequence[int],
    command: Callable[[int], list[str]],
    *,
    options: Options = Options(),
    wait: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Submits packs that are neither queued nor running, as one array of jobs that come back when they are preempted.

    Args:
      directory: of the sweep, on a file system that the nodes share; what each pack says goes to ``logs/pack-K.log``.
      packs: which ones.
      command: what runs a pack; it resumes by itself, saves on SIGTERM, and exits with 0 if all its points are DONE,
        1 if some FAILED. It runs in the folder that this is called in.
      options: what a job asks for.
      wait: stay, with the live table, until none is queued or running.
      say: is told what was submitted, a line at a time.

    Returns:
      0 once submitted; with ``wait``, 0 if all points are DONE, 1 otherwise, 128 + a signal that ended the waiting.

    Raises:
      UserError: if submitit or Slurm is missing, or Slurm refuses the jobs.
    """
    submitit = _submitit()
    if missing := [name for name in ("sbatch", "squeue", "srun") if shutil.which(name) is None]:
        raise UserError(
            f"--launcher=slurm: there is no {missing[0]} here: call it where Slurm is, or take --launcher=local"
        )
    folder = directory.absolute() / "slurm"
    with _locked(folder):
        path = folder / "jobs.json"
        jobs = _submitted(path)
        known = queued()
        new = [pack for pack in packs if jobs.get(pack) not in known]
        if kept := [pack for pack in packs if pack not in new]:
            say(f"{_counted(kept)} queued or running already, as {', '.join(jobs[pack] for pack in kept[:5])} ...")
        if new:
            jobs |= _submit(submitit, directory.absolute(), new, command, options)
            write_json(path, {str(pack): job for pack, job in sorted(jobs.items())})
            array = jobs[new[0]].split("_")[0]
            say(f"{_counted(new)} submitted as job {array}")
            say(f"look: squeue --job={array}; stop: scancel {array}; go on: the same command again")
    ours = {pack: jobs[pack] for pack in packs if pack in jobs}
    return _wait(directory, ours) if wait else 0


def _submitted(path: Path) -> dict[int, str]:
    """The job of each pack that was ever submitted."""
    stored = read_json(path, {"*": str}) if there(path) else {}
    if odd := [pack for pack in stored if not pack.isdecimal()]:
        raise UserError(f"{path} is damaged, {odd[0]!r} is no pack: remove it, if none of its jobs runs any more")
    return {int(pack): job for pack, job in stored.items()}


def queued() -> dict[str, str]:
    """State of each job of this user that is queued or running, by its number, ``ARRAY_INDEX`` in an array.

    Raises:
      UserError: if Slurm does not answer.
    """
    command = ["squeue", "--noheader", "--array", f"--user={os.getuid()}", "--format=%i %T"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode:
        raise UserError(f"--launcher=slurm: squeue fails ({_first_line(asked.stderr)}): is slurmctld running?")
    return {job: state for job, _, state in (line.partition(" ") for line in asked.stdout.splitlines())}


def _submit(
    submitit: Any, directory: Path, packs: Sequence[int], command: Callable[[int], list[str]], options: Options
) -> dict[int, str]:
    """The job of each pack."""
    logs = directory / "logs"
    logs.mkdir(exist_ok=True)
    executor = submitit.SlurmExecutor(folder=directory / "slurm", max_num_timeout=REQUEUES)
    wishes: dict[str, Any] = {"partition": options.partition, "account": options.account}
    wishes |= {"gpus_per_node": options.gpus, "mem": f"{round(options.memory_gb * 1024)}MB" * (options.memory_gb > 0)}
    executor.update_parameters(
        job_name=directory.name,
        time=options.minutes,
        cpus_per_task=options.cpus,
        array_parallelism=options.at_once,
        stderr_to_stdout=True,
        additional_parameters={"requeue": True, **options.more},
        **{name: value for name, value in wishes.items() if value},
    )
    try:
        with executor.batch():
            jobs = [executor.submit(PackJob(k, command(k), logs / f"pack-{k}.log")) for k in packs]
    except submitit.core.utils.UncompletedJobError as error:
        raise UserError(
            f"--launcher=slurm: sbatch refuses the jobs ({_first_line(str(error))}): see --slurm"
        ) from error
    return {pack: job.job_id for pack, job in zip(packs, jobs, strict=True)}


def _wait(directory: Path, jobs: Mapping[int, str]) -> int:
    """Shows the live table until no job is left."""
    asked = -ASK_SECONDS
    running: list[int] = []
    with StopRequest() as stop, LiveTable(directory) as table:
        while stop.signal is None:
            if time.monotonic() - asked >= ASK_SECONDS:
                asked, known = time.monotonic(), queued()
                if not any(job in known for job in jobs.values()):
                    break
                running = [pack for pack, job in jobs.items() if known.get(job) == "RUNNING"]
            table.update(running)
            time.sleep(0.1)
        table.update(running if stop.signal is not None else [], last=True)
        if stop.signal is not None:
            table.say("the jobs go on; the same command waits for them again")
            return 128 + stop.signal
    return int(not all(point.done for point in Watch(directory).of_packs(jobs)))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """So that of two launchers at one time only one submits a pack."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _submitit() -> Any:
    try:
        return importlib.import_module("submitit")
    except ImportError as error:
        raise UserError("--launcher=slurm needs submitit: pip install -e .[sweep]") from error


def _counted(packs: Sequence[int]) -> str:
    return f"pack {packs[0]}" if len(packs) == 1 else f"{len(packs)} packs"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if lines else "it does not say why"
