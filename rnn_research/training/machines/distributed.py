"""One run over several processes, on one host or on several.

Every process builds the same run and computes its part of each batch. The first
one alone reads and writes the run directory; the others hear from it what they
need to know, so they need not see its disk. The text they read is their own.
"""

import atexit
import contextlib
import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from rnn_research.errors import RunFailed, UserError, at_least, one_of
from rnn_research.runs.checkpoints import Checkpoints, Snapshot
from rnn_research.runs.metrics import MetricsWriter
from rnn_research.training.machines import rendezvous
from rnn_research.training.machines.stop import Stopped

HEARTBEAT_SECONDS = 20  # a process that is silent for so long is taken for dead
MODES = ("auto", "off")
STATUS: dict[type[BaseException], int] = {UserError: 2, KeyboardInterrupt: 130}  # with which a process ends alone

T = TypeVar("T")


class Group(NamedTuple):
    """The processes of a run, as the flags name them.

    Attributes:
      coordinator: ``host:port`` of the first one; empty where Slurm tells it.
      processes: how many.
      process: which one this is; None where Slurm tells it.
    """

    coordinator: str
    processes: int
    process: int | None


def group_of(mode: str, coordinator: str | None, processes: int | None, process: int | None) -> Group | None:
    """The group that the flags name, or in ``auto`` mode the Slurm job step of several tasks that this is one of.

    Args:
      mode: auto; or off: alone, whatever Slurm says.
      coordinator: ``--coordinator``.
      processes: ``--num_processes``.
      process: ``--process_id``.

    Returns:
      None for a run of one process.

    Raises:
      UserError: if one flag comes without the others, or a value cannot be.
    """
    one_of("--distributed", mode, MODES)
    given = {"--coordinator": coordinator, "--num_processes": processes, "--process_id": process}
    lacking = [flag for flag, value in given.items() if value is None]
    if len(lacking) == len(given):
        tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS", "1"))
        return Group("", tasks, None) if mode == "auto" and tasks > 1 else None
    named = ", ".join(f"{flag}={value}" for flag, value in given.items() if value is not None)
    if mode == "off":
        raise UserError(f"--distributed=off contradicts {named}: leave one of them out")
    if coordinator is None or processes is None or process is None:
        raise UserError(f"{named} needs {' and '.join(lacking)} too")
    at_least("--num_processes", processes, 1)
    if not 0 <= process < processes:
        raise UserError(f"--process_id={process} must lie between 0 and {processes - 1}, one less than --num_processes")
    rendezvous.address(coordinator)
    return Group(coordinator, processes, process) if processes > 1 else None


@contextlib.contextmanager
def joined(group: Group | None) -> Iterator[None]:
    """This process as one of its group, from before JAX starts its devices.

    Raises:
      UserError: if the others do not come.
      RunFailed: if one of them ends before its time.
    """
    if group is None:
        yield
        return
    jax.config.update("jax_enable_preemption_service", False)  # signals are our own matter
    if group.process is None:
        jax.distributed.initialize(cluster_detection_method="slurm", heartbeat_timeout_seconds=HEARTBEAT_SECONDS)
    else:
        rendezvous.meet(group.coordinator, group.processes, group.process)
        jax.distributed.initialize(
            group.coordinator,
            group.processes,
            group.process,
            cluster_detection_method="deactivate",
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        )
    try:
        yield
    except BaseException as error:
        _leave_alone(128 + error.number if isinstance(error, Stopped) else STATUS.get(type(error), 1))
        if _is_of_a_peer(error):
            raise RunFailed(
                f"process {jax.process_index()} of {jax.process_count()}: another process of this run has ended; "
                "start all of them again, they go on from the newest checkpoint"
            ) from error
        raise
    jax.distributed.shutdown()


def first() -> bool:
    """Whether this process is the one that writes."""
    return jax.process_index() == 0


def from_first(make: Callable[[], T]) -> T:
    """What ``make`` gives on the first process, on all of them; it is called there alone.

    Args:
      make: what it gives can be pickled.

    Raises:
      UserError: the same on all, if ``make`` raises it.
      RunFailed: likewise.
    """
    if jax.process_count() == 1:
        return make()
    value, error = None, None
    if first():
        try:
            value = make()
        except (UserError, RunFailed) as raised:
            error = raised
    value, error = _from_first((value, error))
    if error is not None:
        raise error
    return value


def check_same(what: str, value: Any) -> None:
    """Refuses to train together what is not the same run.

    Args:
      what: its name, for the message.
      value: ready for JSON.

    Raises:
      UserError: on all processes, if they have different values.
    """
    if jax.process_count() == 1:
        return
    told = from_first(lambda: json.dumps(value, sort_keys=True))
    same = multihost_utils.process_allgather(np.array(told == json.dumps(value, sort_keys=True)))
    if not same.all():
        others = ", ".join(map(str, np.flatnonzero(~same)))
        raise UserError(f"{what} of process {others} is not that of process 0: give all processes the same")


def _from_first(value: Any) -> Any:
    data = np.frombuffer(pickle.dumps(value), np.uint8) if first() else np.zeros(0, np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.array(data.size)))
    sent = multihost_utils.broadcast_one_to_all(data if first() else np.zeros(size, np.uint8))
    return pickle.loads(np.asarray(sent, np.uint8).tobytes())


def _is_of_a_peer(error: BaseException) -> bool:
    """Whether an exchange between processes failed."""
    return isinstance(error, ValueError | RuntimeError) and any(
        sign in str(error) for sign in ("Gloo", "NCCL", "oordination", "another task died")
    )


def _leave_alone(status: int) -> None:
    """Lets this process end without the others: at its end JAX would wait for them, and they wait for it."""

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(end)  # runs before JAX's own, which is older


class SilentMetrics(MetricsWriter):
    """Writes no metrics."""

    def __init__(self) -> None:
        pass

    def write(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Nothing."""

    def sync(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class SilentCheckpoints(Checkpoints):
    """Writes no checkpoints; there is none to read either."""

    def __init__(self) -> None:
        pass

    def save(self, step: int, snapshot: Snapshot, objective: float | None) -> None:
        """Nothing."""

    def wait(self) -> None:
        """Nothing."""

    def steps(self) -> list[int]:
        """None."""
        return []

    def close(self) -> None:
        """Nothing."""
