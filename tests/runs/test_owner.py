"""A folder has one owner: who may write where, for every kind of result and every kind of folder."""

import ast
import fcntl
import json
import os
import re
from pathlib import Path

import pytest
from one_of_each import FOLDERS, contents, of_kind

from rnn_research.errors import UserError
from rnn_research.runs import owner
from rnn_research.runs.directory import InUse, RunDirectory

ROOT = Path(__file__).parents[2]
WRITERS = [kind for kind in owner.KINDS if kind != "model"]


@pytest.mark.parametrize("named", [True, False], ids=["KIND", "before KIND"])
@pytest.mark.parametrize("held", FOLDERS)
def test_each_kind_is_known_and_open_to_its_own_command_alone(tmp_path, held, named):
    folder = of_kind(held, tmp_path / held, named)
    assert owner.kind_of(folder) == held
    before = contents(folder)
    for kind in WRITERS:
        if kind == held:
            continue
        with pytest.raises(UserError, match=re.escape(f"--out={folder} holds {owner.KINDS[held]}")) as refusal:
            owner.take(RunDirectory(folder), kind, "--out")
        assert f"--out={folder}-{kind}" in str(refusal.value)
        with pytest.raises(UserError), owner.taken(RunDirectory(folder), kind):
            pytest.fail("taken")
        assert contents(folder) == before
    if held != "model":
        with owner.taken(RunDirectory(folder), held):
            pass
        assert contents(folder) == {**before, "KIND": f"{held}\n".encode()}


def test_a_new_folder_is_the_first_ones(tmp_path):
    with owner.taken(RunDirectory(tmp_path / "new" / "run"), "run"):
        assert (tmp_path / "new" / "run" / "KIND").read_text() == "run\n"
        with pytest.raises(InUse), owner.taken(RunDirectory(tmp_path / "new" / "run"), "run"):
            pytest.fail("taken twice")
        with pytest.raises(UserError, match=r"holds a run"):
            owner.take(RunDirectory(tmp_path / "new" / "run"), "sweep")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", owner.FILES)
def test_files_that_nobody_here_has_written_are_left_alone(tmp_path, kind, name):
    if {name, kind} in ({"sweep.json", "sweep"}, {"benchmark.md", "benchmark"}):
        return  # these names alone tell their owner
    (tmp_path / name).write_text("[1]")
    with pytest.raises(UserError, match=r"holds|has files"):
        owner.take(RunDirectory(tmp_path), kind)
    assert contents(tmp_path) == {name: b"[1]"}


def test_files_that_are_in_nobodys_way_do_no_harm(tmp_path):
    """Say, what a shell wrote there: ``python -m experiments.train --workdir=X >X/out.txt``."""
    (tmp_path / "out.txt").write_text("")
    (tmp_path / "notes").mkdir()
    owner.take(RunDirectory(tmp_path), "run")


