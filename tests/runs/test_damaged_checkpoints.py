"""Damage is found before it is used, is named, and the checkpoint before takes over."""

import gc
import os
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.runs.checkpoints import Checkpoints, Damaged, flat

# What orbax leaves behind where a read has failed complains of its closed loop when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


def state_of(step):
    return {"w": jnp.arange(1000, dtype=jnp.float32) + step, "b": jnp.full(3, step, jnp.bfloat16)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with checkpoints 1, 2 and 3, of which 1 is the best."""
    path = tmp_path_factory.mktemp("run") / "checkpoints"
    opened = Checkpoints(path, "loss")
    for step in (1, 2, 3):
        opened.save(step, jax.device_get(flat(state_of(step))), float(step))
    opened.close()
    return path


@pytest.fixture
def opened(whole, tmp_path):
    """``opened()``: a copy, opened after the test has damaged it."""
    path = tmp_path / "checkpoints"
    shutil.copytree(whole, path)
    checkpoints = []

    def open_it():
        checkpoints.append(Checkpoints(path, "loss"))
        return checkpoints[-1]

    yield path, open_it
    for c in checkpoints:
        c.close()


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 3, len(content), max(1, len(content) // 50)):
        content[at] ^= 0x10
    path.write_bytes(content)


DAMAGE = {
    "flipped": flipped,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("kind", list(DAMAGE))
def test_whatever_file_is_damaged_no_wrong_number_comes_back(whole, tmp_path, kind):
    """Each file of the newest checkpoint in turn: found, with the older one restored, or of no consequence."""
    found = 0
    for number, name in enumerate(files(whole / "3")):
        path = tmp_path / str(number)
        shutil.copytree(whole, path)
        DAMAGE[kind](path / "3" / name)
        checkpoints = Checkpoints(path, "loss")
        restored, step, passed_over = checkpoints.restore_newest(state_of(0))
        checkpoints.close()
        assert len(passed_over) == (step != 3), name
        assert step in (2, 3), name
        jax.tree.map(np.testing.assert_array_equal, restored, state_of(step))
        found += step == 2
    assert found, "at least the arrays themselves"


def test_the_damaged_one_is_named_and_removed_and_its_step_can_be_saved_again(opened):
    path, open_it = opened
    shutil.rmtree(path / "3")
    (path / "3").mkdir()
    checkpoints = open_it()
    _restored, step, passed_over = checkpoints.restore_newest(state_of(0))
    assert step == 2
    assert len(passed_over) == 1
    assert passed_over[0].startswith("checkpoint 3 cannot be read")
    assert "\n" not in passed_over[0]
    assert checkpoints.steps() == [1, 2]
    checkpoints.save(3, jax.device_get(flat(state_of(3))), 3.0)
    checkpoints.wait()
    jax.tree.map(np.testing.assert_array_equal, checkpoints.restore(3, state_of(0)), state_of(3))


@pytest.mark.parametrize("name", ["['w']", "['b']"])
def test_one_wrong_bit_is_found_by_the_checksum(opened, monkeypatch, name):
    """Even where the storage notices nothing."""
    _, open_it = opened
    checkpoints = open_it()
    load = checkpoints._manager.load

    def with_a_wrong_bit(step):
        stored = {k: np.array(v) for k, v in load(step).items()}
        if step == 3:
            stored[name].view(np.uint8)[1] ^= 1
        return stored

    monkeypatch.setattr(checkpoints._manager, "load", with_a_wrong_bit)
    with pytest.raises(Damaged, match=r"checkpoint 3 is damaged: \['.'\] has a wrong checksum"):
        checkpoints.restore(3, state_of(0))
    _, step, passed_over = checkpoints.restore_newest(state_of(0))
    assert (step, passed_over) == (2, [f"checkpoint 3 is damaged: {name} has a wrong checksum"])


def test_two_damaged_ones(opened):
    path, open_it = opened
    for step in ("2", "3"):
        for name in files(path / step):
            (path / step / name).write_bytes(b"")
    _, step, passed_over = open_it().restore_newest(state_of(0))
    assert step == 1
    assert [sentence.split()[1] for sentence in passed_over] == ["3", "2"]


def test_none_is_whole(opened):
    path, open_it = opened
    for step in ("1", "2", "3"):
        for name in files(path / step):
            (path / step / name).write_bytes(b"")
    with pytest.raises(
        UserError, match=rf"--workdir={path.parent}: no checkpoint is whole \(checkpoint 3 .*; checkpoint 2"
    ):
        open_it().restore_newest(state_of(0))
    assert sorted(p.name[0] for p in path.iterdir()) == ["1", "2", "3"], "nothing is removed"


def test_a_save_cut_short_is_no_checkpoint(opened):
    """A killed process leaves a folder under a name for the time being."""
    path, open_it = opened
    shutil.copytree(path / "3", path / "4.orbax-checkpoint-tmp")
    checkpoints = open_it()
    assert checkpoints.steps() == [1, 2, 3]
    assert checkpoints.restore_newest(state_of(0))[1] == 3


def test_who_only_reads_leaves_the_damaged_one_where_it_is(opened):
    path, _ = opened
    (path / "3" / "metrics" / "metrics").write_bytes(b"{")
    before = files(path)
    reader = Checkpoints(path, "loss", reading=True)
    try:
        assert reader.steps() == [1, 2]
        assert reader.best_step() == 1
        jax.tree.map(np.testing.assert_array_equal, reader.restore(2, state_of(0)), state_of(2))
        (sentence,) = reader.set_aside
        assert sentence.startswith("checkpoint 3 is damaged: its metrics cannot be read")
    finally:
        reader.close()
    assert files(path) == before


def test_where_none_can_be_listed_none_is_moved(opened):
    """Else the next start would find none at all, and begin anew."""
    path, open_it = opened
    for metrics in path.glob("*/metrics/metrics"):
        metrics.write_bytes(b"")
    before = files(path)
    for _ in range(2):
        with pytest.raises(UserError, match=r"no checkpoint is whole \(checkpoint 3 .*; checkpoint 1 .*\): restore it"):
            open_it().restore_newest(state_of(0))
        assert files(path) == before


@pytest.mark.parametrize("damage", [Path.touch, lambda step: step.symlink_to("nowhere"), lambda step: step.symlink_to(step)])
def test_what_is_no_folder_is_no_checkpoint(opened, damage):
    path, open_it = opened
    shutil.rmtree(path / "3")
    damage(path / "3")
    reading = Checkpoints(path, "loss", reading=True)
    assert reading.steps() == [1, 2]
    assert "checkpoint 3 is damaged" in reading.set_aside[0]
    assert os.path.lexists(path / "3")
    reading.close()
    _, step, passed_over = open_it().restore_newest(state_of(0))
    assert step == 2
    assert "3 is no folder" in passed_over[0]


@pytest.mark.parametrize("name", ["²", "0003", "3.bak", "notes", "9" * 23])
def test_what_no_step_is_named_like_is_left_alone(opened, name):
    path, open_it = opened
    shutil.copytree(path / "3", path / name)
    checkpoints = open_it()
    assert checkpoints.steps() == [1, 2, 3]
    assert checkpoints.restore_newest(state_of(0))[1:] == (3, [])
    checkpoints.close()
    assert (path / name).is_dir()


def test_one_of_another_run_is_told_by_what_the_metrics_of_its_step_say(opened):
    path, open_it = opened
    line = '{"step": %d, "kind": "validation", "loss": %s}\n'
    (path.parent / "metrics.jsonl").write_text(line % (1, 1.0) + line % (2, 2.0) + line % (3, 2.5))
    checkpoints = open_it()
    _, step, passed_over = checkpoints.restore_newest(state_of(0))
    assert step == 2
    assert passed_over == ["checkpoint 3 is of another run: its validation loss is 3, in metrics.jsonl 2.5"]
    assert (path / "3.damaged").is_dir()  # which run it is of, its owner may know
