"""--resume=changed goes on with another config: the first half and then the second are the whole, bit by bit."""

import json
from pathlib import Path

from compared import assert_bit_identical
from processes import WarmPython


def test_half_and_half_make_the_whole(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    other = ("--config.training.steps", "--config.optimizer.schedule")
    flags = [flag for flag in tiny if not flag.startswith(other)]
    # A schedule that ends with the run would tell the half from the whole.
    flags += ["--config.optimizer.schedule.name=exponential", "--config.optimizer.schedule.after_epochs=2"]
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    assert call("train", *flags, "--config.training.steps=240", f"--workdir={whole}").status == 0
    assert call("train", *flags, "--config.training.steps=120", f"--workdir={halves}").status == 0
    ended = call("train", *flags, "--config.training.steps=240", f"--workdir={halves}", "--resume=changed")
    assert ended.status == 0, ended.err
    assert "resuming from step 120" in ended.out
    assert json.loads((halves / "config.json").read_text())["training"]["steps"] == 240
    assert_bit_identical(halves, whole)
