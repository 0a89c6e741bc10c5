"""A directory that cannot be used is named in one line, and what lies in it stays as it was."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from processes import WarmPython, contents, refused


@pytest.fixture
def used(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "used")


def test_another_config_is_shown_field_by_field(call: WarmPython, tiny: tuple[str, ...], used: Path):
    before = contents(used)
    rate = ("--config.optimizer.learning_rate=0.5", f"--workdir={used}")
    ended = call("train", *tiny, *rate)
    refused(ended, f"--workdir={used}", "optimizer.learning_rate: 0.01 -> 0.5", "--resume=changed")
    ended = call("train", *tiny, *rate, "--config.model.cell=gru")
    refused(ended, f"--workdir={used}", "model.cell: 'lstm' -> 'gru'", "optimizer.learning_rate: 0.01 -> 0.5")
    assert "--resume=changed" not in ended.err  # it would be refused
    assert contents(used) == before


def test_never_refuses_a_used_directory(call: WarmPython, tiny: tuple[str, ...], used: Path):
    before = contents(used)
    refused(call("train", *tiny, f"--workdir={used}", "--resume=never"), "--resume=never", f"--workdir={used}")
    assert contents(used) == before


@pytest.mark.parametrize(
    "field",
    [
        "model.hidden=9",
        "model.layers=2",
        "model.cell=gru",
        "model.embedding=3",
    ],
)
def test_a_state_of_another_shape_is_refused_even_if_changed(
    call: WarmPython, tiny: tuple[str, ...], used: Path, field: str
):
    """The directory must keep the config that its checkpoints belong to."""
    name = field.split("=")[0]
    tiny = tuple(f for f in tiny if not f.startswith(f"--config.{name}="))
    before = contents(used)
    ended = call("train", *tiny, f"--workdir={used}", "--resume=changed", f"--config.{field}")
    refused(ended, f"--workdir={used}", "checkpoint 240 does not fit", "another directory")
    expected = {
        "model.hidden=9": ".params.w_HV is float32[8, 37], not float32[9, 37]",
        "model.layers=2": ".params.stack.cells[1][0].b_GH is wanted but not stored",
        "model.cell=gru": ".params.stack.cells[0][0].b_GH",
        "model.embedding=3": ".params.embedding_VE is wanted but not stored",
    }
    assert expected[field] in ended.err
    assert contents(used) == before


@pytest.mark.parametrize("config", ["[1, 2]", "not JSON at all"])
def test_a_config_json_of_something_else(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path, config: str):
    (tmp_path / "config.json").write_text(config)
    refused(call("train", *tiny, f"--workdir={tmp_path}"), str(tmp_path), "config.json")
    assert contents(tmp_path) == {"config.json": config.encode()}


@pytest.mark.parametrize("place", ["FILE", "FILE/below", "/proc/run", "~nobody-has-this-name/run", "/tmp/" + "x" * 300])
def test_what_cannot_be_written(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path, place: str):
    file = tmp_path / "file"
    file.write_text("precious")
    place = place.replace("FILE", str(file))
    refused(call("train", *tiny, f"--workdir={place}"), "--workdir=", place, "choose another")
    assert file.read_text() == "precious"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    tmp_path.chmod(0o500)
    refused(call("train", *tiny, f"--workdir={tmp_path / 'run'}"), "cannot be written", "Permission denied")


def test_two_processes_cannot_share_a_directory(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    longer = [a for a in tiny if "training.steps" not in a] + ["--config.training.steps=100000"]
    first = call.start("train", *longer, f"--workdir={tmp_path}")
    try:
        limit = time.monotonic() + 60
        while not (tmp_path / "metrics.jsonl").exists() and time.monotonic() < limit:
            time.sleep(0.01)
        refused(
            call("train", *longer, f"--workdir={tmp_path}"),
            f"--workdir={tmp_path}",
            "another process",
            "choose another",
        )
        assert first.poll() is None
    finally:
        os.kill(first.pid, signal.SIGKILL)
    assert first.wait().status == -signal.SIGKILL


@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_reading_what_is_no_run(call: WarmPython, tmp_path: Path, used: Path, command: str):
    refused(call(command, f"--workdir={tmp_path / 'none'}"), f"--workdir={tmp_path / 'none'}", "no such run directory")
    refused(call(command, f"--workdir={tmp_path}"), f"--workdir={tmp_path}", "no trained run", "experiments.train")
    refused(call(command, f"--workdir={used}", "--step=23"), "no checkpoint 23", "(there: ")
    (used / "checkpoints").rename(used / "elsewhere")
    (used / "checkpoints").mkdir()
    refused(call(command, f"--workdir={used}"), f"--workdir={used}", "no checkpoint", "there: none")
    (used / "vocabulary.json").unlink()
    refused(call(command, f"--workdir={used}"), "vocabulary.json is missing")
