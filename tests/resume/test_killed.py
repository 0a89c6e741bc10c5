"""Ended at random moments, by kill -9 and by SIGTERM in turns: the run ends as one never interrupted, bit by bit."""

import os
import random
import signal
import time
from pathlib import Path

from compared import assert_bit_identical
from processes import Started, WarmPython

KILL, TERM = signal.SIGKILL, signal.SIGTERM
# While the process starts, between boundaries, and while a checkpoint is half written.
MOMENTS = (
    *(("start", KILL), ("train", KILL), ("save", KILL), ("train", TERM), ("save", KILL), ("start", KILL)),
    *(("save", KILL), ("train", KILL), ("save", TERM), ("train", KILL), ("save", KILL), ("save", KILL)),
)


def test_ten_kills_and_two_terminations(call: WarmPython, often: tuple[str, ...], uninterrupted: Path, tmp_path: Path):
    seed = int(os.environ.get("KILL_SEED", int.from_bytes(os.urandom(4))))
    print(f"the moments are those of KILL_SEED={seed}")  # pytest shows it where the test fails
    rng = random.Random(seed)
    torn = 0
    for moment, number in MOMENTS:
        started = call.start("train", *often, f"--workdir={tmp_path}")
        wait_for(moment, started, tmp_path, rng)
        assert started.poll() is None, (moment, started.wait())
        os.kill(started.pid, number)
        ended = started.wait()
        assert ended.status == (143 if number == TERM else -KILL), ended
        assert number == KILL or not half_written(tmp_path), "what was begun is finished"
        torn += bool(half_written(tmp_path))
    assert torn >= 3, torn  # so many saves were truly cut short
    ended = call("train", *often, f"--workdir={tmp_path}")
    assert ended.status == 0, ended.err
    assert "resuming from step" in ended.out
    assert not half_written(tmp_path)
    assert_bit_identical(tmp_path, uninterrupted)


def wait_for(moment: str, started: Started, run: Path, rng: random.Random) -> None:
    """Returns at a random instant of the kind that is asked for."""
    if moment == "start":
        time.sleep(rng.uniform(0, 1.0))
        return
    beginning = lines(run)
    # The first record after a start cuts back what the killed process left, so the count may fall first.
    wanted = rng.randint(1, 4)
    lowest = beginning
    while (now := lines(run)) < lowest + wanted:
        lowest = min(lowest, now)
        assert started.poll() is None, started.wait()
        time.sleep(0.001)
    if moment == "train":
        time.sleep(rng.uniform(0, 0.1))
        return
    while not half_written(run):
        assert started.poll() is None, started.wait()
    time.sleep(rng.uniform(0, 0.02))


def lines(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def half_written(run: Path) -> list[str]:
    """Checkpoints that orbax has begun and not yet moved to their place."""
    folder = run / "checkpoints"
    return [p.name for p in folder.iterdir() if not p.name.isdigit()] if folder.exists() else []
