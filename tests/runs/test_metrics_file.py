"""metrics.jsonl: one record a line, whole after a kill, cut back where a run resumes."""

import json

import pytest

from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.metrics import MetricsWriter


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path)


def write(run, steps, start=0):
    writer = MetricsWriter(run, start)
    for step in steps:
        writer.write(step, "train", {"loss": step / 10})
    writer.sync()
    writer.close()


def steps(run):
    return [r["step"] for r in metrics.read(run.metrics)]


def test_a_record_a_line(run):
    write(run, [1, 2])
    lines = run.metrics.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "kind": "train", "loss": 0.1},
        {"step": 2, "kind": "train", "loss": 0.2},
    ]


def test_a_record_can_be_read_before_the_file_is_closed(run):
    writer = MetricsWriter(run)
    writer.write(1, "train", {"loss": 0.5})
    assert steps(run) == [1]
    writer.close()


def test_a_run_that_resumes_cuts_back_what_is_later(run):
    write(run, [1, 2, 3, 4])
    write(run, [3], start=2)
    assert steps(run) == [1, 2, 3]


def test_a_run_that_begins_anew_leaves_nothing(run):
    write(run, [1, 2])
    write(run, [7])
    assert steps(run) == [7]


@pytest.mark.parametrize("torn", ['{"step": 3, "kind": "tr', "{", "\0\0\0\0"])
def test_a_last_line_torn_by_a_kill_is_left_out_and_cut_off(run, torn):
    write(run, [1, 2])
    with open(run.metrics, "a") as file:
        file.write(torn)
    assert steps(run) == [1, 2]
    write(run, [3], start=2)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3]


def test_a_torn_character_is_left_out(run):
    write(run, [1])
    with open(run.metrics, "ab") as file:
        file.write(b'{"step": 2, "kind": "\xc3')
    assert steps(run) == [1]


def test_a_missing_file_holds_nothing(run):
    assert metrics.read(run.metrics) == []


def test_a_value_that_is_not_finite_survives(run):
    writer = MetricsWriter(run)
    writer.write(1, "train", {"loss": float("nan"), "grad_norm": float("inf")})
    writer.close()
    (record,) = metrics.read(run.metrics)
    assert record["loss"] != record["loss"]
    assert record["grad_norm"] == float("inf")
