"""One reader of a run's files: whatever is wrong with one is a UserError of one line that names it."""

import json
import os
from pathlib import Path

import pytest

from rnn_research.errors import UserError
from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import misfit, read_json, read_records, read_text

DAMAGES = {
    "missing": (lambda path: None, "is missing"),
    "folder": (Path.mkdir, "is a folder"),
    "pipe": (os.mkfifo, "no ordinary file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "no ordinary file"),
    "looped": (lambda path: path.symlink_to(path), "a link that leads to itself"),
    "dangling": (lambda path: path.symlink_to(path.with_name("gone")), "a link that leads nowhere"),
    "empty": (Path.touch, "is damaged"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\0"), "is damaged"),
    "torn": (lambda path: path.write_text('{"objective": "lo'), "is damaged"),
    "deep": (lambda path: path.write_text("[" * 100_000), "nested too deeply"),
    "deep objects": (lambda path: path.write_text('{"a":' * 100_000), "nested too deeply"),
    "long number": (lambda path: path.write_text("1" * 10_000), "is damaged"),
    "list": (lambda path: path.write_text("[1]"), "it holds a list, not an object"),
    "null": (lambda path: path.write_text("null"), "it holds null, not an object"),
    "lacking": (lambda path: path.write_text('{"step": 1}'), "objective is missing"),
    "wrong type": (lambda path: path.write_text('{"step": 1, "objective": 3}'), "objective is a whole number, not a text"),
    "switch": (lambda path: path.write_text('{"step": true, "objective": "x"}'), "step is true or false, not a whole"),
    "wrong figure": (
        lambda path: path.write_text('{"step": 1, "objective": "x", "test_x": "low"}'),
        "test_x is a text, not a whole number or a number",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_wrong_with_a_file_is_one_line(tmp_path, damage):
    make, words = DAMAGES[damage]
    run = RunDirectory(tmp_path)
    make(run.results)
    with pytest.raises(UserError) as refused:
        run.read_results()
    assert str(run.results) in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """Root may read all, so that the system's answer is put in its place."""

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.json").write_text("{}")
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(UserError, match=r"a\.json cannot be read \(Permission denied\)"):
        read_json(tmp_path / "a.json")


def test_text_that_is_not_utf8(tmp_path):
    (tmp_path / "sample.txt").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match=r"sample\.txt is damaged, it is not UTF-8"):
        read_text(tmp_path / "sample.txt")


def test_shapes():
    shape = {"points": [{"name": str, "pack": int}], "note?": str, "at_*": (int, float)}
    assert misfit({"points": [], "at_1": 1, "at_2": 0.5}, shape) == ""
    assert misfit({"points": [], "other": None, "note": "x"}, shape) == ""
    assert misfit({"points": [{"name": "a", "pack": 0}, {"name": "b"}]}, shape) == "points[1].pack is missing"
    assert misfit({"points": {}}, shape) == "points is an object, not a list"
    assert misfit({"points": [], "note": 1}, shape) == "note is a whole number, not a text"
    assert misfit({"points": [], "at_1": True}, shape) == "at_1 is true or false, not a whole number or a number"
    assert misfit(3, object) == ""


@pytest.mark.parametrize("damage", ["7", "\0\0", '{"step": 2}', '{"step": "2", "kind": "train"}', '{"step": 2, "kind": "train", "loss": "low"}', "[" * 100_000])  # fmt: skip
def test_records_before_and_behind_damage(tmp_path, damage):
    """A torn last line is what a kill leaves; the same in the middle is named with its place."""
    path = tmp_path / "metrics.jsonl"
    good = [{"step": s, "kind": "train", "loss": 0.5} for s in (1, 3)]
    path.write_text(json.dumps(good[0]) + "\n" + damage)
    assert read_records(path) == (good[:1], "")
    assert metrics.read(path) == good[:1]
    path.write_text(json.dumps(good[0]) + "\n" + damage + "\n" + json.dumps(good[1]) + "\n")
    with pytest.raises(UserError, match=r"metrics\.jsonl is damaged from line 2 of 3 on"):
        metrics.read(path)
    assert read_records(path)[0] == good[:1]


def test_records_of_no_file(tmp_path):
    assert metrics.read(tmp_path / "metrics.jsonl") == []
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match=r"metrics\.jsonl is a folder"):
        metrics.read(tmp_path / "metrics.jsonl")


def test_what_stands_where_a_file_is_to_be_written(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UserError, match=r"report\.html cannot be written"):
        write_text(tmp_path / "report.html", "x")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)], ids=["folder", "pipe", "looped"])
def test_a_lock_that_is_none(tmp_path, make):
    make(tmp_path / ".lock")
    with pytest.raises(UserError, match=r"\.lock cannot be opened"), RunDirectory(tmp_path).locked():
        pass


def test_a_config_that_leads_nowhere_is_no_unused_directory(tmp_path):
    """Else the run that is there would be overwritten."""
    run = RunDirectory(tmp_path)
    assert not run.used()
    run.config.symlink_to(run.config)
    assert run.used()
