"""Which points run together, what is written down, and what a directory may be used for again."""

import json

import pytest

from rnn_research.config.flat import changed
from rnn_research.errors import UserError
from rnn_research.sweeps import packing, plan
from rnn_research.sweeps.packing import packs_of, planned
from rnn_research.training.defaults import defaults


def points(*overrides):
    return [(f"p{i}", o) for i, o in enumerate(overrides)]


def test_points_that_differ_in_free_numbers_are_one_pack(small):
    free = [
        {"seed": 3},
        {"optimizer.learning_rate": 0.1},
        {"optimizer.clip.limit": 9.0},
        {"optimizer.weight_decay": 0.1},
        {"model.init.forget_bias": 2.0},
        {"model.init.input_scale": 2.0},
    ]
    assert packs_of(small, points({}, *free)) == [0] * 7


def test_points_of_other_shape_are_packs_of_their_own(small):
    other = [
        {"model.hidden": 7},
        {"seed": 1},
        {"model.dropout": 0.1},
        {"model.hidden": 7, "seed": 1},
        {"model.dropout": 0.2},
        {"task.length": 11},
        {"optimizer.clip.name": "none"},
    ]
    assert packs_of(small, points({}, *other)) == [0, 1, 0, 2, 1, 2, 3, 4]


def test_packs_are_bounded_and_even(small):
    seeds = points(*({"seed": s} for s in range(10)))
    assert packs_of(small, seeds, most=4) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert packs_of(small, seeds[:5], most=4, first=7) == [7, 7, 7, 8, 8]
    assert packs_of(small, seeds, workers=2) == [0] * 5 + [1] * 5


def test_a_pack_fits_the_memory(small, monkeypatch):
    monkeypatch.setattr(packing.devices, "memory", lambda: 2_000_000)
    sizes = [
        packs_of(changed(small, {"model.hidden": h}), points(*({"seed": s} for s in range(12)))).count(0)
        for h in (6, 24)
    ]
    assert 1 <= sizes[1] < sizes[0] <= 12


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimizer.learning_rate": -1.0}, "optimizer.learning_rate=-1.0 must be at least 0"),
        ({"model.cell": "gruu"}, "'gruu' is unknown, did you mean 'gru'"),
        ({"model.init.recurrent_scale": -1.0}, "model.init.recurrent_scale=-1.0 must be at least 0"),
        ({"model.dropout": 1.0}, "model.dropout=1.0 must be at least 0 and below 1"),
    ],
)
def test_every_point_is_checked_and_named(small, wrong, words):
    with pytest.raises(UserError) as error:
        packs_of(small, points({}, wrong))
    assert str(error.value).startswith("point p1: ")
    assert words in str(error.value)


@pytest.fixture
def sweep(small, tmp_path):
    wanted = plan.Sweep("configs/x.py", small.to_dict(), {"seed": 0}, ())
    return planned(None, wanted, [{"seed": 0}, {"seed": 1}], tmp_path)


def test_a_sweep_is_read_back_as_it_was_written(sweep, tmp_path):
    plan.write(tmp_path, sweep)
    assert plan.read(tmp_path) == sweep
    stored = json.loads((tmp_path / "sweep.json").read_text())
    assert stored["config"] == "configs/x.py"
    assert stored["fields"] == ["seed"]
    assert stored["packs"] == 1
    assert stored["points"][1] == {"name": "seed=1", "overrides": {"seed": 1}, "pack": 0}


def test_points_may_be_added_and_the_old_keep_their_packs(sweep, tmp_path):
    wanted = sweep._replace(points=())
    more = planned(sweep, wanted, [{"seed": 2}, {"seed": 0}, {"seed": 1}], tmp_path)
    assert more.points[:2] == sweep.points
    assert more.points[2:] == (plan.Point("seed=2", {"seed": 2}, 1),)
    assert planned(more, wanted, [p.overrides for p in more.points], tmp_path) == more


def test_points_may_not_be_lost(sweep, tmp_path):
    with pytest.raises(UserError, match="holds another sweep: seed=0 is not among the points given"):
        planned(sweep, sweep._replace(points=()), [{"seed": 1}], tmp_path)


def test_another_config_is_refused(sweep, small, tmp_path):
    other = plan.Sweep("configs/x.py", changed(small, {"model.hidden": 9}).to_dict(), {}, ())
    with pytest.raises(UserError, match=r"a sweep of another config \(model.hidden: 6 -> 9\)"):
        planned(sweep, other, [{"seed": 0}, {"seed": 1}], tmp_path)


def test_a_plan_of_something_else_is_refused(tmp_path):
    assert plan.read(tmp_path) is None
    (tmp_path / "sweep.json").write_text('{"points": [1]}')
    with pytest.raises(UserError, match=r"sweep.json is damaged, config is missing"):
        plan.read(tmp_path)


def test_points_of_several_tasks_are_of_their_own_fields(tmp_path):
    """A task that a point names has its own defaults, wherever those of the base are the same or others."""
    base = defaults("adding")
    base.task.length, base.model.hidden = 20, 3
    points = [
        {"task.name": "adding"},
        {"task.name": "copying", "seed": 0},
        {"task.name": "copying", "task.length": 20, "seed": 1},
        {"task.name": "copying", "seed": 2},
    ]
    sweep = planned(None, plan.Sweep("mine.py", base.to_dict(), {}, ()), points, tmp_path)
    assert [point.pack for point in sweep.points] == [0, 1, 2, 1], "100 steps is no 20, though the base has 20"
    plan.write(tmp_path, sweep)
    read = plan.read(tmp_path)
    assert read == sweep
    configs = [read.config_of(point) for point in read.points]
    assert [(c.task.length, c.model.name) for c in configs] == [
        (20, "classifier"),
        (100, "language_model"),
        (20, "language_model"),
        (100, "language_model"),
    ]
    with pytest.raises(UserError, match=r"point .*: task.form is no field of copying with language_model"):
        planned(None, plan.Sweep("mine.py", base.to_dict(), {}, ()), [{**points[1], "task.form": "1997"}], tmp_path)
