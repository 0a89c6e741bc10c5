"""What TensorBoard finds in a run directory, read back with TensorBoard's own reader."""

import json
import threading

import pytest
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import metadata
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.runs.metrics import MetricsWriter, conclude

CONFIG = {"seed": 3, "model": {"cell": "lstm", "hidden": 8, "residual": False}, "analysis": {"lengths": [5, 7]}}
RESULTS = {"objective": "nats_per_token", "step": 4, "test_nats_per_token": 1.5, "test_spread": float("inf")}


@pytest.fixture
def run(tmp_path):
    run = RunDirectory(tmp_path / "sweep" / "runs" / "cell=lstm,seed=3")
    write_json(run.config, CONFIG)
    return run


def write(run, steps, start=0):
    writer = MetricsWriter(run, start)
    for step in steps:
        writer.write(step, "train", {"loss": step / 10})
    writer.close()


def read(run):
    """The one run below the sweep's directory: its name and its events."""
    board = EventMultiplexer()
    board.AddRunsFromDirectory(str(run.path.parents[1]))
    board.Reload()
    (name,) = board.Runs()
    return name, board.GetAccumulator(name)


def test_the_name_says_which_run_it_is(run):
    write(run, [2])
    assert read(run)[0] == "runs/cell=lstm,seed=3/tensorboard"


def test_every_field_of_the_config_is_a_hyperparameter(run):
    write(run, [2])
    content = read(run)[1].SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = HParamsPluginData.FromString(content).session_start_info.hparams
    assert start["seed"].number_value == 3
    assert start["model.cell"].string_value == "lstm"
    assert start["model.hidden"].number_value == 8
    assert start["model.residual"].WhichOneof("kind") == "bool_value"
    assert start["analysis.lengths"].string_value == "[5, 7]"
    assert len(start) == 5


def test_a_run_that_resumes_and_ends_twice_counts_nothing_twice(run):
    write(run, [1, 2, 3])
    write(run, [3, 4], start=2)
    conclude(run, RESULTS)
    conclude(run, RESULTS)
    events = read(run)[1]
    assert [e.step for e in events.Scalars("train/loss")] == [1, 2, 3, 4]
    assert [(e.step, e.value) for e in events.Scalars("results/test_nats_per_token")] == [(5, 1.5)]
    assert "results/test_spread" not in events.Tags()["scalars"]
    assert sum(path.read_bytes().count(b"session_start_info") for path in run.tensorboard.iterdir()) == 1
    ended = HParamsPluginData.FromString(events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content)
    assert ended.HasField("session_end_info")


def test_a_run_killed_before_its_first_checkpoint_shows_each_step_once(run):
    """It starts at step 0 again, and what it showed before is no more true than its metrics."""
    writer = MetricsWriter(run)
    for step in (1, 2, 3):
        writer.write(step, "train", {"loss": 7.0})
    writer.sync()  # and then it is killed: nothing is closed
    write(run, [1, 2])
    writer.close()
    events = read(run)[1]
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(1, pytest.approx(0.1)), (2, pytest.approx(0.2))]
    assert sum(path.read_bytes().count(b"session_start_info") for path in run.tensorboard.iterdir()) == 1


def test_a_full_disk_is_an_error_of_the_one_who_logs(run, monkeypatch):
    """A thread of its own would print it, and then take nothing any more: the run would wait for ever."""
    threads = threading.active_count()
    writer = MetricsWriter(run)
    assert threading.active_count() == threads
    writer.write(1, "train", {"loss": 1.0})
    with monkeypatch.context() as disk, open("/dev/full", "wb", buffering=0) as full:
        disk.setattr(writer._board._writer._py_recordio_writer, "_writer", full)
        with pytest.raises(OSError, match="No space left"):
            writer.write(2, "train", {"loss": 1.0})
    writer.close()


def test_a_run_that_goes_on_after_its_end_replaces_its_results(run):
    write(run, [1, 2, 3, 4])
    conclude(run, RESULTS)
    write(run, [6], start=4)
    conclude(run, RESULTS | {"step": 6, "test_nats_per_token": 1.25})
    events = read(run)[1]
    assert [e.step for e in events.Scalars("train/loss")] == [1, 2, 3, 4, 6]
    assert [(e.step, e.value) for e in events.Scalars("results/test_nats_per_token")] == [(7, 1.25)]


def test_a_directory_without_a_config_is_written_all_the_same(tmp_path):
    run = RunDirectory(tmp_path / "sweep" / "runs" / "bare")
    write(run, [1])
    assert json.loads(run.metrics.read_text())["step"] == 1
    assert [e.step for e in read(run)[1].Scalars("train/loss")] == [1]
