"""``--resume=changed``: what can go on does, what cannot is refused before anything is touched, the past is kept."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from one_of_each import contents

from rnn_research.errors import UserError
from rnn_research.report.run_page import write_page
from rnn_research.runs import history
from rnn_research.runs.checkpoints import Checkpoints, flat
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.going_on import LIVE, advice
from rnn_research.training.train import train

OTHER = {"task.batch_size": 2, "optimizer.name": "sgd", "optimizer.momentum": 0.5, "seed": 3, "training.steps": 9}


def arrays(config, run: Path) -> dict[str, np.ndarray]:
    built = build(config)
    like = built.program.init(built.numbers)
    checkpoints = Checkpoints(run / "checkpoints", "nats_per_token", reading=True)
    found = checkpoints.restore(config.training.steps, like)
    checkpoints.close()
    return {name: np.asarray(leaf) for name, leaf in flat(found).items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "begun"


@pytest.fixture
def begun(tiny, tmp_path, place):
    """A copy of a run of six steps."""
    if not place.exists():
        train(tiny(), RunDirectory(place), {"model.hidden": 5})
    return RunDirectory(shutil.copytree(place, tmp_path / "begun"))


def test_another_batch_size_and_optimizer(tiny, begun, capsys):
    first = {
        name: json.loads((begun.path / f"{name}.json").read_text()) for name in ("config", "provenance", "results")
    }
    with pytest.raises(UserError, match=r"batch_size.*or go on with --resume=changed"):
        train(tiny(**OTHER), begun, {})
    before = arrays(tiny(), begun.path)
    results = train(tiny(**OTHER), begun, OTHER, "changed")
    said = capsys.readouterr().out
    assert "the state of the optimizer does not fit this config: it starts anew" in said
    assert "the carries of the training streams do not fit this config: they start anew" in said
    assert "resuming from step 6" in said
    assert results["step"] == 9
    assert begun.done.exists()
    after = arrays(tiny(**OTHER), begun.path)
    assert {a.shape[0] for name, a in after.items() if name.startswith(".carry")} == {2}
    assert not np.array_equal(after[".key"], before[".key"])  # the seed is the config's
    moved = max(np.abs(after[name] - before[name]).max() for name in after if name.startswith(".params"))
    assert 0 < moved < 0.1  # three steps from where it stood, and not from a new start
    (stretch,) = history.read(begun)
    assert stretch == {"until_step": 6, "overrides": {"model.hidden": 5}, **first}
    assert history.changes(begun) == [
        (
            6,
            [
                "optimizer.momentum: 0.9 -> 0.5",
                "optimizer.name: 'adam' -> 'sgd'",
                "seed: 0 -> 3",
                "task.batch_size: 4 -> 2",
                "training.steps: 6 -> 9",
            ],
        )
    ]


def test_the_page_says_what_was_changed_on_the_way(tiny, begun):
    """And not what came with a later version of the code."""
    write_page(begun)
    assert "changed on the way" not in begun.report.read_text()
    train(tiny(**{"training.steps": 7, "task.batch_size": 2}), begun, {}, "changed")
    (stretch,) = history.read(begun)
    del stretch["config"]["training"]["label_noise"]  # as of before there was such a field
    write_text(begun.history, json.dumps(stretch) + "\n")
    write_page(begun)
    page = begun.report.read_text()
    assert "It went on with other settings after step 6: the config below is that of the last stretch" in page
    assert "<td>task.batch_size: 4 -&gt; 2</td>" in page
    assert "label_noise:" not in page


def test_fewer_steps_than_are_done(tiny, begun):
    before = contents(begun.path)
    with pytest.raises(UserError, match=r"has come to step 6, and the config ends at step 4.*training.steps=6"):
        train(tiny(**{"training.steps": 4}), begun, {}, "changed")
    assert contents(begun.path) == before


def test_what_acts_at_the_start_alone_is_said(tiny, begun, capsys):
    train(tiny(**{"model.init.recurrent_scale": 0.3, "training.steps": 7}), begun, {}, "changed")
    assert "this does nothing: model.init.recurrent_scale: 0.4 -> 0.3" in capsys.readouterr().out


def test_parameters_of_another_shape_are_neither_advised_nor_lost(tiny, begun):
    before = contents(begun.path)
    with pytest.raises(UserError, match="hidden: 5 -> 7") as refusal:
        train(tiny(**{"model.hidden": 7}), begun, {})
    assert "--resume=changed" not in str(refusal.value)
    with pytest.raises(UserError, match="checkpoint 6 does not fit"):
        train(tiny(**{"model.hidden": 7}), begun, {}, "changed")
    assert contents(begun.path) == before


def test_the_same_again_adds_nothing_to_the_past(tiny, begun):
    begun.done.unlink()
    train(tiny(), begun, {"model.hidden": 5})
    assert history.read(begun) == []


def test_a_past_is_kept_once_though_a_process_is_killed_in_between(tmp_path):
    run = RunDirectory(tmp_path)
    now = {"config": {"seed": 1}, "overrides": {}, "provenance": {"command": "b"}}
    history.keep(run, 0, now)  # nothing was true before
    assert history.read(run) == []
    write_json(run.config, {"seed": 0})
    for _ in range(2):  # killed before it wrote anything else
        history.keep(run, 4, now)
    assert history.read(run) == [
        {"until_step": 4, "config": {"seed": 0}, "overrides": None, "provenance": None, "results": None}
    ]
    write_text(run.history, "[1]\n")
    with pytest.raises(UserError, match=r"history.jsonl is damaged"):
        history.read(run)


def test_advice_is_given_for_fields_that_are_there():
    """A field that was renamed would else never be advised again."""
    tasks = [defaults(name) for name in ("text", "adding")]
    fields = {field for config in tasks for field in (*config.keys(), *_flat(config))}
    for live in LIVE:
        assert any(field.startswith(live) for field in fields), live
    assert advice(["optimizer.name", "task.batch_size"])
    for field in ("training.dtype", "model.cell", "model.layers", "task.level", "task.name", "model.embedding"):
        assert not advice(["seed", field]), field


def _flat(config, prefix=""):
    for name, value in config.items():
        yield from _flat(value, f"{prefix}{name}.") if hasattr(value, "items") else [f"{prefix}{name}"]
