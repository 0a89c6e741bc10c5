"""Every flag of every command with a table of bad values: refused in one line that names flag and value, or legal.

A value that passes is legal: what it asks for is cut off before anything is computed.
"""

import contextlib
import functools
import shutil
import sys
from pathlib import Path

import pytest
from absl import flags
from bad_values import NEVER, SOMETIMES
from in_process import Call, command, fault, passed

from experiments import launch
from rnn_research.restore import trained
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory
from rnn_research.sweeps import plan
from rnn_research.training import train
from rnn_research.training.defaults import defaults
from rnn_research.training.machines import distributed

CONFIGS = Path(__file__).parents[2] / "configs"
TEXT = {
    "task.text": "the quick brown fox jumps over the lazy dog. " * 4,
    "task.batch_size": 2,
    "task.chunk_length": 4,
    "task.validation_fraction": 0.2,
    "task.test_fraction": 0.2,
    "model.hidden": 2,
    "training.steps": 2,
    "evaluation.every": 1,
    "evaluation.sample_length": 2,
}
COMMANDS = (
    *("train", "sample", "evaluate", "gradient_flow", "interpretable_cells"),
    *("sweep", "analyze", "benchmark", "two_basins"),
)
ANY_TEXT = ("prime",)
NEW_FOLDER = ("workdir", "out")
LEGAL = {
    "pattern": ("a=b", "a:b=c"),
    "success": ("a=b", "a:b=c", "a<b"),  # whether runs have an "a", the page asks
    "group": ("",),
}
TEXTS = (*NEVER[str], ",", "=", "a=", "=b", "a=b", "a<b", "a:b=c", "/dev/null", "1,,2")
KINDS = {"bool": bool, "int": int, "float": float}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a sweep of that run alone, and a config to train by."""
    place = tmp_path_factory.mktemp("flags")
    given = defaults()
    given.update_from_flattened_dict(TEXT)
    train.train(given, RunDirectory(place / "run"), {})
    point = plan.Point("a", {"seed": 0}, 0)
    plan.write(place / "sweep", plan.Sweep("given.py", given.to_dict(), {}, (point,)))
    shutil.copytree(place / "run", plan.run_directory(place / "sweep", point).path)
    (place / "given.py").write_text(
        "from rnn_research.training.defaults import defaults\n\ndef get_config():\n    config = defaults()\n"
        f"    config.update_from_flattened_dict({TEXT!r})\n    return config\n"
    )
    return place


def legal(name: str, place: Path, out: Path) -> dict[str, str]:
    """Flags with which a command passes."""
    run = {"workdir": f"{place}/run"}
    return {
        "train": {"config": f"{place}/given.py", "workdir": f"{out}"},
        "sample": run,
        "evaluate": run,
        "gradient_flow": {"config": f"{CONFIGS}/gradient_flow.py:trained", "run": f"{place}/run", "workdir": f"{out}"},
        "interpretable_cells": {
            "config": f"{CONFIGS}/interpretable_cells.py",
            "concepts": "prose",
            "out": f"{out}",
            **run,
        },
        "sweep": {"config": f"{place}/given.py", "workdir": f"{out}", "axis": "seed=0:2"},
        "analyze": {"runs": f"{place}/run", "workdir": f"{out}"},
        "benchmark": {"suite": "cells", "workdir": f"{out}"},
        "two_basins": {"runs": f"{place}/sweep", "judge": f"{place}/run", "workdir": f"{out}"},
    }[name]


def cut_off(name: str, patch: pytest.MonkeyPatch) -> None:
    """Nothing is computed, and no other process begun."""
    module = sys.modules[f"experiments.{name}"]
    patch.setattr(trained, "read", functools.cache(trained.read))
    if name == "train":
        patch.setattr(train, "_train", passed)
        patch.setattr(distributed, "joined", lambda group: passed() if group else contextlib.nullcontext())
    elif name == "sample":
        patch.setattr(module.writing, "write", passed)
    elif name == "evaluate":
        patch.setattr(module, "walker", passed)
    elif name == "gradient_flow":
        patch.setattr(module, "share_cores", lambda: None)
        patch.setattr(owner, "taken", passed)
    elif name == "interpretable_cells":
        patch.setattr(owner, "taken", passed)
    elif name == "sweep":
        patch.setattr(sys.modules["experiments.packs"], "share_cores", lambda sweep: None)
        patch.setattr(module, "show_plan", passed)
        patch.setattr(owner, "take", passed)
        patch.setattr(owner, "taken", passed)
    elif name == "analyze":
        from rnn_research.report.sweep import sweep_page

        patch.setattr(sweep_page, "analyse", passed)
    else:
        patch.setattr(owner, "taken", passed)


@pytest.fixture(scope="module", params=COMMANDS)
def called(request: pytest.FixtureRequest, place: Path) -> Call:
    with command(request.param) as call, pytest.MonkeyPatch.context() as patch:
        cut_off(request.param, patch)
        yield request.param, call, {name: flags.FLAGS[name] for name in launch.OURS}


def values(flag: flags.Flag) -> list[tuple[str, bool]]:
    """Pairs of a value and whether it must be refused."""
    kind = KINDS.get(flag.flag_type())
    if kind is not None:
        return [(v, True) for v in NEVER[kind]] + [(v, False) for v in SOMETIMES[kind]]
    right = (*LEGAL.get(flag.name, ()), flag.default)
    return [(v, flag.name not in (*ANY_TEXT, *NEW_FOLDER) and v not in right) for v in TEXTS]


def as_given(flag: flags.Flag, value: str) -> list[str]:
    """What a refusal must show of a value: all of it, where it is short and is not read in parts or as a number."""
    read = flag.flag_type() == "float" or any(sign in value for sign in ",=<")
    return [value] if value.isprintable() and value.strip() == value and 0 < len(value) < 40 and not read else []


def test_a_flag(called: tuple[str, Call, dict[str, flags.Flag]], place: Path, tmp_path: Path, monkeypatch):
    name, call, known = called
    deep = tmp_path / "a" / "b" / "c"  # "../.." is one of the values
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    wrong = []
    for flag in known.values():
        for number, (value, never) in enumerate(values(flag)):
            out = tmp_path / f"{flag.name}-{number}"
            given = {**legal(name, place, out), flag.name: value}
            if flag.name == "null":
                given.pop("concepts")  # it has labels of its own
            if flag.name == "page":
                given = {"page": value}  # it stands alone
            ended = call(*(f"--{key}={content}" for key, content in given.items()))
            found = fault(ended, f"--{flag.name}", *as_given(flag, value))
            if not found and never and ended.status != 2:
                found = "taken"
            if not found and ended.status == 2 and out.exists():
                found = "refused after something was made"
            if found:
                wrong.append(f"{name} --{flag.name}={value[:40]!r}: {found}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_wrong_with_the_other_flags(called, place: Path, tmp_path: Path):
    name, call, _ = called
    ended = call(*(f"--{key}={content}" for key, content in legal(name, place, tmp_path / "out").items()))
    assert ended.status is None, ended
