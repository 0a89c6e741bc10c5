"""Commands are run as processes, as the tests of the commands do; one run was never interrupted."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from orbax.checkpoint import v1 as ocp

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))

from processes import WarmPython, call, text, tiny

__all__ = ["call", "text", "tiny"]

MEASURED = ("wall_seconds", "tokens_per_second", "train_tokens_per_second")  # what no two runs share


@pytest.fixture(scope="session")
def often(tiny: tuple[str, ...]) -> tuple[str, ...]:
    """Flags of a run that saves at every fifth of its 300 steps, with dropout, so that its keys matter."""
    other = ("--config.training.steps", "--config.training.log_every", "--config.training.checkpoint_every")
    return (
        *(flag for flag in tiny if not flag.startswith(other)),
        "--config.training.steps=300",
        "--config.training.log_every=5",
        "--config.training.checkpoint_every=5",
        "--config.model.dropout=0.2",
    )


@pytest.fixture(scope="session")
def uninterrupted(call: WarmPython, often: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run to compare with; only to be read."""
    path = tmp_path_factory.mktemp("runs") / "uninterrupted"
    ended = call("train", *often, f"--workdir={path}")
    assert ended.status == 0, ended.err
    return path


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
