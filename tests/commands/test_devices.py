"""The same command on one device and on two learns the same curve."""

import json
import shutil
from pathlib import Path

import pytest
from processes import WarmPython

TWO = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}


def curve(run: Path, kind: str, name: str) -> list[float]:
    records = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [r[name] for r in records if r["kind"] == kind]


MORE = (
    "model.layers=2",
    "model.dropout=0.3",
    "model.learned_carry=true",
    "training.accumulate=2",
    "task.fresh_probability=0.2",
)
WATCHED = "analysis.gradient_flow=true"


def test_two_devices_agree_with_one(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    arguments = [*tiny, *(f"--config.{field}" for field in (*MORE, WATCHED))]
    for name, environment in (("one", {}), ("two", TWO)):
        ended = call("train", *arguments, f"--workdir={tmp_path / name}", environment=environment)
        assert ended.status == 0, ended.err
    devices = [json.loads((tmp_path / n / "provenance.json").read_text())["devices"] for n in ("one", "two")]
    assert [len(d) for d in devices] == [1, 2]
    for kind, name in (("train", "loss"), ("train", "grad_norm"), ("validation", "nats_per_token")):
        one, two = (curve(tmp_path / n, kind, name) for n in ("one", "two"))
        assert len(one) > 3
        assert one[-1] != one[0]
        assert two == pytest.approx(one, abs=1e-5), (kind, name)
    for name in ("slope_nats_per_step_layer1", "top_exponent_nats_per_step_layer2"):
        one, two = (curve(tmp_path / n, "gradient_flow", name) for n in ("one", "two"))
        assert len(one) == 4
        assert two == pytest.approx(one, abs=1e-3), name


def test_a_run_can_move_to_two_devices(call: WarmPython, tiny: tuple[str, ...], trained: Path, tmp_path: Path):
    """A checkpoint does not know how many devices wrote it."""
    run = shutil.copytree(trained, tmp_path / "run")
    more = [a for a in tiny if "training.steps" not in a] + ["--config.training.steps=260", "--resume=changed"]
    ended = call("train", *more, f"--workdir={run}", environment=TWO)
    assert ended.status == 0, ended.err
    assert "resuming from step 240" in ended.out
    assert curve(run, "train", "step") == list(range(20, 261, 20))
