"""Many run directories as one table: every field and figure, nothing fatal, and quickly."""

import json
import math
import os
import subprocess
import sys
import time

import pandas as pd
import pytest
from written_runs import CONFIG, write_run

from rnn_research import runs
from rnn_research.errors import UserError
from rnn_research.runs.migrations import later_fields


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path / "runs" / "a", {"model.cell": "gru", "seed": 3}, test=0.25, curve=(0.5, 0.3))
    write_run(tmp_path / "runs" / "b", {"model.hidden": 64}, test=0.125, curve=(0.4, 0.2, 0.1))
    return tmp_path


def row(table, name):
    return table.set_index("run").loc[name]


def test_every_field_and_every_result_is_a_column(folder):
    table = runs.load(folder)
    assert list(table["run"]) == ["runs/a", "runs/b"]
    fields = {"seed", "task.name", "task.length", "model.name", "model.cell", "model.hidden", "model.init.forget_bias"}
    fields |= {"optimizer.name", "optimizer.learning_rate", "training.steps", "analysis.gradient_flow"}
    fields |= set(later_fields(CONFIG))  # those of an older version, as it behaved
    results = {"objective", "step", "parameters", "validation_mean_squared_error", "test_mean_squared_error"}
    assert set(table.columns) == {"run", "path", "status", "reason", *fields, *results, "wall_seconds"}
    a, b = row(table, "runs/a"), row(table, "runs/b")
    assert (a["model.cell"], a["seed"], a["model.hidden"]) == ("gru", 3, 16)
    assert (b["model.cell"], b["seed"], b["model.hidden"]) == ("lstm", 0, 64)
    assert (a["test_mean_squared_error"], a["validation_mean_squared_error"]) == (0.25, 0.3)
    assert (a["status"], a["reason"]) == ("done", "")
    assert a["path"] == folder / "runs" / "a"
    assert table["model.hidden"].dtype == int


def test_what_was_logged_in_long_form(folder):
    table = runs.load(folder)
    long = runs.curves(table)
    assert list(long.columns) == ["run", "step", "kind", "name", "value"]
    b = long[(long["run"] == "runs/b") & (long["kind"] == "validation")]
    assert b[["step", "name", "value"]].values.tolist() == [
        [10, "mean_squared_error", 0.4],
        [20, "mean_squared_error", 0.2],
        [30, "mean_squared_error", 0.1],
    ]
    assert set(long["name"]) == {"loss", "grad_norm", "mean_squared_error"}
    chosen = runs.curves(table[table["run"] == "runs/a"], ["loss"])
    assert chosen["value"].tolist() == [1.0, 0.6]
    assert set(chosen["run"]) == {"runs/a"}


def test_no_curve_is_an_empty_table(tmp_path):
    write_run(tmp_path / "a", curve=(0.1,))
    assert runs.curves(runs.load(tmp_path), ["no such name"]).empty


def test_whatever_the_layout(tmp_path):
    """Runs are found at any depth; what lies inside a run, studies and other configs are no runs."""
    write_run(tmp_path / "one")
    write_run(tmp_path / "deep" / "er" / "two")
    write_run(tmp_path / "one" / "cells")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"architectures": []}')
    study = write_run(tmp_path / "study")
    (study / "config.json").write_text(json.dumps({**CONFIG, "analysis": {"study": "anatomy"}}))
    assert list(runs.load(tmp_path)["run"]) == ["deep/er/two", "one"]
    assert list(runs.load(tmp_path / "one")["run"]) == ["one"]
    assert list(runs.load(tmp_path / "deep", tmp_path / "one", tmp_path)["run"]) == ["deep/er/two", "one"]


