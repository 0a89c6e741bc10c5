"""A folder of every kind, as small as its command could leave it, with and without the file that says what it is."""

import json
from pathlib import Path

from written_runs import write_run

from rnn_research.runs.owner import KINDS

FOLDERS = list(KINDS)


def of_kind(kind: str, folder: Path, named: bool) -> Path:
    """Makes the folder."""
    if kind == "run":
        write_run(folder)
        (folder / "checkpoints" / "10").mkdir(parents=True)
    elif kind == "sweep":
        (folder / "runs").mkdir(parents=True)
        (folder / "sweep.json").write_text('{"config": "", "base": {}, "overrides": {}, "points": []}')
        (folder / "results.json").write_text('{"points": 0}')
    elif kind in ("study", "cells", "cells_of_runs"):
        folder.mkdir(parents=True)
        field = {"study": "anatomy"} if kind == "study" else {"characters": 100, "shown": 10}
        sections = {"task": {}, "model": {}, "optimizer": {}, "training": {}} if kind == "study" else {}
        (folder / "config.json").write_text(json.dumps({**sections, "analysis": field}))
        (folder / "results.json").write_text('{"runs": []}' if kind == "cells_of_runs" else "{}")
    elif kind == "analysis":
        (folder / "tables").mkdir(parents=True)
        (folder / "results.json").write_text('{"settings": 1, "counted": 2}')
        (folder / "report.html").write_text("<p>")
    elif kind == "benchmark":
        folder.mkdir(parents=True)
        (folder / "benchmark.md").write_text("# Speed\n")
        (folder / "results.json").write_text("{}")
    elif kind == "basins":
        folder.mkdir(parents=True)
        (folder / "results.json").write_text('{"runs": [], "corpus_sha256": "", "steps": 400}')
    elif kind == "model":
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"")
        (folder / "vocabulary.json").write_text('["a", "b"]')
    if named:
        (folder / "KIND").write_text(f"{kind}\n")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for the lock, which is empty."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }
