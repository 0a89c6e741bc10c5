"""Every command against a folder of every other kind: one line, status 2, and not a byte of the folder is touched."""

from pathlib import Path

import pytest
from one_of_each import FOLDERS, contents, of_kind
from processes import WarmPython, refused

TRAINED = "--config=configs/gradient_flow.py:trained"
COMMANDS = {
    "run": ("train", "--config=configs/hello.py", "--workdir=FOLDER"),
    "sweep": ("sweep", "--config=configs/hello.py", "--axis=seed=0:2", "--workdir=FOLDER"),
    "study": ("gradient_flow", "--config=configs/gradient_flow.py:anatomy", "--workdir=FOLDER"),
    "cells": ("interpretable_cells", "--workdir=RUN", "--out=FOLDER"),
    "analysis": ("analyze", "--runs=RUN", "--workdir=FOLDER"),
    "benchmark": ("benchmark", "--suite=loop", "--workdir=FOLDER"),
}
FLAG = {"cells": "--out"}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_folder_of_another_kind(call: WarmPython, tmp_path: Path, kind: str):
    run = of_kind("run", tmp_path / "of", True)
    started = []
    for held in FOLDERS:
        if held != kind:
            folder = of_kind(held, tmp_path / held, named=held in ("run", "cells"))
            flags = (f.replace("FOLDER", str(folder)).replace("RUN", str(run)) for f in COMMANDS[kind])
            started.append((held, folder, contents(folder), call.start(*flags)))
    for held, folder, before, process in started:
        refused(process.wait(), f"{FLAG.get(kind, '--workdir')}={folder} holds ", "choose another", f"{folder}-{kind}")
        assert contents(folder) == before, held
        assert not (folder / ".lock").exists()


def test_a_study_on_its_own_run_and_a_run_inside_a_run(call: WarmPython, trained: Path):
    """As they are mistyped: the run that is read is named where the results should go."""
    before = contents(trained)
    for flags in (
        ("interpretable_cells", f"--workdir={trained}", f"--out={trained}"),
        ("analyze", f"--runs={trained}", f"--workdir={trained}"),
        ("gradient_flow", TRAINED, f"--run={trained}", f"--workdir={trained}"),
        ("interpretable_cells", f"--workdir={trained}", f"--out={trained / 'checkpoints'}"),
        ("train", "--config=configs/hello.py", f"--workdir={trained / 'again'}"),
    ):
        refused(call(*flags), str(trained), "a run (of experiments.train)")
        assert contents(trained) == before
        assert not (trained / "again").exists()
