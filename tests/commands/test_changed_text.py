"""The file that a run was trained on is changed behind its back: refused, and text can still be scored by name."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from processes import WarmPython, contents, refused


class Own(NamedTuple):
    flags: list[str]
    path: Path
    text: Path


@pytest.fixture(scope="module")
def trained_on_own(
    call: WarmPython, tiny: tuple[str, ...], text: Path, tmp_path_factory: pytest.TempPathFactory
) -> Own:
    folder = tmp_path_factory.mktemp("own")
    path = folder / "own.txt"
    shutil.copy(text, path)
    other = ("--config.task.path", "--config.task.test_fraction", "--config.training.steps")
    flags = [f for f in tiny if not f.startswith(other)]
    flags += [f"--config.task.path={path}", "--config.task.test_fraction=0", "--config.training.steps=2"]
    flags += [f"--workdir={folder / 'run'}"]
    ended = call("train", *flags)
    assert ended.status == 0, ended.err
    return Own(flags, folder / "run", path)


@pytest.fixture
def own(trained_on_own: Own, text: Path) -> Iterator[Own]:
    yield trained_on_own
    shutil.copy(text, trained_on_own.text)


def test_training_does_not_go_on(call: WarmPython, own: Own, text: Path):
    before = contents(own.path)
    own.text.write_bytes(text.read_bytes()[::-1])  # the same symbols in another order
    refused(call("train", *own.flags), f"--workdir={own.path}", "another text", "sha256", "--resume=changed")
    own.text.write_bytes(text.read_bytes() + b"%")
    refused(call("train", *own.flags), "--config.task.path", "another vocabulary", "'%' added")
    own.text.unlink()
    refused(call("train", *own.flags), f"--config.task.path={own.text}", "no such file")
    assert contents(own.path) == before


def test_a_split_is_not_scored(call: WarmPython, own: Own, text: Path):
    own.text.write_bytes(text.read_bytes() + b"one more\n")
    refused(
        call("evaluate", f"--workdir={own.path}", "--split=validation"),
        "--split=validation",
        "corpus has changed",
        "--text=FILE",
    )
    found = call("evaluate", f"--workdir={own.path}", f"--text={own.text}")
    assert json.loads(found.out.splitlines()[-1])["tokens"] == len(own.text.read_bytes()) - 1


def test_a_split_that_was_never_cut(call: WarmPython, own: Own):
    refused(
        call("evaluate", f"--workdir={own.path}"),
        "--split=test",
        "it has train, validation",
        "take --split=validation, or a text of your own with --text=FILE",
    )
