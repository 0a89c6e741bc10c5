"""Two runs compared bit by bit, but for what a clock measured."""

import json
from pathlib import Path

import numpy as np
from orbax.checkpoint import v1 as ocp

MEASURED = ("wall_seconds", "tokens_per_second", "train_tokens_per_second")


def saved_steps(run: Path) -> list[int]:
    """Of the checkpoints that are complete."""
    return sorted(int(p.name) for p in (run / "checkpoints").iterdir() if p.name.isdigit())


def arrays(run: Path, step: int) -> dict[str, np.ndarray]:
    """Every array of a checkpoint, read with orbax itself."""
    with ocp.training.Checkpointer(run / "checkpoints") as checkpointer:
        return {name: np.asarray(array) for name, array in checkpointer.load(step).items()}


def records(run: Path) -> list[dict]:
    """The metrics without what a clock measured."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in MEASURED} for line in lines]


def results(run: Path) -> dict:
    """The headline figures without what a clock measured."""
    found = json.loads((run / "results.json").read_text())
    return {k: v for k, v in found.items() if k not in MEASURED}


def assert_bit_identical(run: Path, other: Path) -> None:
    """Every bit of the last state and of the best, every metric of every step, every result, the sample."""
    assert records(run) == records(other)
    assert results(run) == results(other)
    assert (run / "sample.txt").read_text() == (other / "sample.txt").read_text()
    for step in {saved_steps(other)[-1], results(other)["best_step"]}:
        ours, theirs = arrays(run, step), arrays(other, step)
        assert ours.keys() == theirs.keys()
        assert len(theirs) > 10
        for name, array in theirs.items():
            assert ours[name].dtype == array.dtype, name
            assert ours[name].tobytes() == array.tobytes(), name
    assert (run / "DONE").exists()
    assert not (run / "FAILED").exists()
