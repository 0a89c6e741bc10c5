"""Packs as processes on this machine: at most so many at once, within a bound of memory.

A worker over the bound is not killed: the one that started last is told to stop,
saves, and waits until there is room again. Where a single worker is over it, it
stays stopped, and the sweep ends with status 1; a higher bound goes on with it.
Workers live in sessions of their own, so that Ctrl-C reaches them once, through
the launcher. They also outlive a launcher that is killed, and hold their runs.
"""

import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rnn_research.errors import at_least
from rnn_research.sweeps import worker_memory
from rnn_research.sweeps.table import LiveTable
from rnn_research.training.machines.stop import StopRequest

POLL_SECONDS = 0.1
MEMORY_SECONDS = 1.0  # between two looks at the workers' memory
TAIL = 4096  # bytes of a log in which its last line is looked for


class Worker(NamedTuple):
    """A pack that runs."""

    pack: int
    process: subprocess.Popen[bytes]


def launch(
    directory: Path,
    packs: Sequence[int],
    command: Callable[[int], list[str]],
    *,
    workers: int,
    memory_gb: float | None = None,
) -> int:
    """Runs packs to their end.

    Args:
      directory: of the sweep; what each pack says goes to ``logs/pack-K.log``.
      packs: which ones.
      command: what runs a pack; it resumes by itself, and exits with 0 if all its points are DONE, 1 if some
        FAILED, 128 + a signal that stopped it.
      workers: how many at once.
      memory_gb: GiB that they may hold together; None: a further one only starts where the machine has room for it.

    Returns:
      0 if all packs ended with 0; 128 + the signal that stopped the launcher; 1 otherwise.

    Raises:
      UserError: for bounds that cannot be.
    """
    at_least("--workers", workers, 1)
    if memory_gb is not None:
        at_least("--memory_gb", memory_gb, 0.1)
    with StopRequest() as stop, LiveTable(directory) as table:
        pool = Pool(directory, packs, command, workers, worker_memory.Bound(memory_gb), table)
        try:
            while pool.unfinished and stop.signal is None:
                pool.turn()
                table.update(pool.running)
                time.sleep(POLL_SECONDS)
            if stop.signal is not None:
                pool.stop(stop.signal)
        finally:
            pool.kill()  # a second signal, or an error of ours: their last checkpoints are whole
        table.update(pool.running, last=True)
    return pool.status if stop.signal is None else 128 + stop.signal


class Pool:
    """The workers, and the packs that wait for one."""

    def __init__(
        self,
        directory: Path,
        packs: Sequence[int],
        command: Callable[[int], list[str]],
        workers: int,
        bound: worker_memory.Bound,
        table: LiveTable,
    ):
        self.status = 0
        self._logs, self._command, self._limit = directory / "logs", command, workers
        self._bound, self._table = bound, table
        self._waiting = deque(packs)
        self._workers: list[Worker] = []
        self._stopping: set[int] = set()  # packs that are told to make room
        self._need, self._looked = 0.0, 0.0
        self._logs.mkdir(parents=True, exist_ok=True)

    @property
    def running(self) -> list[int]:
        """The packs that have a worker."""
        return [worker.pack for worker in self._workers]

    @property
    def unfinished(self) -> bool:
        """Whether something runs or waits."""
        return bool(self._workers or self._waiting)

    def turn(self) -> None:
        """Takes leave of those that have ended, starts those that have room."""
        self._reap()
        if not self._waiting and self._bound.gib is None:
            return
        if time.monotonic() - self._looked > MEMORY_SECONDS:
            self._looked = time.monotonic()
            self._watch_memory()
        while self._waiting and len(self._workers) < self._limit and not self._stopping:
            if not self._bound.has_room([worker_memory.held(w.process.pid) for w in self._workers], self._need):
                return
            self._start(self._waiting.popleft())

    def stop(self, number: int) -> None:
        """Hands a signal on to all workers and waits until they have saved."""
        for worker in self._workers:
            worker.process.send_signal(number)
        if self._workers:
            count = len(self._workers)
            self._table.say(f"{signal.Signals(number).name}: {count} worker{'s' if count > 1 else ''} saving")
        for worker in self._workers:
            worker.process.wait()
        self._workers.clear()

    def kill(self) -> None:
        """Ends what still runs, at once."""
        for worker in self._workers:
            worker.process.kill()
            worker.process.wait()

    def _start(self, pack: int) -> None:
        with open(self._logs / f"pack-{pack}.log", "ab") as log:
            process = subprocess.Popen(
                self._command(pack),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._workers.append(Worker(pack, process))

    def _watch_memory(self) -> None:
        holding = [worker_memory.held(worker.process.pid) for worker in self._workers]
        self._need = max([self._need, *holding])
        if self._bound.is_passed(holding) and not self._stopping:
            newest = self._workers[-1]
            newest.process.send_signal(signal.SIGTERM)
            self._stopping.add(newest.pack)
            alone = len(self._workers) == 1
            then = "raise the bound to go on with it" if alone else "it goes on when there is room"
            self._table.say(
                f"pack {newest.pack} is stopped: the workers hold {sum(holding):.1f} of "
                f"--memory_gb={self._bound.gib:g}; {then}"
            )
            if alone:
                self.status = 1
            else:
                self._waiting.append(newest.pack)

    def _reap(self) -> None:
        for worker in [w for w in self._workers if w.process.poll() is not None]:
            self._workers.remove(worker)
            if worker.pack in self._stopping:
                self._stopping.remove(worker.pack)
            elif status := worker.process.returncode:
                self.status = 1
                self._table.say(self._fate(worker.pack, status))

    def _fate(self, pack: int, status: int) -> str:
        """What became of a pack, in a line."""
        path = self._logs / f"pack-{pack}.log"
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return f"pack {pack} {how}: {last_line(path) or 'it said nothing'} ({path})"


def last_line(path: Path) -> str:
    """The last line of a file that has something on it."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
