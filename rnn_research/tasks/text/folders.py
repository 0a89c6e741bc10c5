"""The files of a folder that are text: what is hidden, binary or no file is left out, and named."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from rnn_research.errors import UserError

SHOWN = 3  # names of each kind


class LeftOut:
    """What of one folder is not read, by the reason."""

    def __init__(self, folder: Path):
        """Begins with nothing."""
        self._folder = folder
        self._names: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, paths: Iterable[Path]) -> None:
        """Names files and why they are left out."""
        self._names[reason] += [path.relative_to(self._folder).as_posix() for path in paths]

    def __str__(self) -> str:
        """``2 hidden (.a, .git/b), 1 binary (c.png)``, or nothing."""
        return ", ".join(f"{len(names)} {reason} ({_some(names)})" for reason, names in self._names.items() if names)


def files_of(folder: Path, pattern: str, all_files: bool, left_out: LeftOut, flag: str) -> list[Path]:
    """The files that a pattern matches, in order of name.

    Hidden files, and all in hidden folders, are left out unless the pattern has a
    name that begins with a dot, as with a shell's ``**``.

    Args:
      folder: where they are.
      pattern: a glob.
      all_files: take hidden ones, too.
      left_out: is told what is not taken.
      flag: that named the folder.

    Raises:
      UserError: if the pattern is none, or the folder cannot be read.
    """
    try:
        found = sorted(folder.glob(pattern))
    except (ValueError, NotImplementedError) as error:
        raise UserError(f"task.glob={pattern!r} is no pattern ({error}): use one like **/*.py") from error
    except OSError as error:
        raise UserError(f"{flag}={folder}: cannot be read ({error})") from error
    if not all_files and not any(part.startswith(".") for part in pattern.split("/")):
        hidden = {path for path in found if any(p.startswith(".") for p in path.relative_to(folder).parts)}
        left_out.add("hidden", (path for path in found if path in hidden and not path.is_dir()))
        found = [path for path in found if path not in hidden]
    folders = [path for path in found if path.is_dir()]
    left_out.add("links to folders", (path for path in folders if path.is_symlink()))
    left_out.add("folders that may not be read", (p for p in folders if not os.access(p, os.R_OK | os.X_OK)))
    left_out.add("broken links", (path for path in found if path.is_symlink() and not path.exists()))
    files = [path for path in found if path.is_file()]
    left_out.add("pipes or devices", (p for p in found if p.exists() and not (p.is_file() or p.is_dir())))
    return files


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
