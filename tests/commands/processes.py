"""Commands as processes: start one, wait for its end, read what it said."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds; nothing here takes ten


class Ended(NamedTuple):
    """What is left of a command.

    Attributes:
      status: its exit status; minus the signal's number where a signal ended it.
      out: what it wrote to stdout.
      err: what it wrote to stderr.
    """

    status: int
    out: str
    err: str


class Started(NamedTuple):
    """A command that runs."""

    pid: int
    poll: Callable[[], int | None]
    out: Path
    err: Path

    def wait(self) -> Ended:
        """Until it ends."""
        limit = time.monotonic() + PATIENCE
        while (status := self.poll()) is None:
            if time.monotonic() > limit:
                os.kill(self.pid, 9)
                raise TimeoutError(f"still running after {PATIENCE} s; it said: {self.err.read_text()}")
            time.sleep(0.005)
        return Ended(status, self.out.read_text(), self.err.read_text())


class WarmPython:
    """The parent of all commands of a test session; see ``warm_python.py``."""

    def __init__(self, folder: Path, cache: Path, prefix: tuple[str, ...] = ()):
        self._folder, self._calls = folder, 0
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "COLUMNS": "100"}
        environment |= {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        environment |= {"JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
        for name in ("XLA_FLAGS", "PYTHONUNBUFFERED"):
            environment.pop(name, None)
        script = Path(__file__).with_name("warm_python.py")
        self.environment = environment
        with (folder / "warm_python.err").open("wb") as err:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                env=environment,
            )

    @property
    def pid(self) -> int:
        """Of the parent of all commands."""
        return self._process.pid

    def start(
        self,
        command: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
        folder: Path = ROOT,
        stdout: str = "",
    ) -> Started:
        """Starts ``python -m experiments.COMMAND ARGUMENTS``; by default in the root of the repository."""
        self._calls += 1
        out, err = (self._folder / f"{self._calls}.{end}" for end in ("out", "err"))
        for path in (out, err):
            path.touch()  # a process that is killed at once has not opened them yet
        request = {"command": command, "arguments": arguments, "folder": str(folder), "environment": environment or {}}
        pid = self._ask({**request, "stdout": stdout or str(out), "stderr": str(err)})
        assert pid is not None
        return Started(pid, lambda: self._ask({"poll": pid}), out, err)

    def __call__(self, command: str, *arguments: str, environment: dict[str, str] | None = None) -> Ended:
        """Starts a command and waits for its end."""
        return self.start(command, *arguments, environment=environment).wait()

    def _ask(self, request: dict[str, object]) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="session")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPython]:
    """``call("train", "--config=...")`` runs a command."""
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist the workers' folders lie side by side: they share what is compiled.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    python = WarmPython(tmp_path_factory.mktemp("commands"), shared / "compiled")
    yield python
    python.close()


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small text that still has something to learn."""
    path = tmp_path_factory.mktemp("text") / "fox.txt"
    path.write_text("".join(f"{n} quick brown foxes jump over {n % 7} lazy dogs.\n" for n in range(60)))
    return path


@pytest.fixture(scope="session")
def tiny(text: Path) -> tuple[str, ...]:
    """Flags of a run of 240 steps that trains in a moment."""
    return (
        "--config=configs/char_lm.py:tiny",
        f"--config.task.path={text}",
        "--config.task.batch_size=4",
        "--config.task.chunk_length=16",
        "--config.task.validation_fraction=0.1",
        "--config.task.test_fraction=0.1",
        "--config.model.hidden=8",
        "--config.optimizer.schedule.warmup_steps=10",
        "--config.training.steps=240",
        "--config.training.log_every=20",
        "--config.training.checkpoint_every=40",
        "--config.evaluation.every=60",
        "--config.evaluation.batch_size=2",
        "--config.evaluation.sample_length=20",
    )


@pytest.fixture(scope="session")
def trained(call: WarmPython, tiny: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that has ended; only to be read."""
    path = tmp_path_factory.mktemp("runs") / "trained"
    ended = call("train", *tiny, f"--workdir={path}")
    assert ended.status == 0, ended.err
    return path


def refused(ended: Ended, *words: str) -> None:
    """Holds a wrong call to the contract: status 2, one line on stderr that has all these words, nothing on stdout."""
    assert ended.status == 2, ended
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("error: "), ended.err
    for word in words:
        assert word in ended.err, (word, ended.err)
    assert ended.out == ""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for the lock, which is empty."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != ".lock")
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}
