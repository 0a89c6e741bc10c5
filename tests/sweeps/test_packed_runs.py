"""A run in a pack is the run alone: its curve, its figures, its files; and its neighbours are not its business."""

import json

import pytest
from compared import records

from rnn_research.config.flat import changed
from rnn_research.runs import metrics
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.defaults import defaults
from rnn_research.training.pack import Entry, train_pack
from rnn_research.training.train import train

# Everything that may differ in a pack, all at once.
POINTS = {
    "first": {
        "seed": 3,
        "optimizer.learning_rate": 0.03,
        "optimizer.clip.limit": 0.05,
        "optimizer.weight_decay": 0.1,
        "model.init.forget_bias": -1.0,
        "model.init.recurrent_scale": 0.5,
        "model.dropout": 0.4,
    },
    "second": {"seed": 4, "optimizer.learning_rate": 0.01, "optimizer.momentum": 0.5, "model.dropout": 0.1},
    "exploding": {"seed": 5, "optimizer.learning_rate": 1e30, "optimizer.clip.limit": 1e30, "model.dropout": 0.1},
}
pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def base(small):
    fields = {"model.cell": "lstm", "model.layers": 2, "optimizer.name": "adamw", "training.checkpoint_every": 6}
    watched = {"analysis.gradient_flow": True, "analysis.gradient_flow_every": 12}
    return changed(small, fields | watched)


def entries(base, folder, points):
    return [Entry(name, changed(base, o), RunDirectory(folder / name), o) for name, o in points.items()]


@pytest.fixture(scope="module")
def packed(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    return folder, train_pack(entries(base, folder, POINTS))


def trained_steps(run):
    return [r["step"] for r in metrics.read(run / "metrics.jsonl") if r["kind"] == "train"]


def close(ours: dict, alone: dict) -> None:
    assert ours.keys() == alone.keys()
    for name, value in alone.items():
        if isinstance(value, float) and name not in ("wall_seconds", "train_tokens_per_second"):
            assert ours[name] == pytest.approx(value, rel=1e-5, abs=1e-5), name


def test_a_packed_run_is_the_run_alone(base, packed, tmp_path):
    folder, _ = packed
    name = "first"
    config = changed(base, POINTS[name])
    train(config, RunDirectory(tmp_path), POINTS[name])
    ours, alone = records(folder / name), records(tmp_path)
    assert [(r["step"], r["kind"]) for r in ours] == [(r["step"], r["kind"]) for r in alone]
    assert {r["kind"] for r in alone} == {"train", "validation", "gradient_flow"}
    for mine, theirs in zip(ours, alone, strict=True):
        close(mine, theirs)
    packed_results, alone_results = (json.loads((f / "results.json").read_text()) for f in (folder / name, tmp_path))
    assert packed_results.pop("packed_runs") == len(POINTS), "they have their time in common"
    close(packed_results, alone_results)
    for file in ("config.json", "overrides.json"):
        assert json.loads((folder / name / file).read_text()) == json.loads((tmp_path / file).read_text())
    steps = [
        Checkpoints(f / "checkpoints", "mean_squared_error", reading=True).steps() for f in (folder / name, tmp_path)
    ]
    assert steps[0] == steps[1]
    assert (folder / name / "DONE").exists()
    assert list((folder / name / "tensorboard").glob("events*"))


def test_the_runs_of_the_pack_differ(packed):
    folder, _ = packed
    first, second = (records(folder / name) for name in ("first", "second"))
    assert first[-1] != second[-1]


def test_a_member_that_is_not_finite_fails_alone(packed):
    folder, ended = packed
    assert (ended.done, ended.failed, ended.held, ended.unfinished) == (["first", "second"], ["exploding"], [], [])
    assert "the loss is" in (folder / "exploding" / "FAILED").read_text()
    assert not (folder / "exploding" / "DONE").exists()
    assert not (folder / "exploding" / "results.json").exists()


def test_a_member_that_fails_at_the_last_step_is_not_done(small, tmp_path):
    points = {name: POINTS[name] | {"model.dropout": 0.0} for name in ("second", "exploding")}
    ended = train_pack(entries(changed(small, {"training.steps": 2}), tmp_path, points))
    assert (ended.done, ended.failed) == (["second"], ["exploding"])
    assert not (tmp_path / "exploding" / "DONE").exists()


def test_what_is_done_or_failed_stands(base, packed):
    folder, ended = packed
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}
    assert train_pack(entries(base, folder, POINTS)) == ended
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_runs_of_other_shape_are_no_pack(base, tmp_path):
    for other in ({"model.hidden": 7}, {"model.dropout": 0.0}):
        points = {"a": {"model.dropout": 0.1}, "b": {"model.dropout": 0.1, **other}}
        with pytest.raises(ValueError, match="may differ in"):
            train_pack(entries(base, tmp_path, points))


