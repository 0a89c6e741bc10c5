"""SIGTERM, SIGHUP and Ctrl-C: the state is saved, the exit status tells the signal, and the run goes on bit by bit."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from compared import assert_bit_identical, saved_steps
from processes import ROOT, WarmPython

from rnn_research.training.machines import stop


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
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


def test_while_the_report_is_written_too(call: WarmPython, tiny: tuple[str, ...], trained: Path, tmp_path: Path):
    """The run itself is done; what is missing is written at the next start."""
    run = shutil.copytree(trained, tmp_path / "run")
    for name in ("sample.txt", "report.html"):
        (run / name).unlink()
    started = call.start("train", *tiny, f"--workdir={run}")
    while not (run / "sample.txt").exists():
        assert started.poll() is None, started.wait()
        time.sleep(0.001)
    os.kill(started.pid, signal.SIGTERM)
    ended = started.wait()
    assert ended.status == 143, ended
    assert ended.err == "error: ended by SIGTERM: what it had written stays, and the same command may be given again\n"
    assert not (run / "report.html").exists()
    ended = call("train", *tiny, f"--workdir={run}")
    assert ended.status == 0, ended.err
    assert (run / "report.html").exists()


@pytest.fixture
def hangs_up() -> Iterator[Callable[[], None]]:
    """Sends this process a SIGHUP; afterwards it is as it was."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield lambda: os.kill(os.getpid(), signal.SIGHUP)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nohup_is_heeded(hangs_up: Callable[[], None]):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop.end_on_signals()
    with stop.StopRequest() as request:
        hangs_up()
        assert request.signal is None
    hangs_up()


def test_where_there_is_nothing_to_save_a_signal_ends_what_is_done(hangs_up: Callable[[], None]):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    stop.end_on_signals()
    with stop.StopRequest() as request:
        hangs_up()
        assert request.signal == signal.SIGHUP
        with pytest.raises(stop.Stopped, match="SIGHUP") as stopped:
            hangs_up()
    assert stopped.value.number == signal.SIGHUP
    assert not isinstance(stopped.value, Exception)  # no clause of a library takes it for an error


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
