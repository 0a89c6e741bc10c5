"""A run of the first version, whose config lacks every field that came later, under the commands of today."""

import json
import shutil
from pathlib import Path

import pytest
from processes import WarmPython

from rnn_research.config.flat import flatten
from rnn_research.runs.migrations import later_fields

LATER = ("task.split", "model.unroll", "model.remat", "model.parallel", "training.label_noise", "training.regularizer")
TEXT = ("task.all_files", "task.keep_byte_order_mark", "task.most_bytes")
FRESH = ("task.fresh_probability",)
RING = ("model.init.ring_least", "model.init.ring_most", "model.init.ring_phase")


@pytest.fixture(scope="module")
def older(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("older") / "run")
    config = json.loads((folder / "config.json").read_text())
    for field in (*LATER, *FRESH, *TEXT, *RING):
        *sections, name = field.split(".")
        place = config
        for section in sections:
            place = place[section]
        del place[name]
    config["analysis"] = {}
    assert set(later_fields(config)) > set(RING)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_it_is_read_and_scored_as_before(call: WarmPython, older: Path, trained: Path):
    now, then = (call("evaluate", "--split=test", f"--workdir={folder}") for folder in (older, trained))
    assert now.status == 0, now.err
    found, expected = (json.loads(ended.out.splitlines()[-1]) for ended in (now, then))
    assert found["nats_per_token"] == expected["nats_per_token"]
    assert call("sample", "--length=30", f"--workdir={older}").status == 0


def test_it_goes_on_and_is_then_of_today(call: WarmPython, older: Path, tiny: tuple[str, ...], tmp_path: Path):
    folder = shutil.copytree(older, tmp_path / "run")
    before = (folder / "results.json").read_bytes()
    for name in ("DONE", "results.json"):
        (folder / name).unlink()
    ended = call("train", *tiny, f"--workdir={folder}")
    assert ended.status == 0, ended.err
    assert "resuming from step 240" in ended.out
    assert "going on as it began" in ended.out
    assert "task.all_files=True, task.keep_byte_order_mark=True, task.most_bytes=0" in ended.out
    results = json.loads((folder / "results.json").read_text())
    assert results["test_nats_per_token"] == json.loads(before)["test_nats_per_token"]
    assert later_fields(json.loads((folder / "config.json").read_text())) == {}


def test_it_stands_in_one_table_with_a_run_of_today(call: WarmPython, older: Path, trained: Path, tmp_path: Path):
    ended = call("analyze", f"--runs={older}", f"--runs={trained}", f"--workdir={tmp_path}")
    assert ended.status == 0, ended.err
    assert (
        json.loads(ended.out.splitlines()[-1])["settings"] == 2
    )  # it would have read more of a folder, and a byte order mark
    ended = call("analyze", "--compare", str(older), str(trained))
    compared = json.loads(ended.out.splitlines()[-1])["differing"]["config"]
    assert compared == [
        "task.all_files: True -> False",
        "task.fresh_probability: 0.0 -> 0.03",
        "task.keep_byte_order_mark: True -> False",
        "task.most_bytes: 0 -> 268435456",
    ]


def test_its_fields_are_those_of_today(older: Path, trained: Path):
    stored = json.loads((older / "config.json").read_text())
    today = json.loads((trained / "config.json").read_text())
    assert {**flatten(stored), **later_fields(stored)}.keys() == flatten(today).keys()
