"""A study as a command: on a run of one's own, started twice, and with wrong input."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from processes import WarmPython, contents, refused

TRAINED = "--config=configs/gradient_flow.py:trained"
SMALL = ("--config.analysis.length=20", "--config.analysis.sequences=2")


@pytest.fixture(scope="module")
def studied(call: WarmPython, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "anatomy"
    ended = call("gradient_flow", TRAINED, f"--run={trained}", f"--workdir={folder}", *SMALL)
    assert ended.status == 0, ended.err
    assert f"report: {folder / 'report.html'}" in ended.out
    return folder


def test_a_run_of_ones_own_is_taken_apart(studied: Path, trained: Path):
    results = json.loads((studied / "results.json").read_text())
    assert results["task"] == "text"
    assert results["length"] == 20
    found = results["networks"]["lstm"]
    assert set(found) == {"initial", "trained"}
    assert found["initial"]["slope_by_seed"] != found["trained"]["slope_by_seed"]
    assert (studied / "DONE").exists()
    name = results["run"]
    assert f"Anatomy of the gradient of {name} over 20 steps" in (studied / "report.html").read_text()
    corpus = json.loads((studied / "provenance.json").read_text())["corpus"]
    of_run = json.loads((trained / "provenance.json").read_text())["corpus"]
    assert corpus == {"run": name, "task": "text", **of_run}


def test_started_again_it_makes_only_what_is_missing(call: WarmPython, trained: Path, studied: Path, tmp_path: Path):
    again = shutil.copytree(studied, tmp_path / "again")
    for gone in ("results.json", "DONE", "parts/trained.json"):
        (again / gone).unlink()
    kept = (again / "parts" / "initial.json").stat().st_mtime_ns
    ended = call("gradient_flow", TRAINED, f"--run={trained}", f"--workdir={again}", *SMALL)
    assert ended.status == 0, ended.err
    assert (again / "parts" / "initial.json").stat().st_mtime_ns == kept
    old, new = (json.loads((folder / "results.json").read_text()) for folder in (studied, again))
    assert old["networks"] == new["networks"]


def test_killed_between_two_points_it_goes_on(call: WarmPython, tmp_path: Path):
    """A study whose config has tuples in tuples, which JSON gives back as lists."""
    small = {"seeds": 2, "lengths": "(12,)", "kinds": "(('none',1.0),('value',0.1))"}
    flags = [f"--config.analysis.{name}={value}" for name, value in small.items()]
    flags += [f"--config.{f}" for f in ("training.steps=2", "evaluation.every=2", "evaluation.batch_size=4")]
    flags += [f"--config.{f}" for f in ("task.evaluation_sequences=4", "task.batch_size=2", "model.hidden=3")]
    command = ("gradient_flow", "--config=configs/gradient_flow.py:clipping", *flags, f"--workdir={tmp_path}")
    started = call.start(*command)
    first, limit = tmp_path / "parts" / "none-1-12.json", time.monotonic() + 60
    while not first.exists():
        assert started.poll() is None, started.wait()
        assert time.monotonic() < limit
        time.sleep(0.005)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    assert not (tmp_path / "DONE").exists()
    made = first.stat().st_mtime_ns
    ended = call(*command)
    assert ended.status == 0, ended.err
    assert first.stat().st_mtime_ns == made
    assert (tmp_path / "DONE").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_stopped_while_its_networks_train_it_goes_on_to_the_same_end(call: WarmPython, tmp_path: Path, number: int):
    small = {"seeds": 2, "lengths": "(12,)", "kinds": "(('none',1.0),('value',0.1))"}
    flags = [f"--config.analysis.{name}={value}" for name, value in small.items()]
    flags += [f"--config.{f}" for f in ("training.steps=200", "evaluation.every=10", "training.log_every=5")]
    flags += [f"--config.{f}" for f in ("task.evaluation_sequences=4", "task.batch_size=2", "model.hidden=3")]
    command = (
        "gradient_flow",
        "--config=configs/gradient_flow.py:clipping",
        *flags,
        "--config.evaluation.batch_size=4",
    )
    assert call(*command, f"--workdir={tmp_path / 'whole'}").status == 0
    folder = tmp_path / "stopped"
    started = call.start(*command, f"--workdir={folder}")
    limit = time.monotonic() + 60
    while not list(folder.glob("sweep/runs/*/checkpoints/20")):
        assert started.poll() is None, started.wait()
        assert time.monotonic() < limit
        time.sleep(0.005)
    os.kill(started.pid, number)
    ended = started.wait()
    assert ended.status == (-number if number == signal.SIGKILL else 128 + number)
    assert not (folder / "parts").exists() or not list((folder / "parts").iterdir())
    ended = call(*command, f"--workdir={folder}")
    assert ended.status == 0, ended.err
    assert "resuming from step" in ended.out
    whole, again = (json.loads((path / "results.json").read_text()) for path in (tmp_path / "whole", folder))
    assert whole.pop("wall_seconds") > 0
    assert again.pop("wall_seconds") > 0
    assert whole == again
    runs = call("analyze", f"--runs={folder / 'sweep'}", "--x=optimizer.clip.name", f"--workdir={tmp_path / 'table'}")
    assert runs.status == 0, runs.err


def test_its_runs_are_launched_like_any_sweep(call: WarmPython, tmp_path: Path):
    """By workers of their own; and a flag that its launcher has no use for is refused."""
    flags = ("--config.analysis.seeds=1", "--config.analysis.networks=('gru',)", "--config.analysis.forms=('rows',)")
    flags += ("--config.training.steps=2", "--config.evaluation.every=2", "--config.model.hidden=3", "--workers=2")
    command = ("gradient_flow", "--config=configs/gradient_flow.py:images", *flags)
    refused(call(*command, "--wait", f"--workdir={tmp_path / 'no'}"), "--wait", "--launcher=slurm")
    ended = call(*command, f"--workdir={tmp_path / 'study'}")
    assert ended.status == 0, ended.err
    assert (tmp_path / "study" / "sweep" / "logs" / "pack-0.log").exists()
    (point,) = json.loads((tmp_path / "study" / "results.json").read_text())["points"]
    assert 0 <= point["test_accuracy"] <= 1


def test_another_study_is_refused(call: WarmPython, trained: Path, studied: Path):
    before = contents(studied)
    ended = call("gradient_flow", TRAINED, f"--run={trained}", f"--workdir={studied}", "--config.analysis.length=30")
    refused(ended, f"--workdir={studied}", "analysis.length: 20 -> 30", "another directory")
    assert contents(studied) == before


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((TRAINED,), ("--run is missing", "--run=runs/demo")),
        ((TRAINED, "--run=nowhere"), ("--run=", "nowhere", "no such run directory")),
        (("--config=configs/gradient_flow.py:anatomy", "--run=x"), ("--run=x", "gradient_flow.py:trained")),
        (("--config=configs/gradient_flow.py:anatomi",), ("anatomi", "anatomy")),
        (("--config=configs/hello.py",), ("names no study", "gradient_flow.py")),
        (
            ("--config=configs/gradient_flow.py:anatomy", "--config.analysis.state=c"),
            ("analysis.state=c", "elman", "analysis.state=h"),
        ),
    ],
)
def test_wrong_calls_get_one_line(call: WarmPython, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]):
    refused(call("gradient_flow", *flags, f"--workdir={tmp_path / 'new'}"), *words)


def test_a_run_without_a_checkpoint(call: WarmPython, trained: Path, tmp_path: Path):
    bare = shutil.copytree(trained, tmp_path / "bare")
    for checkpoint in (bare / "checkpoints").iterdir():
        shutil.rmtree(checkpoint)
    refused(call("gradient_flow", TRAINED, f"--run={bare}", f"--workdir={tmp_path / 'new'}"), "--run=", "no checkpoint")


def test_a_cell_without_a_c(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    run = tmp_path / "gru"
    fields = [f for f in tiny if not f.startswith(("--config.training.steps", "--config.model.cell"))]
    ended = call("train", *fields, "--config.model.cell=gru", "--config.training.steps=2", f"--workdir={run}")
    assert ended.status == 0, ended.err
    flags = (TRAINED, f"--run={run}", f"--workdir={tmp_path / 'new'}", "--config.analysis.state=c")
    refused(call("gradient_flow", *flags), "--config.analysis.state=c", "the cell gru carries no c")


def test_sequences_longer_than_the_text(call: WarmPython, trained: Path, tmp_path: Path):
    ended = call(
        "gradient_flow", TRAINED, f"--run={trained}", f"--workdir={tmp_path / 'new'}", "--config.analysis.length=99999"
    )
    refused(ended, "--config.analysis.length=99999", "cannot be had of this task")


def test_of_a_run_that_cannot_be_read_nothing_is_left(call: WarmPython, trained: Path, tmp_path: Path):
    """The folder is open to whatever is asked for next."""
    run, folder = shutil.copytree(trained, tmp_path / "run"), tmp_path / "new" / "study"
    for state in run.glob("checkpoints/*/state"):
        shutil.rmtree(state)
    refused(call("gradient_flow", TRAINED, f"--run={run}", f"--workdir={folder}", *SMALL), f"--run={run}", "checkpoint")
    assert not folder.parent.exists()


def test_a_damaged_run_of_its_own_is_trained_again_once_it_is_removed(call: WarmPython, tmp_path: Path):
    small = {"seeds": 1, "networks": "('gru',)", "length": 20, "sequences": 2}
    flags = [f"--config.analysis.{name}={value}" for name, value in small.items()]
    flags += [f"--config.{f}" for f in ("training.steps=4", "evaluation.every=2", "evaluation.batch_size=4")]
    flags += [f"--config.{f}" for f in ("task.evaluation_sequences=4", "task.batch_size=2", "model.hidden=3")]
    command = ("gradient_flow", "--config=configs/gradient_flow.py:anatomy", *flags, f"--workdir={tmp_path / 'a'}")
    assert call(*command).status == 0
    whole = json.loads((tmp_path / "a" / "results.json").read_text())
    run = tmp_path / "a" / "sweep" / "runs" / "gru,seed=0"
    for damage in ("checkpoints/4/state", "checkpoints"):
        (tmp_path / "a" / "parts" / "gru.json").unlink()
        shutil.rmtree(run / damage)
        ended = call(*command)
        assert (ended.status, ended.err.count("\n")) == (2, 1), ended
        assert ended.err.startswith(f"error: {run}")
        assert "remove that folder, and the command that made it trains it again" in ended.err
        shutil.rmtree(run)
        assert call(*command).status == 0
        assert {**json.loads((tmp_path / "a" / "results.json").read_text()), "wall_seconds": 0} == whole | {
            "wall_seconds": 0
        }
