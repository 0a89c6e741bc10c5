"""Runs that earlier code has left (``older/runs.tar.xz``), under the commands of today: read, analysed, gone on with.

``text``      a language model of a short text, 60 steps
``adding``    a network that adds, 40 steps
``sweep``     four such, two seeds at two rates, 20 steps, trained as a pack
``study``     ``gradient_flow`` with ``memory``: a GRU and an Elman network, 8 steps of adding, two seeds

They are as their commands left them (each provenance.json says which), less figures and pages. They are never made
anew: what later code cannot read any more is a fault of that code.
"""

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import WarmPython

ARCHIVE = Path(__file__).parent / "older" / "runs.tar.xz"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def figures(folder: Path) -> dict[str, float]:
    """The scores of a run; times differ."""
    found = json.loads((folder / "results.json").read_text())
    return {name: value for name, value in found.items() if name.startswith(("validation_", "test_"))}


def same(now: dict[str, float], then: dict[str, float]) -> bool:
    """Equal but for the rounding of another processor, with every figure of before still there."""
    return {name: now[name] for name in then} == pytest.approx(then, rel=1e-4)


def begin_again_at(folder: Path, step: int) -> None:
    """As if it had been killed after the checkpoint of a step."""
    for name in ("DONE", "results.json"):
        (folder / name).unlink()
    for path in (folder / "checkpoints").iterdir():
        if int(path.name) > step:
            shutil.rmtree(path)


def arguments(folder: Path) -> list[str]:
    """The flags that a run was made by."""
    return flags(json.loads((folder / "overrides.json").read_text()))


def flags(overrides: dict[str, Any]) -> list[str]:
    return [f"--config.{f}={tuple(v) if isinstance(v, list) else v}" for f, v in overrides.items()]


def test_a_language_model_is_scored_sampled_and_analysed(call: WarmPython, older: Path):
    run = older / "text"
    ended = call("evaluate", "--split=test", f"--workdir={run}")
    assert ended.status == 0, ended.err
    now, then = json.loads(ended.out.splitlines()[-1]), figures(run)
    assert now["nats_per_token"] == pytest.approx(then["test_nats_per_token"], rel=1e-4)
    ended = call("sample", "--length=30", "--prime=the ", f"--workdir={run}")
    assert ended.status == 0, ended.err
    assert ended.out.startswith("the ")
    ended = call(
        *("gradient_flow", "--config=configs/gradient_flow.py:trained", f"--run={run}", f"--workdir={older}/flow"),
        *("--config.analysis.length=12", "--config.analysis.sequences=2"),
    )
    assert ended.status == 0, ended.err
    assert call("analyze", f"--runs={run}", f"--workdir={older}/table").status == 0


@pytest.mark.parametrize(("name", "config", "step"), [("text", "char_lm.py:tiny", 40), ("adding", "adding.py", 20)])
def test_a_run_goes_on_to_the_same_end(call: WarmPython, older: Path, name: str, config: str, step: int):
    run = older / name
    then = figures(run)
    begin_again_at(run, step)
    ended = call("train", f"--config=configs/{config}", *arguments(run), f"--workdir={run}")
    assert ended.status == 0, ended.err
    assert f"resuming from step {step}" in ended.out
    assert same(figures(run), then)


@pytest.mark.parametrize("name", ["text", "adding", "sweep/runs/seed=1,learning_rate=0.01", "study"])
def test_a_page_is_made_of_it(call: WarmPython, older: Path, name: str):
    ended = call("analyze", f"--page={older / name}")
    assert (ended.status, ended.err) == (0, "")
    assert (older / name / "report.html").exists()


def test_a_sweep_is_in_a_table_and_goes_on(call: WarmPython, older: Path):
    sweep = older / "sweep"
    run = sweep / "runs" / "seed=1,learning_rate=0.01"
    then = figures(run)
    ended = call("analyze", f"--runs={sweep}", "--x=optimizer.learning_rate", f"--workdir={older}/table")
    assert ended.status == 0, ended.err
    assert json.loads(ended.out.splitlines()[-1])["settings"] == 2
    begin_again_at(run, 10)
    stored = json.loads((sweep / "sweep.json").read_text())
    axes = ("--axis=seed=0:2", "--axis=optimizer.learning_rate=0.001,0.01")
    ended = call("sweep", f"--config={stored['config']}", *axes, *flags(stored["overrides"]), f"--workdir={sweep}")
    assert ended.status == 0, ended.err
    assert "4 done" in ended.out
    assert same(figures(run), then)


@pytest.mark.parametrize("half_done", [False, True])
def test_a_study_is_there_or_goes_on(call: WarmPython, older: Path, half_done: bool):
    study = older / "study"
    then = json.loads((study / "results.json").read_text())
    if half_done:
        for path in (study / "DONE", study / "results.json", study / "parts" / "adding-8-gru.json"):
            path.unlink()
    ended = call("gradient_flow", "--config=configs/gradient_flow.py:memory", *arguments(study), f"--workdir={study}")
    assert ended.status == 0, ended.err
    now = json.loads((study / "results.json").read_text())
    for before, after in zip(then["points"], now["points"], strict=True):
        assert after["network"] == before["network"]
        np.testing.assert_allclose(after["curves"], before["curves"], rtol=1e-3)
    assert (study / "report.html").exists() or not half_done