@pytest.fixture
def still(small):
    """Nothing is learned at a rate of 0, so that patience is soon at its end."""
    return changed(small, {"training.patience": 1})


def test_patience_ends_one_and_the_others_go_on(still, tmp_path):
    points = {"still": {"optimizer.learning_rate": 0.0}, "learning": {"optimizer.learning_rate": 3e-3}}
    ended = train_pack(entries(still, tmp_path, points))
    assert ended.done == ["still", "learning"]
    steps = {name: json.loads((tmp_path / name / "results.json").read_text())["step"] for name in points}
    assert steps == {"still": 8, "learning": 12}
    assert trained_steps(tmp_path / "still")[-1] == 8


def test_a_judge_stops_a_member_and_the_others_go_on(small, tmp_path):
    points = {"a": {"seed": 0}, "b": {"seed": 1}}
    seen = []

    def judge(step, found):
        seen.append((step, set(found)))
        return {"b": "pruned at step 4: so it was"} if step == 4 else {}

    ended = train_pack(entries(small, tmp_path, points), judge=judge)
    assert (ended.done, ended.failed) == (["a"], ["b"])
    assert (tmp_path / "b" / "FAILED").read_text() == "pruned at step 4: so it was\n"
    assert seen == [(4, {"a", "b"}), (8, {"a"})]  # at the end there is nothing left to stop
    assert trained_steps(tmp_path / "b")[-1] == 4
    # And it goes on when it is asked to.
    ended = train_pack(entries(small, tmp_path, points), retry_failed=True)
    assert ended.done == ["a", "b"]
    assert not (tmp_path / "b" / "FAILED").exists()
    assert trained_steps(tmp_path / "b") == [2, 4, 6, 8, 10, 12]


def test_a_member_that_another_process_holds_is_passed_over(small, tmp_path):
    points = {"a": {"seed": 0}, "b": {"seed": 1}}
    held = RunDirectory(tmp_path / "a")
    held.create()
    with held.locked():
        ended = train_pack(entries(small, tmp_path, points))
    assert (ended.done, ended.held, ended.unfinished) == (["b"], ["a"], [])
    assert not held.used()


def test_a_packed_text_starts_anew_where_it_does_alone(tmp_path):
    """Each member draws from its own seed."""
    base = defaults()
    base.task.update({"text": "so it goes on and on. " * 30, "batch_size": 4, "chunk_length": 6})
    base.task.fresh_probability = 0.5
    base.model.update({"cell": "elman", "hidden": 5})
    base.training.update({"steps": 8, "log_every": 2})
    base.evaluation.update({"every": 0, "batch_size": 2})
    train_pack(entries(base, tmp_path, {name: {"seed": seed} for name, seed in (("one", 1), ("two", 2))}))
    train(changed(base, {"seed": 2}), RunDirectory(tmp_path / "alone"), {})
    ours, alone, other = (records(tmp_path / name) for name in ("two", "alone", "one"))
    for mine, theirs in zip(ours, alone, strict=True):
        close(mine, theirs)
    assert ours[0]["loss"] != other[0]["loss"]
