"""Every file of a run with a table of damages, read by every command: one line that names it, or of no consequence."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from damages import BRIEF, DAMAGES, copied
from in_process import Ended, command, fault, passed

from rnn_research.report import run_page
from rnn_research.runs.directory import RunDirectory
from rnn_research.training import loop, train
from rnn_research.training.defaults import defaults

FLAGS = {
    "task.text": "the quick brown fox jumps over the lazy dog. " * 4,
    "task.batch_size": 2,
    "task.chunk_length": 4,
    "task.validation_fraction": 0.2,
    "task.test_fraction": 0.2,
    "model.hidden": 2,
    "training.steps": 2,
    "evaluation.every": 1,
    "evaluation.sample_length": 2,
}
JSON = ("config.json", "provenance.json", "vocabulary.json", "results.json")
NAMED = (*JSON, "metrics.jsonl", "KIND", "DONE", "FAILED", ".lock", "checkpoints", "overrides.json", "history.jsonl")
INSIDE = ("checkpoints/2/metrics/metrics",)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps."""
    path = tmp_path_factory.mktemp("runs") / "whole"
    config = defaults()
    config.update_from_flattened_dict(FLAGS)
    train.train(config, RunDirectory(path), {})
    (path / "sample.txt").write_text("the")
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("configs") / "given.py"
    path.write_text(
        "from rnn_research.training.defaults import defaults\n\ndef get_config():\n    config = defaults()\n"
        f"    config.update_from_flattened_dict({FLAGS!r})\n    return config\n"
    )
    return path


@pytest.fixture(scope="module", autouse=True)
def _cut_off(run: Path):
    """From here on nothing is drawn or trained."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("learning_curve", "gradient_norms", "gradient_reach"):
            patch.setattr(run_page.figures, name, lambda *arguments: None)
        patch.setattr(run_page.html, "figure", lambda *arguments: "")
        patch.setattr(loop, "run", passed)
        yield


@pytest.fixture(scope="module", params=["train", "go_on", "sample", "evaluate", "trained", "cells", "runs", "compare"])
def reader(request: pytest.FixtureRequest, run: Path, config: Path, tmp_path_factory: pytest.TempPathFactory):
    """A command that reads a run: ``reader(folder) -> Ended``."""
    whole = str(run)
    out, numbers = tmp_path_factory.mktemp("out"), itertools.count()
    name, arguments = {
        "train": ("train", lambda folder: (f"--config={config}", f"--workdir={folder}")),
        "go_on": ("train", lambda folder: (f"--config={config}", f"--workdir={folder}", "--resume=changed")),
        "sample": ("sample", lambda folder: (f"--workdir={folder}",)),
        "evaluate": ("evaluate", lambda folder: (f"--workdir={folder}",)),
        "trained": (
            "gradient_flow",
            lambda folder: (
                "--config=configs/gradient_flow.py:trained",
                f"--run={folder}",
                f"--workdir={out / folder.name}-{next(numbers)}",
            ),
        ),
        "cells": ("interpretable_cells", lambda folder: (f"--workdir={folder}", "--concepts=prose")),
        "runs": ("analyze", lambda folder: (f"--runs={folder}", f"--workdir={out / 'analysis'}")),
        "compare": ("analyze", lambda folder: ("--compare", whole, "--compare", str(folder))),
    }[request.param]
    with command(name) as call, pytest.MonkeyPatch.context() as patch:
        _stop_behind_reading(request.param, patch)
        yield lambda folder: call(*arguments(folder))


def _stop_behind_reading(reader: str, patch: pytest.MonkeyPatch) -> None:
    if reader in ("train", "go_on"):
        patch.setattr(sys.modules["experiments.train"], "sample", lambda run: "the")
    elif reader == "sample":
        patch.setattr(sys.modules["experiments.sample"].writing, "write", passed)
    elif reader == "evaluate":
        patch.setattr(sys.modules["experiments.evaluate"], "walker", passed)
    elif reader == "trained":
        from rnn_research.studies import trained_run

        patch.setattr(sys.modules["experiments.gradient_flow"], "share_cores", lambda: None)
        patch.setattr(trained_run, "sequences_of", passed)
    elif reader == "cells":
        from rnn_research.studies.cells import cell_study

        patch.setattr(cell_study, "run", passed)
    elif reader == "runs":
        from rnn_research.report.sweep import sweep_page

        patch.setattr(sweep_page, "analyse", passed)


IN_FULL = ("train", "runs")
"""Readers with the whole table: they read all that is there, and the others by the same functions."""


@pytest.mark.parametrize("file", [*NAMED, *INSIDE])
def test_a_damaged_file(reader: Callable[[Path], Ended], run: Path, tmp_path: Path, file: str, request):
    wrong = []
    table = DAMAGES if request.node.callspec.params["reader"] in IN_FULL else BRIEF
    for damage, make in table.items():
        folder = copied(run, tmp_path / damage.replace(" ", "-"))
        make(folder / file)
        if found := fault(reader(folder), str(folder / file)):
            wrong.append(f"{file} {damage}: {found}")
    assert not wrong, "\n".join(wrong)


def test_a_whole_run_is_read(reader: Callable[[Path], Ended], run: Path, tmp_path: Path):
    ended = reader(copied(run, tmp_path / "copy"))
    assert ended.status in (None, 0), ended
