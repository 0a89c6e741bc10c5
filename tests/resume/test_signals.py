"""SIGTERM and Ctrl-C: the state is saved, the exit status tells the signal, and the run goes on bit by bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from compared import assert_bit_identical, saved_steps
from processes import ROOT, WarmPython


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_run_goes_on(
    call: WarmPython, often: tuple[str, ...], uninterrupted: Path, tmp_path: Path, number: int, status: int
):
    started = call.start("train", *often, f"--workdir={tmp_path}")
    limit = time.monotonic() + 60
    while not (tmp_path / "checkpoints" / "10").exists() and time.monotonic() < limit:
        time.sleep(0.002)
    os.kill(started.pid, number)
    ended = started.wait()
    assert ended.status == status, ended
    assert "Traceback" not in ended.err
    assert "error" not in ended.err
    step = int(ended.out.split("stopped by a signal at step ")[1].split(";")[0])
    assert 10 <= step < 300
    assert saved_steps(tmp_path)[-1] == step
    assert not (tmp_path / "DONE").exists()
    ended = call("train", *often, f"--workdir={tmp_path}")
    assert ended.status == 0, ended.err
    assert f"resuming from step {step}" in ended.out
    assert_bit_identical(tmp_path, uninterrupted)


def test_between_checkpoints_too(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    """A run that would not save for a long time saves when it is told to stop; started as a user starts it."""
    other = ("--config.training.steps", "--config.training.checkpoint_every", "--config.evaluation.every")
    flags = [flag for flag in tiny if not flag.startswith(other)]
    flags += ["--config.training.steps=1000000", "--config.evaluation.every=0", f"--workdir={tmp_path}"]
    command = [sys.executable, "-m", "experiments.train", *flags]
    process = subprocess.Popen(
        command, cwd=ROOT, env=call.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 60
    while not (tmp_path / "metrics.jsonl").exists() or not (tmp_path / "metrics.jsonl").stat().st_size:
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "Traceback" not in err
    step = int(out.split("stopped by a signal at step ")[1].split(";")[0].replace(",", ""))
    assert step % 20 == 0
    assert saved_steps(tmp_path) == [step]


def test_during_the_imports_too():
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "experiments.train"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:  # one for every module, as soon as it is imported
        if "numpy" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "error: interrupted" in err
