"""The sweep as a command: killed and started again, stopped by a signal, two at once, and called in wrong ways."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from compared import arrays, records, results, saved_steps
from processes import WarmPython, contents, refused

SEEDS = ("--axis=seed=0:3",)
NAMES = ["seed=0", "seed=1", "seed=2"]
CONFIG = "--config=configs/char_lm.py:tiny"


@pytest.fixture(scope="module")
def flags(tiny: tuple[str, ...]) -> tuple[str, ...]:
    """A text, dropout, and a checkpoint every ten steps."""
    other = ("--config.training", "--config.evaluation.every")
    return (
        *(flag for flag in tiny if not flag.startswith(other)),
        "--config.training.steps=120",
        "--config.training.log_every=5",
        "--config.training.checkpoint_every=10",
        "--config.evaluation.every=30",
        "--config.model.dropout=0.2",
    )


@pytest.fixture(scope="module")
def whole(call: WarmPython, flags: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that was never interrupted; only to be read."""
    path = tmp_path_factory.mktemp("sweeps") / "whole"
    ended = call("sweep", *flags, *SEEDS, f"--workdir={path}")
    assert ended.status == 0, ended.err
    assert "best points by validation nats_per_token" in ended.out
    found = json.loads(ended.out.splitlines()[-1])
    assert found == json.loads((path / "results.json").read_text())
    assert (found["points"], found["packs"], found["done"], found["failed"]) == (3, 1, 3, 0)
    best = min(NAMES, key=lambda name: results(path / "runs" / name)["validation_nats_per_token"])
    assert found["best"] == best
    return path


def assert_same(sweep: Path, other: Path) -> None:
    """Every run of both, bit for bit: all metrics, the results, the last and the best state."""
    for name in NAMES:
        run, alike = sweep / "runs" / name, other / "runs" / name
        assert (run / "DONE").exists()
        assert records(run) == records(alike)
        assert results(run) == results(alike)
        assert saved_steps(run) == saved_steps(alike)
        for step in {saved_steps(run)[-1], results(run)["best_step"]}:
            ours, theirs = arrays(run, step), arrays(alike, step)
            assert ours.keys() == theirs.keys()
            assert len(theirs) > 10
            for array, expected in zip(ours.values(), theirs.values(), strict=True):
                assert array.tobytes() == expected.tobytes()


def wait_for_step(run: Path, step: int) -> None:
    limit = time.monotonic() + 60
    while not (run / "checkpoints").exists() or max(saved_steps(run), default=0) < step:
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_each_point_is_the_run_alone(call: WarmPython, flags: tuple[str, ...], whole: Path, tmp_path: Path):
    """On two devices here, and beside neighbours, against a run of experiments.train."""
    ended = call("train", *flags, "--config.seed=1", f"--workdir={tmp_path / 'alone'}")
    assert ended.status == 0, ended.err
    run = whole / "runs" / "seed=1"
    packed_results = results(run)
    assert packed_results.pop("packed_runs") == len(list((whole / "runs").iterdir())), "they have their time in common"
    both = [(*records(run), packed_results), (*records(tmp_path / "alone"), results(tmp_path / "alone"))]
    for ours, alone in zip(*both, strict=True):
        assert ours.keys() == alone.keys()
        for name, value in alone.items():
            assert ours[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5, abs=1e-5)), name
    for file in ("config.json", "vocabulary.json"):
        assert (run / file).read_bytes() == (tmp_path / "alone" / file).read_bytes()


def test_killed_and_started_again_it_ends_the_same(
    call: WarmPython, flags: tuple[str, ...], whole: Path, tmp_path: Path
):
    command = ("sweep", *flags, *SEEDS, f"--workdir={tmp_path}")
    started = call.start(*command)
    wait_for_step(tmp_path / "runs" / "seed=2", 40)
    os.kill(started.pid, signal.SIGKILL)
    assert started.wait().status == -signal.SIGKILL
    assert not list(tmp_path.glob("runs/*/DONE"))
    # One point is further behind than the others: it catches up first.
    behind = tmp_path / "runs" / "seed=1" / "checkpoints"
    shutil.rmtree(behind / str(saved_steps(behind.parent)[-1]))
    ended = call("sweep", f"--workdir={tmp_path}")  # the stored sweep needs no flags
    assert ended.status == 0, ended.err
    assert ended.out.count("resuming from step") == 3
    assert_same(tmp_path, whole)


def test_a_signal_saves_every_point(call: WarmPython, flags: tuple[str, ...], whole: Path, tmp_path: Path):
    command = ("sweep", *flags, *SEEDS, f"--workdir={tmp_path}")
    started = call.start(*command)
    wait_for_step(tmp_path / "runs" / "seed=2", 20)
    os.kill(started.pid, signal.SIGTERM)
    ended = started.wait()
    assert ended.status == 128 + signal.SIGTERM
    assert "the same command goes on from there" in ended.out
    last = {records(tmp_path / "runs" / name)[-1]["step"] for name in NAMES}
    assert last == {saved_steps(tmp_path / "runs" / name)[-1] for name in NAMES}
    ended = call(*command)
    assert ended.status == 0, ended.err
    assert f"resuming from step {last.pop()}" in ended.out
    for name in NAMES:
        assert results(tmp_path / "runs" / name) == results(whole / "runs" / name)


