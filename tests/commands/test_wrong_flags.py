"""What is no flag, no config or of the wrong type: one line, exit status 2, and nothing is made."""

import json
from pathlib import Path

import pytest
from processes import WarmPython, refused

HELLO = "--config=configs/hello.py"


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--config", "missing", "--config=configs/")),
        ((HELLO, "junk"), ("'junk'", "--FLAG=VALUE")),
        ((HELLO, ""), ("''", "--FLAG=VALUE")),
        ((HELLO, "--", "x"), ("'--'", "--FLAG=VALUE")),
        (("-config=configs/hello.py",), ("-config", "--FLAG=VALUE")),
        ((HELLO, "--wokdir=x"), ("--wokdir", "'workdir'", "--resume")),
        ((HELLO, "--flagfile=x"), ("--flagfile",)),
        ((HELLO, "--resume=maybe"), ("--resume='maybe'", "auto, changed, never")),
        ((HELLO, "--resume"), ("--resume", "no value")),
        ((HELLO, "--debug=perhaps"), ("--debug=perhaps", "true or false")),
        ((HELLO, HELLO), ("--config", "twice")),
        (("--config=",), ("--config=", "no such file")),
        (("--config=configs/helo.py",), ("--config=configs/helo.py", "'configs/hello.py'")),
        (("--config=configs",), ("--config=configs", "is a folder")),
        (("--config=README",), ("--config=README", "no such file")),
        (("--config=" + "x" * 5000,), ("--config=x", "name another")),
        (("--config=configs/hello.py:big",), ("hello.py:big", "no argument", "leave out ':big'")),
        (("--config=configs/char_lm.py:huge",), ("'huge'", "paper, small, tiny")),
        (("--config.model.hidden=3",), ("--config.model.hidden", "without --config")),
        ((HELLO, "--config.model.hiden=3"), ("--config.model.hiden", "'model.hidden'")),
        ((HELLO, "--config.modle.hidden=3"), ("--config.modle.hidden", "'model.hidden'")),
        ((HELLO, "--config.learning_rat=3"), ("--config.learning_rat", "'optimizer.learning_rate'")),
        ((HELLO, "--config.model=3"), ("--config.model", "section", "fields")),
        ((HELLO, "--config.=3"), ("--config.", "no field")),
        ((HELLO, "--config.model.hidden="), ("--config.model.hidden=", "whole number")),
        ((HELLO, "--config.model.hidden=many"), ("--config.model.hidden=many", "whole number, like 3")),
        ((HELLO, "--config.model.hidden=3.5"), ("--config.model.hidden=3.5", "whole number")),
        ((HELLO, "--config.model.hidden=" + "9" * 5000), ("--config.model.hidden=999", "whole number")),
        ((HELLO, "--config.optimizer.learning_rate=fast"), ("learning_rate=fast", "number, like 0.03")),
        ((HELLO, "--config.optimizer.learning_rate=nan"), ("learning_rate=nan", "number")),
        ((HELLO, "--config.model.residual=perhaps"), ("residual=perhaps", "true or false")),
        # Only 32 bits of a seed reach the generator: 2**40 would be the run of seed 0.
        ((HELLO, f"--config.seed={2**40}"), ("--config.seed=1099511627776", "between")),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else None,
)
def test_a_wrong_flag_is_named(call: WarmPython, workdir: Path, arguments: tuple[str, ...], words: tuple[str, ...]):
    refused(call("train", f"--workdir={workdir}", *arguments), *words)
    assert not workdir.exists()


def test_a_missing_workdir_is_named(call: WarmPython):
    for command, more in (("train", [HELLO]), ("sample", []), ("evaluate", [])):
        refused(call(command, *more), "--workdir", "missing", "--workdir=runs/first")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def get_config():\n    return 1 / 0\n", ("ZeroDivisionError",)),
        ("def get_config(:\n", ("SyntaxError", "line 1")),
        ("raise SystemExit(3)\n", ("SystemExit",)),
        ("import no_such_module\n", ("ModuleNotFoundError", "no_such_module")),
        ("x = 1\n", ("mine.py defines no function get_config()",)),
        ("get_config = 5\n", ("mine.py defines no function get_config()",)),
        ("def get_config():\n    return {'seed': 0}\n", ("dict", "must give a ConfigDict")),
        ("def get_config():\n    return None\n", ("NoneType", "must give a ConfigDict")),
        (
            "from ml_collections import ConfigDict\ndef get_config():\n    return ConfigDict({'seed': 0})\n",
            ("task.name", "defaults()"),
        ),
    ],
)
def test_a_config_file_that_fails_is_named(
    call: WarmPython, workdir: Path, tmp_path: Path, source: str, words: tuple[str, ...]
):
    path = tmp_path / "mine.py"
    path.write_text(source)
    ended = call("train", f"--config={path}", f"--workdir={workdir}")
    refused(ended, "--config", *words)
    assert not workdir.exists()


def test_a_value_may_stand_apart_and_a_switch_needs_none(call: WarmPython, tmp_path: Path):
    """Forms of absl that the check of flags must let through."""
    more = (
        "--config.model.residual",
        "--noconfig.task.reset_at_documents",
        "--config.training.steps",
        "1",
        "--nodebug",
    )
    ended = call("train", "--config", "configs/hello.py", "--workdir", str(tmp_path / "run"), *more)
    assert ended.status == 0, ended.err
    config = (tmp_path / "run" / "config.json").read_text()
    assert '"residual": true' in config
    assert json.loads(config)["training"]["steps"] == 1


def test_debug_shows_the_traceback(call: WarmPython, tmp_path: Path):
    ended = call("train", HELLO, f"--workdir={tmp_path / 'run'}", "--config.model.cell=lstmm", "--debug")
    assert ended.status == 2
    assert "Traceback" in ended.err
    assert ended.err.splitlines()[-1].startswith("error: --config.model.cell='lstmm'")
