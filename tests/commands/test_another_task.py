"""A task or a model that is named by its flag brings its own fields, before the other flags are read."""

import json
from pathlib import Path

import pytest
from processes import WarmPython

SMALL = (
    "--config=configs/adding.py",
    "--config.model.hidden=8",
    "--config.training.steps=4",
    "--config.training.log_every=2",
)


def test_the_section_is_that_of_the_task_named(call: WarmPython, tmp_path: Path):
    """Wherever on the line it is named."""
    own = ("--config.task.symbols=3", "--config.task.evaluation_sequences=8", "--config.task.name=copying")
    ended = call("train", *SMALL, *own, f"--workdir={tmp_path}")
    assert ended.status == 0, ended.err
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["task"]["symbols"] == 3
    assert "form" not in config["task"]
    assert config["model"]["name"] == "language_model", "the first that reads its batches"
    assert config["model"]["hidden"] == 8
    assert json.loads((tmp_path / "overrides.json").read_text())["task.name"] == "copying"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--config.task.name=coping",), ("--config.task.name='coping'", "did you mean 'copying'")),
        (("--config.task.name=copying", "--config.task.form=1997"), ("--config.task.form", "is no field of")),
        (("--config.model.name=language_model",), ("--config.model.name=language_model", "cannot read")),
    ],
)
def test_what_it_has_not_is_refused(call: WarmPython, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]):
    ended = call("train", *SMALL, *flags, f"--workdir={tmp_path / 'run'}")
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    for word in words:
        assert word in ended.err
    assert not (tmp_path / "run").exists()


def test_the_file_is_executed_once(call: WarmPython, tmp_path: Path):
    file, trace = tmp_path / "mine.py", tmp_path / "trace"
    file.write_text(
        f"open({str(trace)!r}, 'a').write('executed ')\n"
        "from rnn_research.training.defaults import defaults\n"
        "def get_config():\n"
        f"    open({str(trace)!r}, 'a').write('called ')\n"
        "    return defaults('adding')\n"
        "def sweep():\n"
        "    yield {'seed': 1}\n"
    )
    for command, flags in {"train": ("--config.model.hidden=0",), "sweep": ("--dry_run",)}.items():
        call(command, f"--config={file}", *flags, f"--workdir={tmp_path / 'run'}")
        assert trace.read_text() == "executed called ", command
        trace.unlink()