def test_two_sweeps_at_once_do_not_run_a_point_twice(
    call: WarmPython, flags: tuple[str, ...], whole: Path, tmp_path: Path
):
    command = ("sweep", *flags, *SEEDS, f"--workdir={tmp_path}")
    first = call.start(*command)
    wait_for_step(tmp_path / "runs" / "seed=0", 10)
    os.kill(first.pid, signal.SIGSTOP)  # it holds its points and does not end before the second
    second = call(*command)
    assert second.status == 0, second.err
    assert "3 held by another process, passed over" in second.out
    assert "0 done, 3 unfinished" in second.out
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait().status == 0
    assert_same(tmp_path, whole)


def test_more_values_add_points_and_the_rest_stands(
    call: WarmPython, flags: tuple[str, ...], whole: Path, tmp_path: Path
):
    sweep = shutil.copytree(whole, tmp_path / "sweep")
    before = contents(sweep / "runs")
    ended = call("sweep", *flags, "--axis=seed=0:4", "--dry_run", f"--workdir={sweep}")
    assert ended.status == 0, ended.err
    assert "4 points in 2 packs" in ended.out
    assert "of training steps, timed on a member of 2 of 2 packs" in ended.out
    assert set(json.loads(ended.out.splitlines()[-1])) == {"points", "packs", "estimated_seconds"}
    assert contents(sweep / "runs") == before
    assert json.loads((sweep / "sweep.json").read_text())["packs"] == 1  # a plan that is only shown is not kept
    ended = call("sweep", *flags, *SEEDS, f"--workdir={sweep}")
    assert ended.status == 0, ended.err
    assert contents(sweep / "runs") == before


def test_a_pack_by_itself_is_what_launchers_start(call: WarmPython, whole: Path, tmp_path: Path):
    sweep = shutil.copytree(whole, tmp_path / "sweep")
    (sweep / "runs" / "seed=0" / "DONE").unlink()  # as if killed just before the end
    (sweep / "runs" / "seed=2" / "DONE").unlink()
    (sweep / "runs" / "seed=2" / "FAILED").write_text("step 1: it was so\n")
    ended = call("sweep", f"--workdir={sweep}", "--pack=0")
    assert ended.status == 1, ended.err
    assert (sweep / "runs" / "seed=0" / "DONE").exists()
    assert results(sweep / "runs" / "seed=0") == results(whole / "runs" / "seed=0")
    refused(call("sweep", f"--workdir={sweep}", "--pack=1"), "--pack=1", "packs 0 to 0")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((CONFIG, "--axis=model.cel=lstm"), ("--axis=model.cel=lstm", "did you mean 'model.cell'")),
        ((CONFIG, "--axis=seed=a"), ("--axis=seed=a", "must be a whole number")),
        ((CONFIG, "--axis=seed=5:5"), ("--axis=seed=5:5", "empty range")),
        ((CONFIG, "--axis=seed=1,1"), ("two points are the same", "seed=1")),
        (
            (CONFIG, "--axis=seed=0:3", f"--config.task.text={'abc ' * 999}", "--axis=model.layers=1,0"),
            ("point ", "layers=0"),
        ),
        (("--config=configs/demo.py",), ("configs/demo.py has no sweep()", "--axis=")),
        ((CONFIG, "--random=3"), ("--random=3", "--axis=")),
        ((CONFIG, "--axis=seed=0:2", "--random=3"), ("--random=3", "only 2 different points")),
        ((CONFIG, "--axis=seed=0:2", "--random=1", "--optuna=3"), ("--optuna=3", "leave one out")),
        (("--axis=seed=0:3",), ("--config is missing",)),
        ((), ("--config is missing",)),
        (("--pack=0",), ("--pack=0", "holds no sweep")),
        ((CONFIG, "--axis=seed=0:3", "--launcher=cloud"), ("--launcher='cloud'", "known: local")),
        ((CONFIG, "--axis=seed=0:3", "--workers=0"), ("--workers=0", "at least 1")),
    ],
)
def test_wrong_calls_get_one_line_and_start_nothing(
    call: WarmPython, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]
):
    refused(call("sweep", *flags, f"--workdir={tmp_path / 'new'}"), *words)
    assert not (tmp_path / "new").exists()


def test_a_directory_of_another_sweep_is_refused(call: WarmPython, flags: tuple[str, ...], whole: Path):
    before = contents(whole)
    another = call("sweep", *flags, *SEEDS, "--config.model.cell=gru", f"--workdir={whole}")
    refused(another, f"--workdir={whole}", "model.cell: 'lstm' -> 'gru'", "another directory")
    refused(call("sweep", *flags, "--axis=seed=1:3", f"--workdir={whole}"), "seed=0 is not among the points")
    refused(
        call("sweep", *flags, *SEEDS, f"--workdir={whole / 'runs' / 'seed=0'}"), "holds a run (of experiments.train)"
    )
    assert contents(whole) == before
