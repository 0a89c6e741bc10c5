"""A damaged checkpoint is named and passed over; the run goes on from the one before and ends the same."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from compared import assert_bit_identical, results, saved_steps
from processes import WarmPython, refused


def files(checkpoint: Path) -> list[Path]:
    return sorted((p for p in checkpoint.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def flip_bits(checkpoint: Path) -> None:
    """One in each 32 bytes of the largest file, where the arrays are, so that no array is spared."""
    path = files(checkpoint)[-1]
    content = bytearray(path.read_bytes())
    for i in range(16, len(content), 32):
        content[i] ^= 0b100
    path.write_bytes(content)


def cut_short(checkpoint: Path) -> None:
    """The largest file, as a machine that lost power leaves it."""
    path = files(checkpoint)[-1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty_every_file(checkpoint: Path) -> None:
    for path in files(checkpoint):
        path.write_bytes(b"")


def other_checksum(checkpoint: Path) -> None:
    """The arrays can be read, but are not those that were saved."""
    path = checkpoint / "_CHECKPOINT_METADATA"
    metadata = json.loads(path.read_text())
    checksums = metadata["custom_metadata"]["crc32"]
    checksums[".params.w_HV"] += 1
    path.write_text(json.dumps(metadata))


def lose_every_file(checkpoint: Path) -> None:
    shutil.rmtree(checkpoint)
    checkpoint.mkdir()


@pytest.fixture
def unfinished(uninterrupted: Path, tmp_path: Path) -> Path:
    """The run as it stood just before it wrote its results."""
    run = shutil.copytree(uninterrupted, tmp_path / "run")
    for name in ("DONE", "results.json", "sample.txt", "report.html"):
        (run / name).unlink()
    return run


@pytest.mark.parametrize("damage", [flip_bits, cut_short, other_checksum, empty_every_file, lose_every_file])
def test_the_newest_is_passed_over(
    call: WarmPython, often: tuple[str, ...], uninterrupted: Path, unfinished: Path, damage: Callable[[Path], None]
):
    before, newest = saved_steps(unfinished)[-2:]
    damage(unfinished / "checkpoints" / str(newest))
    ended = call("train", *often, f"--workdir={unfinished}")
    assert ended.status == 0, ended.err
    assert f"checkpoint {newest} " in ended.out
    assert f"going on from step {before}" in ended.out
    assert "Traceback" not in ended.err
    assert_bit_identical(unfinished, uninterrupted)


def test_the_best_is_passed_over_at_the_end(
    call: WarmPython, often: tuple[str, ...], uninterrupted: Path, unfinished: Path
):
    """Its figures are lost, but the newest is whole: the run says so and ends."""
    best = results(uninterrupted)["best_step"]
    flip_bits(unfinished / "checkpoints" / str(best))
    ended = call("train", *often, f"--workdir={unfinished}")
    assert ended.status == 0, ended.err
    assert f"checkpoint {best} " in ended.out
    assert (unfinished / "DONE").exists()


def test_where_none_is_whole_nothing_is_started_anew(call: WarmPython, often: tuple[str, ...], unfinished: Path):
    steps = saved_steps(unfinished)
    for step in steps:
        flip_bits(unfinished / "checkpoints" / str(step))
    ended = call("train", *often, f"--workdir={unfinished}")
    refused(ended, f"--workdir={unfinished}", "no checkpoint is whole", *(f"checkpoint {step} " for step in steps))
    assert saved_steps(unfinished) == steps


@pytest.mark.parametrize("damage", [flip_bits, empty_every_file, lose_every_file])
def test_a_damaged_model_writes_nothing(
    call: WarmPython, uninterrupted: Path, unfinished: Path, damage: Callable[[Path], None]
):
    best = results(uninterrupted)["best_step"]
    damage(unfinished / "checkpoints" / str(best))
    refused(call("sample", f"--workdir={unfinished}", f"--step={best}"), f"checkpoint {best} ")


@pytest.mark.parametrize("damage", [shutil.rmtree, lambda step: (step / "metrics" / "metrics").write_bytes(b"")])
def test_no_other_is_read_in_place_of_the_best_unasked(
    call: WarmPython, uninterrupted: Path, tmp_path: Path, damage: Callable[[Path], None]
):
    run, best = shutil.copytree(uninterrupted, tmp_path / "run"), results(uninterrupted)["best_step"]
    damage(run / "checkpoints" / str(best))
    other = next(step for step in saved_steps(run) if step != best)
    for command in ("sample", "evaluate"):
        refused(call(command, f"--workdir={run}"), f"no checkpoint {best}, the best", "--step chooses another")
    ended = call("sample", f"--workdir={run}", f"--step={other}", "--length=5")
    assert ended.status == 0, ended.err