@pytest.mark.parametrize(
    ("file", "content", "status", "reason"),
    [
        ("config.json", '{"seed": ', "damaged", "config.json is damaged"),
        ("config.json", "[1]", "damaged", "config.json is damaged, it holds a list, not an object"),
        ("config.json", b"\xff\xfe\x00", "damaged", "config.json is damaged"),
        ("results.json", "", "damaged", "results.json is damaged"),
        ("results.json", "3", "damaged", "results.json is damaged, it holds a whole number, not an object"),
        ("metrics.jsonl", '{"step": 1, "kind"\n{"step": 2, "kind": "train"}\n', "damaged", "from line 1 of 2 on"),
        ("metrics.jsonl", '{"step": 1, "kind": "train"}\n\0\0\0\n{"step": 3, "kind": "train"}\n', "damaged", "line 2 of 3"),
        ("metrics.jsonl", '{"step": 1, "kind": "train"}\n7\n{"step": 3, "kind": "train"}\n', "damaged", "line 2 of 3"),
        ("metrics.jsonl", '{"step": 1, "kind": "train"}\n{"step": 2, "ki', "done", ""),
        ("metrics.jsonl", '{"step": 1, "kind": "train"}\n\n{"step": 2, "kind": "train"}\n', "done", ""),
        ("FAILED", "step 3: the loss is nan\n", "failed", "step 3: the loss is nan"),
    ],
)
def test_a_damaged_run_is_named_and_not_fatal(folder, file, content, status, reason):
    (folder / "runs" / "a" / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    table = runs.load(folder)
    a = row(table, "runs/a")
    assert a["status"] == status
    assert reason in a["reason"]
    assert row(table, "runs/b")["status"] == "done"
    runs.curves(table)


def test_a_run_that_is_not_done_says_how_far_it_is(folder):
    a, b = folder / "runs" / "a", folder / "runs" / "b"
    (a / "DONE").unlink()
    assert row(runs.load(folder), "runs/a")[["status", "reason"]].tolist() == ["unfinished", "it has come to step 20"]
    (a / "metrics.jsonl").unlink()
    assert row(runs.load(folder), "runs/a")["reason"] == "nothing is logged yet"
    (b / "results.json").unlink()
    assert row(runs.load(folder), "runs/b")[["status", "reason"]].tolist() == [
        "damaged",
        f"it is done, and {b / 'results.json'} is missing or empty",
    ]


def test_what_is_planned_and_not_begun_is_named(folder):
    points = [{"name": name, "overrides": {"model.hidden": 64, "seed": 7}, "pack": 0} for name in ("b", "c")]
    (folder / "sweep.json").write_text(json.dumps({"config": "x.py", "fields": ["model.hidden"], "points": points}))
    table = runs.load(folder)
    assert list(table["run"]) == ["runs/a", "runs/b", "runs/c"]
    c = row(table, "runs/c")
    assert (c["status"], c["reason"], c["seed"]) == ("unfinished", "it has not been started", 7)
    (folder / "sweep.json").write_text('{"points": [3]}')
    assert row(runs.load(folder), "sweep.json")["status"] == "damaged"


def test_what_does_not_fit_a_cell(folder):
    """Lists of a config can be compared and counted; nested results are left out; a figure may be missing."""
    config = {**CONFIG, "model": {**CONFIG["model"], "sizes": [16, 32]}}
    (folder / "runs" / "a" / "config.json").write_text(json.dumps(config))
    (folder / "runs" / "a" / "results.json").write_text('{"objective": "loss", "curve": [1, 2], "run": 3, "test_x": NaN}')
    table = runs.load(folder)
    assert row(table, "runs/a")["model.sizes"] == (16, 32)
    assert math.isnan(row(table, "runs/a")["test_x"])
    assert "curve" not in table.columns
    assert table["model.sizes"].nunique() == 1


def test_a_name_that_is_no_text(tmp_path):
    write_run(tmp_path / "runs" / "a")
    (tmp_path / "runs" / "a").rename(tmp_path / "runs" / "\udcff")
    table = runs.load(tmp_path)
    assert table["run"].tolist() == ["runs/\\udcff"]
    assert not runs.curves(table).empty


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "no such directory"), ("empty", "holds no run"), ("file", "no such directory")]
)
def test_a_folder_without_runs_is_refused(tmp_path, name, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=f"--runs=.*{name}.*{words}"):
        runs.load(tmp_path / name)


def test_a_thousand_runs_are_read_in_seconds(tmp_path):
    """In one, where nothing else computes. Four times the runs may not take sixteen times as long."""
    records = [{"step": s, "kind": "train", **{f"figure_{n}": s / (n + 3) for n in range(8)}} for s in range(0, 600, 10)]
    log = "".join(json.dumps(record) + "\n" for record in records)
    template = write_run(tmp_path / "template", {f"model.field_{n}": n for n in range(50)})
    (template / "metrics.jsonl").write_text(log)
    seconds = {}
    for count in (250, 1000):
        for n in range(count):
            run = tmp_path / str(count) / "runs" / str(n)
            run.mkdir(parents=True)
            for name in ("config.json", "results.json", "DONE", "metrics.jsonl"):
                os.link(template / name, run / name)
        began = time.process_time()
        assert len(runs.load(tmp_path / str(count))) == count
        seconds[count] = time.process_time() - began
    assert seconds[1000] < 5
    assert seconds[1000] < 10 * seconds[250]


def test_importing_it_is_cheap():
    """A training process must not pay for pandas."""
    script = "import sys, rnn_research.runs as r; assert not {'pandas', 'jax', 'scipy'} & set(sys.modules); r.load"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_load_stays_a_function():
    assert isinstance(runs.load, type(write_run))
    from rnn_research.runs import curves, load

    assert (load, curves) == (runs.load, runs.curves)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        runs.lod  # noqa: B018


def test_columns_of_load_are_plain(folder):
    assert isinstance(runs.load(folder), pd.DataFrame)
