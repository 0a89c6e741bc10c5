"""Packs on a real Slurm of one node; and what is said where there is none."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_sweep import command, log, write_sweep
from one_node_slurm import slurm

from rnn_research.errors import UserError
from rnn_research.sweeps import slurm as launcher
from rnn_research.sweeps.slurm import Options, options_of

pytest.importorskip("submitit", reason="submitit is not here: pip install -e .[sweep]")


@pytest.fixture(scope="module")
def running_slurm():
    """A Slurm, and its environment in ours."""
    before = dict(os.environ)
    with slurm() as environment:
        os.environ.update(environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def wait_for(there, patience=30.0) -> None:
    limit = time.monotonic() + patience
    while not there():
        assert time.monotonic() < limit
        time.sleep(0.05)


def steps(directory: Path, name: str) -> list[int]:
    path = directory / "runs" / name / "metrics.jsonl"
    return [json.loads(line)["step"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.usefixtures("running_slurm")
def test_packs_run_to_their_end_and_come_back_when_requeued(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(launcher, "ASK_SECONDS", 0.2)
    write_sweep(tmp_path, ["p0"], ["p1a", "p1b"], steps=60)
    runs = command(tmp_path, {0: {"steps": 60, "seconds": 0.05}})
    assert launcher.launch(tmp_path, [0, 1], runs) == 0
    said = capsys.readouterr().out
    jobs = json.loads((tmp_path / "slurm" / "jobs.json").read_text())
    assert f"2 packs submitted as job {jobs['0'].split('_')[0]}" in said

    # Given again while they run, nothing is submitted twice.
    wait_for(lambda: len(steps(tmp_path, "p0")) > 5)
    assert launcher.launch(tmp_path, [0], runs) == 0
    assert "pack 0 queued or running already" in capsys.readouterr().out
    assert json.loads((tmp_path / "slurm" / "jobs.json").read_text()) == jobs

    # Preempted in the middle, the pack saves, and goes on when its turn comes again.
    subprocess.run(["scontrol", "requeue", jobs["0"]], check=True)
    assert launcher.launch(tmp_path, [0, 1], runs, wait=True) == 0
    assert steps(tmp_path, "p0") == list(range(1, 61))  # none lost, none twice
    starts = [line for line in log(tmp_path, 0).splitlines() if line.startswith("pack 0 from step")]
    assert len(starts) == 2
    assert "saved at step" in log(tmp_path, 0)
    assert len(list(tmp_path.glob("runs/*/DONE"))) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("3 done; best validation nats 2 (p0)")


@pytest.mark.usefixtures("running_slurm")
def test_the_signal_before_the_time_is_up_requeues_too(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "ASK_SECONDS", 0.2)
    write_sweep(tmp_path, ["p0"], steps=60)
    runs = command(tmp_path, {0: {"steps": 60, "seconds": 0.05}})
    assert launcher.launch(tmp_path, [0], runs) == 0
    wait_for(lambda: len(steps(tmp_path, "p0")) > 5)
    job = json.loads((tmp_path / "slurm" / "jobs.json").read_text())["0"]
    subprocess.run(["scancel", "--signal=USR2", job], check=True)
    assert launcher.launch(tmp_path, [0], runs, wait=True) == 0
    assert steps(tmp_path, "p0") == list(range(1, 61))
    assert log(tmp_path, 0).count("pack 0 from step") == 2
    assert "saved at step" in log(tmp_path, 0)  # the signal itself would have killed it


@pytest.mark.usefixtures("running_slurm")
def test_a_pack_that_fails_and_one_that_crashes(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "ASK_SECONDS", 0.2)
    write_sweep(tmp_path, ["p0"], ["p1"])
    runs = command(tmp_path, {0: {"fail": ["p0"]}, 1: {"crash": 3}})
    assert launcher.launch(tmp_path, [0, 1], runs, wait=True) == 1
    assert (tmp_path / "runs" / "p0" / "FAILED").exists()
    assert "the fake has crashed" in log(tmp_path, 1)
    # What is in no queue any more is submitted again, and goes on.
    assert launcher.launch(tmp_path, [1], command(tmp_path), wait=True) == 0
    assert steps(tmp_path, "p1") == list(range(1, 11))


@pytest.mark.usefixtures("running_slurm")
def test_the_command_from_its_start_to_its_end(tmp_path):
    small = {"task.length": 8, "model.hidden": 4, "training.steps": 20, "evaluation.every": 0}
    small |= {"task.evaluation_sequences": 32}
    flags = ["--config=configs/adding.py", *(f"--config.{field}={value}" for field, value in small.items())]
    flags += ["--axis=seed=0:2", "--launcher=slurm", "--wait", f"--workdir={tmp_path}"]
    ended = subprocess.run([sys.executable, "-m", "experiments.sweep", *flags], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "pack 0 submitted as job" in ended.stdout
    results = json.loads((tmp_path / "results.json").read_text())
    assert (results["points"], results["done"]) == (2, 2)
    assert [max(steps(tmp_path, run.name)) for run in (tmp_path / "runs").iterdir()] == [20, 20]


@pytest.mark.usefixtures("running_slurm")
def test_what_slurm_refuses_is_said_in_its_words(tmp_path):
    write_sweep(tmp_path, ["p0"])
    with pytest.raises(UserError, match=r"invalid partition specified: nowhere") as error:
        launcher.launch(tmp_path, [0], command(tmp_path), options=options_of(["partition=nowhere"]))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "slurm" / "jobs.json").exists()


def test_where_there_is_no_slurm(tmp_path, monkeypatch):
    write_sweep(tmp_path, ["p0"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="there is no sbatch here"):
        launcher.launch(tmp_path, [0], command(tmp_path))


def test_where_submitit_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "submitit", None)
    with pytest.raises(UserError, match=r"pip install -e .\[sweep\]"):
        launcher.launch(tmp_path, [0], command(tmp_path))


def test_options_are_read():
    given = ["partition=gpu", "minutes=30", "gpus=1", "memory_gb=2.5", "at_once=4", "constraint=a100|h100"]
    assert options_of(given) == Options(
        partition="gpu", minutes=30, gpus=1, memory_gb=2.5, at_once=4, more={"constraint": "a100|h100"}
    )
    assert options_of([]) == Options()


@pytest.mark.parametrize(
    "text", ["partition", "=gpu", "minutes=", "minutes=soon", "minutes=0", "cpus=0", "memory_gb=-1", "memory_gb=nan"]
)
def test_options_that_cannot_be(text):
    with pytest.raises(UserError, match=f"--slurm={text}"):
        options_of([text])


def test_an_option_given_twice():
    with pytest.raises(UserError, match="twice"):
        options_of(["cpus=1", "cpus=2"])
