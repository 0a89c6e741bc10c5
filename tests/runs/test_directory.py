"""The run directory: writable, held by one process, its small files whole or not there."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_research.errors import UserError
from rnn_research.runs import directory
from rnn_research.runs.directory import RunDirectory, read_json, write_json

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from rnn_research.runs.directory import RunDirectory
with RunDirectory(sys.argv[1]).locked():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    return run


def test_a_second_process_is_refused_until_the_first_is_dead(run):
    """A lock that outlived a killed process would have to be removed by hand."""
    root = Path(__file__).parents[2]
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, run.path], stdout=subprocess.PIPE, cwd=root, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"--workdir={run.path} is in use by another process"), run.locked():
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    with run.locked():
        pass


def test_a_lock_ends_with_its_block(run):
    with run.locked():
        pass
    with run.locked():
        pass


def test_a_missing_directory_is_made(tmp_path):
    RunDirectory(tmp_path / "a" / "b").create()
    assert (tmp_path / "a" / "b").is_dir()
    assert not any((tmp_path / "a" / "b").iterdir())


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(UserError, match=f"--workdir={path} cannot be written"):
            RunDirectory(path).create()


def test_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    """A read-only file system shows itself only when it is written to."""

    def read_only(*args, **kwargs):
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(directory.tempfile, "TemporaryFile", read_only)
    with pytest.raises(UserError, match=rf"--workdir={tmp_path} cannot be written \(Read-only file system\)"):
        RunDirectory(tmp_path).create()


def test_only_a_trained_run_can_be_read(run, tmp_path):
    with pytest.raises(UserError, match="no such run directory"):
        RunDirectory(tmp_path / "nowhere").trained()
    with pytest.raises(UserError, match="holds no trained run"):
        run.trained()
    write_json(run.config, {})
    run.checkpoints.mkdir()
    assert run.trained() is run


def test_a_file_is_written_whole_or_not_at_all(run, monkeypatch):
    write_json(run.results, {"a": 1})

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(directory.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_json(run.results, {"a": 2})
    assert read_json(run.results) == {"a": 1}
    assert [path.name for path in run.path.iterdir()] == ["results.json"]  # what was begun is gone


def test_everything_that_is_written_is_written_whole():
    """Pictures, arrays and tables of libraries too: no other line opens a file of a result to write it."""
    found = []
    for path in [*ROOT.glob("rnn_research/**/*.py"), *ROOT.glob("experiments/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _writes(node):
                found.append(ast.unparse(node))
    # A part takes its place when it is whole; locks are empty; logs and metrics grow by whole lines; a closed stream.
    known = ("part", "lock", "log", "run.metrics", "open(number, ")
    assert not [call for call in found if not any(word in call for word in known)]
    assert len(found) > 8


def _writes(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "open" and isinstance(call.func, ast.Name):
        modes = [arg.value for arg in call.args[1:2] if isinstance(arg, ast.Constant)]
        return any(set(str(mode)) & set("wax") for mode in modes)
    return name in ("savefig", "savez", "savez_compressed", "to_parquet", "write_bytes") or (
        name == "write_text" and isinstance(call.func, ast.Attribute)
    )


def test_what_is_no_character_is_written_as_json_writes_it(run):
    """A byte in the name of a file that is no UTF-8, as Python hands it on."""
    write_json(run.overrides, {"task.path": "caf\udce9"})
    assert read_json(run.overrides) == {"task.path": "caf\udce9"}


def test_json_keeps_every_character(run):
    write_json(run.vocabulary, {"symbols": ["é", "\n", "\x85", "😀"]})
    assert read_json(run.vocabulary) == {"symbols": ["é", "\n", "\x85", "😀"]}


def test_a_missing_or_damaged_file_is_named(run):
    with pytest.raises(UserError, match=f"{run.results} is missing"):
        read_json(run.results)
    run.results.write_text('{"a": ')
    with pytest.raises(UserError, match=f"{run.results} is damaged"):
        read_json(run.results)
