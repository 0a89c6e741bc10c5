"""Products, draws, and what the runs are called."""

import itertools
import math

import pytest

from rnn_research.errors import UserError
from rnn_research.sweeps.axes import parse, parse_zipped
from rnn_research.sweeps.names import LONGEST, names_of
from rnn_research.sweeps.points import checked, drawn, groups_of, product, refuse_duplicates


def groups(fields, *texts, zipped=()):
    return groups_of([parse(t, fields) for t in texts], [parse_zipped(t, fields) for t in zipped])


def test_a_product_is_itertools_product(fields):
    points = product(groups(fields, "model.cell=lstm,gru", "seed=0:3", "optimizer.learning_rate=0.1,0.2"))
    keys = ("model.cell", "seed", "optimizer.learning_rate")
    expected = itertools.product(("lstm", "gru"), range(3), (0.1, 0.2))
    assert points == [dict(zip(keys, values, strict=True)) for values in expected]


def test_zipped_axes_walk_together_within_a_product(fields):
    points = product(groups(fields, "seed=0,1", zipped=["model.cell=lstm,gru;model.hidden=4,5"]))
    assert [tuple(p.values()) for p in points] == [(0, "lstm", 4), (0, "gru", 5), (1, "lstm", 4), (1, "gru", 5)]


def test_draws_are_seeded_and_more_of_them_begin_the_same(fields):
    axes = groups(fields, "optimizer.learning_rate=log(1e-4,1e-2)", "model.hidden=lin(2,9)", "model.cell=lstm,gru")
    points = drawn(axes, 200, seed=1)
    assert drawn(axes, 50, seed=1) == points[:50]
    assert drawn(axes, 50, seed=2) != points[:50]
    rates = [p["optimizer.learning_rate"] for p in points]
    assert all(1e-4 <= r <= 1e-2 for r in rates)
    # Even in the logarithm: the middle of the span is its geometric mean.
    assert 70 < sum(r < 1e-3 for r in rates) < 130
    assert {p["model.hidden"] for p in points} == set(range(2, 10))
    assert all(type(p["model.hidden"]) is int for p in points)


def test_draws_are_different_and_end_when_there_are_no_more(fields):
    axes = groups(fields, "seed=0:4", zipped=["model.cell=lstm,gru;model.hidden=4,5"])
    points = drawn(axes, 8, seed=0)
    assert sorted(map(str, points)) == sorted(map(str, product(axes)))
    with pytest.raises(UserError, match="--random=9: the axes have only 8 different points"):
        drawn(axes, 9, seed=0)


def test_a_span_without_a_number_of_values_is_no_product(fields):
    with pytest.raises(UserError, match=r"give log\(0.001,0.1,5\), or draw points with --random=N"):
        product(groups(fields, "optimizer.learning_rate=log(1e-3,1e-1)"))


def test_a_field_is_varied_once(fields):
    with pytest.raises(UserError, match="--axis=seed is given twice"):
        groups(fields, "seed=0:2", zipped=["seed=1,2;model.hidden=1,2"])


def test_duplicates_are_those_of_the_whole_config(fields):
    refuse_duplicates([{"seed": 0}, {"seed": 1}], fields)
    with pytest.raises(UserError, match=r"two points are the same \(seed=1 and seed=1\)"):
        refuse_duplicates([{"seed": 1}, {"seed": 1}], fields)
    with pytest.raises(UserError, match="two points are the same"):
        refuse_duplicates([{}, {"seed": fields["seed"]}], fields)
    with pytest.raises(UserError, match="no point to run"):
        refuse_duplicates([], fields)


def test_a_sweep_of_a_config_is_held_to_its_fields(fields):
    assert checked([{"optimizer.learning_rate": 1}], fields, "sweep()") == [{"optimizer.learning_rate": 1.0}]
    with pytest.raises(UserError, match=r"'model.celll' is no field of the config, did you mean 'model.cell'"):
        checked([{"model.celll": "gru"}], fields, "sweep()")
    with pytest.raises(UserError, match=r"sweep\(\), seed: '0' must be a whole number"):
        checked([{"seed": "0"}], fields, "sweep()")


def test_names_are_what_varies():
    points = [
        {"model.cell": "lstm", "optimizer.learning_rate": 1e-3, "seed": 0},
        {"model.cell": "gru", "optimizer.learning_rate": 1.0, "seed": 1},
    ]
    assert names_of(points) == ["cell=lstm,learning_rate=0.001,seed=0", "cell=gru,learning_rate=1,seed=1"]


def test_a_field_takes_as_many_names_as_tell_it_apart():
    (name,) = names_of([{"optimizer.name": "sgd", "optimizer.schedule.name": "step", "optimizer.clip.name": "none"}])
    assert name == "optimizer=sgd,schedule=step,clip=none"


def test_names_are_safe_bounded_and_different():
    texts = ["../a b/c", "..-a-b-c", "x" * 400, "x" * 401, "é\n"]
    names = names_of([{"task.path": t} for t in texts])
    assert len(set(names)) == len(texts)
    for name in names:
        assert 0 < len(name) <= LONGEST
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+=,-")
        assert not name.startswith(".")


def test_names_tell_close_numbers_apart():
    first, second = names_of([{"a": 0.1}, {"a": 0.1 + 1e-12}])
    assert first == "a=0.1"
    assert math.isclose(float(second.removeprefix("a=")), 0.1 + 1e-12, rel_tol=1e-15)
