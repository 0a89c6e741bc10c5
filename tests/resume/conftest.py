"""Commands are run as processes, as the tests of the commands do; one run was never interrupted."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))

from processes import WarmPython, call, text, tiny, trained

__all__ = ["call", "text", "tiny", "trained"]


@pytest.fixture(scope="session")
def often(tiny: tuple[str, ...]) -> tuple[str, ...]:
    """Flags of a run that saves at every fifth of its 300 steps; dropout and fresh starts make its keys matter."""
    other = ("--config.training.steps", "--config.training.log_every", "--config.training.checkpoint_every")
    return (
        *(flag for flag in tiny if not flag.startswith(other)),
        "--config.training.steps=300",
        "--config.training.log_every=5",
        "--config.training.checkpoint_every=5",
        "--config.model.dropout=0.2",
        "--config.task.fresh_probability=0.2",
    )


@pytest.fixture(scope="session")
def uninterrupted(call: WarmPython, often: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run to compare with; only to be read."""
    path = tmp_path_factory.mktemp("runs") / "uninterrupted"
    ended = call("train", *often, f"--workdir={path}")
    assert ended.status == 0, ended.err
    return path
