"""One owner for each folder: a command writes only where its own kind of result lies, or nothing does.

KIND in a folder says what it is; folders from before there was such a file are
known by what lies in them. ``taken`` and ``take`` are the only ways in. Left alone is
also what no command has made: a home directory, a git checkout, a folder that
has files of the names that would be written, and the inside of another result.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from rnn_research.errors import UserError
from rnn_research.config.flat import SECTIONS
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import read_json, read_text, there

KINDS = {
    "run": "a run (of experiments.train)",
    "sweep": "a sweep (of experiments.sweep)",
    "study": "a gradient study (of experiments.gradient_flow)",
    "cells": "a study of cells (of experiments.interpretable_cells)",
    "cells_of_runs": "a study of the cells of several runs (of experiments.interpretable_cells)",
    "analysis": "an analysis (of experiments.analyze)",
    "benchmark": "a benchmark (of experiments.benchmark)",
    "basins": "a study of two basins (of experiments.two_basins)",
    "model": "a model from PyTorch",
}
"""What a folder can be, in words; nothing is written beside a model."""

LAYOUT = {
    "run": ("checkpoints", "tensorboard", "figures", "arrays"),
    "sweep": ("runs", "logs", "slurm"),
    "study": ("parts", "figures", "sweep"),
    "cells": ("figures", "arrays"),
    "cells_of_runs": ("figures",),
    "analysis": ("tables", "figures"),
    "benchmark": ("figures",),
    "basins": ("figures",),
    "model": (),
}
"""The folders that belong to each kind; beside them there may be others, as the cells of a run."""

FILES = (
    *("config.json", "overrides.json", "provenance.json", "vocabulary.json", "metrics.jsonl", "history.jsonl"),
    *("results.json", "report.html", "sample.txt", "DONE", "FAILED", "sweep.json", "cells.csv", "explorer.html"),
    *("benchmark.md", "analysed.json"),
)
"""Names that some command writes."""

BEFORE = ("config.json", "overrides.json", "provenance.json", "vocabulary.json")
"""Those of them that say what is asked, and hold no result."""

ALONE = ("run", "sweep")  # they lie in no other result: analyze would not find them there, or count them as its own


def kind_of(path: Path) -> str | None:
    """What a folder is; None for one that no command has made, or that is not there.

    Raises:
      UserError: if its KIND is none.
    """
    if not there(path / "KIND"):
        return _recognised(path)
    said = read_text(path / "KIND").strip()
    if said not in KINDS:
        raise UserError(f"{path / 'KIND'} says {said[:80]!r}, which is none of {', '.join(KINDS)}: choose another directory")
    return said


def check(directory: RunDirectory, kind: str, flag: str = "--workdir", part_of: str = "") -> None:
    """Refuses a folder that belongs to anything else; changes nothing.

    Args:
      directory: where something is to be written.
      kind: of what is to be written.
      flag: that named the directory.
      part_of: the kind of result that this is made for, and may lie in.

    Raises:
      UserError: naming the folder and what it holds.
    """
    path = directory.path
    found = kind_of(path)
    if found == kind:
        return
    if found is not None:
        raise UserError(
            f"{flag}={path} holds {KINDS[found]}, which {KINDS[kind]} would overwrite: "
            f"choose another directory, as in {flag}={path}-{kind}"
        )
    if what := _somebody_elses(path):
        raise UserError(f"{flag}={path} is {what}: name a folder of its own, as in {flag}={path / f'new-{kind}'}")
    if strange := [name for name in FILES if there(path / name)]:
        raise UserError(
            f"{flag}={path} has files that no command here has left and that would be overwritten "
            f"({', '.join(strange)}): choose another directory"
        )
    _refuse_inside(Path(os.path.realpath(path)), kind, f"{flag}={path}", part_of)


def take(directory: RunDirectory, kind: str, flag: str = "--workdir", part_of: str = "") -> None:
    """Makes the folder this kind's; for what several processes write together.

    Args:
      directory: made if it is missing.
      kind: as in ``check``, and so the rest.
      flag: as there.
      part_of: as there.

    Raises:
      UserError: if it belongs to anything else, or cannot be written.
    """
    check(directory, kind, flag, part_of)
    directory.create(flag)
    if not there(directory.path / "KIND"):
        write_text(directory.path / "KIND", f"{kind}\n")


@contextlib.contextmanager
def taken(directory: RunDirectory, kind: str, flag: str = "--workdir", part_of: str = "") -> Iterator[None]:
    """As ``take``, and holds the folder for this process.

    A folder that was nobody's is nobody's again where what is done within fails before it has written anything.

    Raises:
      InUse: if another process holds it.
      UserError: as ``take``.
    """
    check(directory, kind, flag, part_of)
    path = directory.path
    new = [folder for folder in (path, *path.parents) if not there(folder)]
    try:
        directory.create(flag)
        with directory.locked(flag):
            nobodys, before = kind_of(path) is None, _inside(path, kind)
            try:
                take(directory, kind, flag, part_of)  # looks again: another process may have been quicker
                yield
            except BaseException:
                if nobodys:
                    _give_back(path, _inside(path, kind) - before)
                raise
    except BaseException:
        with contextlib.suppress(OSError):  # one that holds something stays
            for folder in new:
                folder.rmdir()
        raise


def _inside(path: Path, kind: str) -> set[Path]:
    """All that lies in the folders of a kind, and these themselves."""
    return {inside for part in LAYOUT[kind] if there(path / part) for inside in (path / part, *(path / part).rglob("*"))}


def _give_back(path: Path, made: set[Path]) -> None:
    """Removes what a command says of itself before it begins, and with it whose the folder is, if it has written no more.

    Args:
      path: of a folder that was nobody's, and so held none of ``FILES``.
      made: within the folders of its kind.
    """
    if any(there(path / name) for name in FILES if name not in BEFORE) or not all(map(Path.is_dir, made)):
        return
    with contextlib.suppress(OSError):
        for empty in sorted(made, reverse=True):
            empty.rmdir()
        for name in (*BEFORE, "KIND", ".lock"):
            (path / name).unlink(missing_ok=True)


def _recognised(path: Path) -> str | None:
    """What a folder from before KIND is, by what lies in it."""
    has = lambda *names: any(there(path / name) for name in names)  # noqa: E731
    if has("sweep.json", "optuna.log"):
        return "sweep"
    if has("config.json"):
        if has("checkpoints"):
            return "run"
        config = _object(path / "config.json")
        asked = config.get("analysis")
        asked = asked if isinstance(asked, dict) else {}
        if "study" in asked:
            return "study"
        if "characters" in asked:
            return "cells_of_runs" if "runs" in _object(path / "results.json") else "cells"
        return "run" if config.keys() >= set(SECTIONS) or has("metrics.jsonl") else None
    if has("benchmark.md"):
        return "benchmark"
    if has("tables") and {"settings", "counted"} <= _object(path / "results.json").keys():
        return "analysis"
    if {"runs", "corpus_sha256", "steps"} <= _object(path / "results.json").keys():
        return "basins"
    return "model" if path.is_dir() and any(path.glob("*.safetensors")) else None


def _object(path: Path) -> dict[str, object]:
    """A JSON object; empty where there is none to read."""
    try:
        return read_json(path, dict)
    except UserError:
        return {}


def _somebody_elses(path: Path) -> str:
    """What place this is that is never a result's, or nothing."""
    real = Path(os.path.realpath(path))
    if real == real.parent:
        return "the root of the file system"
    if real == Path(os.path.realpath(Path.home())):
        return "a home directory"
    return "a git checkout" if (path / ".git").exists() else ""


def _refuse_inside(path: Path, kind: str, shown: str, part_of: str) -> None:
    """Nothing is written into what makes up another result.

    Raises:
      UserError: naming that result.
    """
    for above in path.parents:
        try:
            owner = kind_of(above)
        except UserError:
            continue
        if owner is None:
            continue
        if owner != part_of and (kind in ALONE or path.relative_to(above).parts[0] in LAYOUT[owner]):
            raise UserError(f"{shown} lies inside {above}, {KINDS[owner]}: choose a directory outside it")
        return