@pytest.mark.parametrize("kind", WRITERS)
def test_home_root_and_checkouts_are_no_results(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "code" / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    for place, what in (("~", "home"), (tmp_path / "link", "home"), ("/", "the root"), (tmp_path / "code", "checkout")):
        with pytest.raises(UserError, match=rf"is .*{what}.*new-{kind}"):
            owner.check(RunDirectory(place), kind)
    owner.check(RunDirectory("~/run"), kind)


@pytest.mark.parametrize("held", FOLDERS)
def test_what_makes_up_a_result_is_closed_and_beside_it_there_is_room(tmp_path, held):
    folder = of_kind(held, tmp_path / held, True)
    (tmp_path / "link").symlink_to(folder)
    for part in owner.LAYOUT[held]:
        for kind in WRITERS:
            for inside in (folder / part, folder / part / "deep" / "er", tmp_path / "link" / part):
                with pytest.raises(UserError, match=rf"lies inside {folder}, {re.escape(owner.KINDS[held])}"):
                    owner.check(RunDirectory(inside), kind)
    for kind in ("cells", "study", "analysis", "benchmark"):
        owner.check(RunDirectory(folder / "mine"), kind)
    for kind in owner.ALONE:
        with pytest.raises(UserError, match="lies inside"):
            owner.check(RunDirectory(folder / "mine"), kind)
    owner.check(RunDirectory(folder / ".." / "beside"), "run")


def test_a_sweep_makes_its_own_runs(tmp_path):
    folder = of_kind("sweep", tmp_path / "sweep", True)
    owner.check(RunDirectory(folder / "runs" / "seed=0"), "run", part_of="sweep")
    with pytest.raises(UserError, match="lies inside"):
        owner.check(RunDirectory(folder / "runs" / "seed=0"), "run")


@pytest.mark.parametrize("said", ["", "castle", "run\nsweep", "x" * 1000, b"\xff\xfe"])
def test_a_kind_that_is_none(tmp_path, said):
    (tmp_path / "KIND").write_bytes(said if isinstance(said, bytes) else said.encode())
    with pytest.raises(UserError, match="KIND"):
        owner.check(RunDirectory(tmp_path), "run")
    (tmp_path / "KIND").unlink()
    (tmp_path / "KIND").mkdir()
    with pytest.raises(UserError, match="KIND"):
        owner.check(RunDirectory(tmp_path), "run")


@pytest.mark.parametrize("config", ["[1]", "no JSON", "{}", '{"analysis": 3}', "[" * 100_000])
def test_a_config_of_something_else_is_no_run(tmp_path, config):
    (tmp_path / "config.json").write_text(config)
    assert owner.kind_of(tmp_path) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_may_not_be_read(tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(UserError, match="cannot be read"):
        owner.check(RunDirectory(tmp_path / "closed"), "run")


def test_there_is_no_other_way_into_a_folder():
    """Whoever writes results has asked the owner: nobody else makes or locks a result's folder."""
    found = []
    for path in [*ROOT.glob("rnn_research/**/*.py"), *ROOT.glob("experiments/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("create", "locked"):
                    found.append(path.relative_to(ROOT).as_posix())
    assert set(found) == {"rnn_research/runs/owner.py"}


def test_every_name_that_is_a_commands_is_known():
    """What the commands leave at the top of their folders is in the list that keeps strangers' files safe."""
    directory = vars(RunDirectory("x"))
    files = {path.name for path in directory.values() if path.suffix or path.name.isupper()}
    assert files <= set(owner.FILES)
    assert json.loads(json.dumps(owner.FILES))  # names, not paths


HEAD = ("config.json", "overrides.json", "provenance.json")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("error", [UserError("no"), KeyboardInterrupt()], ids=["refused", "interrupted"])
def test_what_fails_before_it_has_written_anything_leaves_the_folder_nobodys(tmp_path, kind, error):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "out.txt").write_text("")
    (mine / "figures").mkdir()
    for folder in (tmp_path / "new" / "er", mine):
        with pytest.raises(type(error)), owner.taken(RunDirectory(folder), kind):
            for name in HEAD:
                (folder / name).write_text("{}")
            for part in owner.LAYOUT[kind]:
                (folder / part / "deep").mkdir(parents=True, exist_ok=True)
            raise error
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")) == ["mine", "mine/figures", "mine/out.txt"]


@pytest.mark.parametrize("name", ["results.json", "FAILED", "metrics.jsonl", "checkpoints/10/array"])
def test_what_fails_after_it_has_written_something_keeps_its_folder(tmp_path, name):
    with pytest.raises(UserError), owner.taken(RunDirectory(tmp_path / "new"), "run"):
        (tmp_path / "new" / "config.json").write_text("{}")
        (tmp_path / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / name).write_text("")
        raise UserError("no")
    assert contents(tmp_path / "new") == {"KIND": b"run\n", "config.json": b"{}", name: b""}


def test_a_result_that_is_there_stays_whole_where_more_of_it_fails(tmp_path):
    with owner.taken(RunDirectory(tmp_path), "run"):
        (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError), owner.taken(RunDirectory(tmp_path), "run"):
        raise UserError("no")
    assert contents(tmp_path) == {"KIND": b"run\n", "config.json": b"{}"}


def test_a_lock_that_was_given_back_meanwhile_holds_nothing(tmp_path, monkeypatch):
    flock = fcntl.flock

    def given_back_meanwhile(lock, how):
        (tmp_path / ".lock").unlink()
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", given_back_meanwhile)
    with pytest.raises(InUse), owner.taken(RunDirectory(tmp_path), "run"):
        pytest.fail("taken")
