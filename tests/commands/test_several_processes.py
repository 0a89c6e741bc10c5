"""One run over two processes: the single process's curve, one directory, one end."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from processes import Ended, Started, WarmPython, refused

QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true"}  # they compile for longer than they compute
NUMBERS = ("loss", "grad_norm", "nats_per_token")
MORE = "--config.model.dropout=0.2"


def records(run: Path) -> list[dict]:
    return list(map(json.loads, (run / "metrics.jsonl").read_text().splitlines()))


def curve(run: Path) -> dict[tuple, float]:
    """``{(step, kind, name): value}`` of all that both runs must agree on."""
    return {(r["step"], r["kind"], name): r[name] for r in records(run) for name in NUMBERS if name in r}


def start_two(call: WarmPython, flags: tuple[str, ...], run: Path, second: tuple[str, ...] = ()) -> list[Started]:
    """The same command twice; the second process, with flags of its own, cannot even write its workdir."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    common = (*flags, f"--coordinator=127.0.0.1:{port}", "--num_processes=2")
    return [
        call.start("train", *common, f"--workdir={run}", "--process_id=0", environment=QUICK),
        call.start("train", *common, "--workdir=/proc/nowhere", "--process_id=1", *second, environment=QUICK),
    ]


def errors(ended: Ended) -> list[str]:
    return [line for line in ended.err.splitlines() if line.startswith("error: ")]


def wait_for(path: Path, started: list[Started]) -> None:
    limit = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < limit
        assert started[0].poll() is None, started[0].wait()
        time.sleep(0.01)


@pytest.fixture(scope="module")
def short(tiny: tuple[str, ...]) -> tuple[str, ...]:
    """Flags of a run of 60 steps that exchanges little."""
    changed = {
        "task.chunk_length": 6,
        "model.cell": "elman",
        "training.steps": 60,
        "training.log_every": 5,
        "training.checkpoint_every": 10,
        "evaluation.every": 20,
    }
    kept = (flag for flag in tiny if flag.removeprefix("--config.").split("=")[0] not in changed)
    return (*kept, *(f"--config.{field}={value}" for field, value in changed.items()))


@pytest.fixture(scope="module")
def endless(short: tuple[str, ...]) -> tuple[str, ...]:
    """The same without an end."""
    return (*(flag for flag in short if "training.steps" not in flag), "--config.training.steps=1000000")


def test_two_processes_learn_the_curve_of_one_and_resume(call: WarmPython, short: tuple[str, ...], tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    flags = (*short, MORE)
    ended = call("train", *flags, f"--workdir={one}", environment=QUICK)
    assert ended.status == 0, ended.err

    # Stopped by a signal to one of them, the two stop at one step and save it ...
    started = start_two(call, flags, two)
    wait_for(two / "checkpoints" / "20", started)
    os.kill(started[1].pid, signal.SIGTERM)
    for ended in [each.wait() for each in started]:
        assert ended.status == 143, ended
        assert "Traceback" not in ended.err
    step = json.loads((two / "metrics.jsonl").read_text().splitlines()[-1])["step"]
    assert 20 <= step < 60
    assert (two / "checkpoints" / str(step)).exists()

    # ... and go on from there.
    first, second = (each.wait() for each in start_two(call, flags, two))
    assert (first.status, second.status) == (0, 0), (first.err, second.err)
    assert f"resuming from step {step}" in first.out
    assert "resuming" not in second.out
    assert json.loads((two / "provenance.json").read_text())["processes"] == 2
    wanted = curve(one)
    assert {kind for _, kind, _ in wanted} == {"train", "validation"}
    assert curve(two) == pytest.approx(wanted, abs=1e-5)
    figures = [json.loads((run / "results.json").read_text()) for run in (one, two)]
    assert figures[1]["test_nats_per_token"] == pytest.approx(figures[0]["test_nats_per_token"], abs=1e-5)
    assert (two / "report.html").exists()


def test_the_first_ends_when_another_is_killed(call: WarmPython, endless: tuple[str, ...], tmp_path: Path):
    ended = one_left(start_two(call, endless, tmp_path), tmp_path, victim=1)
    assert ended.status == 1, ended
    (line,) = errors(ended)
    assert "another process of this run has ended" in line
    assert "start all of them again" in line
    assert "Traceback" not in ended.err
    assert not (tmp_path / "DONE").exists()


def test_another_ends_when_the_first_is_killed(call: WarmPython, endless: tuple[str, ...], tmp_path: Path):
    """JAX itself may be the quicker one to notice, and then it aborts in words of its own."""
    ended = one_left(start_two(call, endless, tmp_path), tmp_path, victim=0)
    assert ended.status in (1, -signal.SIGABRT), ended
    assert "another process of this run has ended" in ended.err or "another task died" in ended.err


def one_left(started: list[Started], run: Path, victim: int) -> Ended:
    """What the other one says when one of two is killed amid the training."""
    wait_for(run / "checkpoints" / "20", started)
    os.kill(started[victim].pid, signal.SIGKILL)
    began = time.monotonic()
    ended = started[1 - victim].wait()
    assert time.monotonic() - began < 40
    return ended


def test_half_a_group_is_refused(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    ended = call("train", *tiny, f"--workdir={tmp_path / 'run'}", "--coordinator=node1:5000", "--process_id=0")
    refused(ended, "--coordinator=node1:5000", "--process_id=0", "needs --num_processes too")


def test_what_is_not_the_same_run_is_refused_by_both(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    for ended in [each.wait() for each in start_two(call, tiny, tmp_path / "run", ("--config.seed=1",))]:
        assert ended.status == 2, ended
        (line,) = errors(ended)
        assert "the config of process 1 is not that of process 0" in line
    assert not (tmp_path / "run").exists()
