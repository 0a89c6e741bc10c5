"""A loss that is not finite: exit status 1 with step and gradient norm, FAILED, and a good checkpoint to go on from."""

from pathlib import Path

import numpy as np
import pytest
from compared import arrays, saved_steps
from processes import WarmPython

EXPLODES = ("--config.optimizer.clip.name=none", "--config.optimizer.learning_rate=3e38")


@pytest.fixture
def flags(tiny: tuple[str, ...], tmp_path: Path) -> list[str]:
    other = ("--config.training.steps", "--config.optimizer.schedule")
    more = ["--config.optimizer.name=sgd", "--config.optimizer.schedule.name=constant"]
    more += ["--config.optimizer.schedule.warmup_steps=0", f"--workdir={tmp_path / 'run'}"]
    return [*(flag for flag in tiny if not flag.startswith(other)), *more]


def test_the_run_fails_and_can_be_saved(call: WarmPython, flags: list[str], tmp_path: Path):
    run = tmp_path / "run"
    clip = "--config.optimizer.clip.name=none"
    assert call("train", *flags, clip, "--config.training.steps=60").status == 0
    results = (run / "results.json").read_bytes()
    kept = saved_steps(run)
    ended = call("train", *flags, *EXPLODES, "--config.training.steps=120", "--resume=changed")
    assert ended.status == 1
    errors = [line for line in ended.err.splitlines() if not line.startswith("step ")]
    assert len(errors) == 1, ended.err
    for word in ("step 6", "gradient norm", "the last good checkpoint is step 60", "learning_rate", "clip.limit"):
        assert word in errors[0]
    said = errors[0].removeprefix("error: ").replace("--config.", "")  # a file of the run names fields, the line flags
    assert (run / "FAILED").read_text() == said + "\n"
    assert not (run / "DONE").exists()
    assert saved_steps(run) == kept
    assert (run / "results.json").read_bytes() == results
    # The same again fails the same way; a lower rate goes on from the good state.
    assert call("train", *flags, *EXPLODES, "--config.training.steps=120").err == ended.err
    ended = call("train", *flags, clip, "--config.training.steps=80", "--resume=changed")
    assert ended.status == 0, ended.err
    assert "resuming from step 60" in ended.out
    assert (run / "DONE").exists()
    assert not (run / "FAILED").exists()


def test_a_state_that_has_burst_is_never_saved(call: WarmPython, flags: list[str], tmp_path: Path):
    """A save at every step: the update can overflow although loss and gradient before it were finite."""
    every = [f for f in flags if not f.startswith(("--config.training", "--config.evaluation.every"))]
    every += ["--config.training.steps=9", "--config.training.log_every=1", "--config.training.checkpoint_every=1"]
    every += ["--config.model.init.output_scale=100"]  # large gradients from the first step on
    ended = call("train", *every, *EXPLODES)
    assert ended.status == 1, ended
    for step in saved_steps(tmp_path / "run"):
        for name, array in arrays(tmp_path / "run", step).items():
            assert np.isfinite(array).all(), (step, name)
