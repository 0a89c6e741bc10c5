"""The run directory: one place that knows its layout, and that only one process writes to it.

KIND (run)  config.json  overrides.json  provenance.json  vocabulary.json
history.jsonl                              (what was true before the run went on with changes)
metrics.jsonl  tensorboard/  checkpoints/<step>  arrays/*.npz  figures/*.png
results.json  sample.txt  report.html
DONE | FAILED                              (FAILED holds the reason)
"""

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rnn_research.errors import UserError
from rnn_research.runs.files import NUMBER, REMEDY, folder_fault, read_bytes, read_json, there

__all__ = ["InUse", "RunDirectory", "read_json", "remove", "write_json", "write_text"]


TRAINS_AGAIN = "remove that folder, and the command that made it trains it again"
"""What to do with a damaged run of a sweep."""

FIGURE = (*NUMBER, type(None))
"""None where it is not finite, or there is none."""
RESULTS = {"objective": str, "step": int, "best_step?": int, "validation_*": FIGURE, "test_*": FIGURE, "floor_*": FIGURE}
PROVENANCE = {"command": str, "corpus": {"corpus_sha256?": str}}


class InUse(UserError):
    """Another process holds the directory."""


class RunDirectory:
    """Paths of one run, and its small files."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path).expanduser().absolute()
        self.config = self.path / "config.json"
        self.overrides = self.path / "overrides.json"
        self.provenance = self.path / "provenance.json"
        self.vocabulary = self.path / "vocabulary.json"
        self.history = self.path / "history.jsonl"
        self.metrics = self.path / "metrics.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.figures = self.path / "figures"
        self.results = self.path / "results.json"
        self.sample = self.path / "sample.txt"
        self.report = self.path / "report.html"
        self.done = self.path / "DONE"
        self.failed = self.path / "FAILED"

    def create(self, flag: str = "--workdir") -> None:
        """Makes the directory and makes sure that it can be written.

        Args:
          flag: that named it.

        Raises:
          UserError: if it cannot.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # A read-only file system shows itself only when written to.
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise UserError(
                f"{flag}={self.path} cannot be written ({error.strerror}): choose another directory"
            ) from error

    @contextlib.contextmanager
    def locked(self, flag: str = "--workdir") -> Iterator[None]:
        """Holds the directory for this process; the lock dies with the process, however it dies.

        Args:
          flag: that named it.

        Raises:
          InUse: if another process holds it.
        """
        in_use = f"{flag}={self.path} is in use by another process: wait for it or choose another"
        path = self.path / ".lock"
        with _opened(path) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InUse(in_use) from error
            # Whoever gives a folder back removes its lock, and the next makes another one.
            if not path.exists() or not os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                raise InUse(in_use)
            yield

    def used(self) -> bool:
        """Whether a run was ever started here."""
        return there(self.config)

    def read_results(self) -> dict[str, Any]:
        """The headline figures of a run that is DONE.

        Raises:
          UserError: if the file is missing, damaged or of something else.
        """
        return read_json(self.results, RESULTS)

    def reason(self) -> str:
        """Why a run FAILED; whatever stands there, since it is only shown."""
        try:
            return read_bytes(self.failed).decode(errors="replace").strip()
        except UserError as error:
            return str(error)

    def read_provenance(self) -> dict[str, Any]:
        """Where a run comes from: its command and its ``corpus`` at the least.

        Raises:
          UserError: as ``read_results``.
        """
        return read_json(self.provenance, PROVENANCE)

    def trained(self, flag: str = "--workdir") -> "RunDirectory":
        """Itself, if it holds a trained run.

        Args:
          flag: that named it; empty for one that a command has made itself.

        Raises:
          UserError: if it does not.
        """
        where = f"{flag}={self.path}".lstrip("=")
        again = "train one with python -m experiments.train" if flag else TRAINS_AGAIN
        if not self.path.is_dir():
            raise UserError(f"{where}: no such run directory")
        if not there(self.config) or not there(self.checkpoints):
            raise UserError(f"{where} holds no trained run: {again}")
        if fault := folder_fault(self.checkpoints):
            raise UserError(f"{where}: {fault}")
        return self


def _opened(lock: Path) -> IO[str]:
    try:
        # Not blocking: a pipe in its place would be waited for.
        return open(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666), "w")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UserError(f"{lock} cannot be opened ({error.strerror}): remove it, or choose another directory") from error


def of_point(sweep: Path, name: str) -> Path:
    """The folder of a point of a sweep.

    Raises:
      UserError: if its name, as sweep.json has it, or a link of that name leads elsewhere.
    """
    folder = sweep / "runs" / name
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UserError(f"{sweep / 'sweep.json'} is damaged, {name[:80]!r} cannot be the name of a point: {REMEDY}")
    if folder.is_symlink() and folder.resolve().parent != folder.parent.resolve():
        raise UserError(f"{folder} is a link that leads out of the sweep: {REMEDY}")
    return folder


def write_json(path: Path, value: Any) -> None:
    """Writes a file whole or not at all: a killed process leaves the old one."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """As ``write_json``, for text.

    Raises:
      UserError: if something that is no file stands in its place.
    """
    with written_whole(path) as part:
        # What is no character (a byte of a file's name) is written as JSON and Python write it.
        part.write_bytes(text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write a file of any kind; it takes its place once it is whole, and else leaves the old one.

    Raises:
      UserError: if something that is no file stands in its place.
    """
    part = path.with_name(f"{path.stem}.part{path.suffix}")  # libraries tell a format by the end of the name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): {REMEDY}") from error
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def remove(path: Path) -> None:
    """Takes a file away, if it is there.

    Raises:
      UserError: if something that is no file stands in its place.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be removed ({error.strerror}): remove it, or choose another directory") from error
