"""What is typed after --axis and --zip, and what it stands for."""

import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.sweeps.axes import Axis, Span, parse, parse_zipped


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("model.cell=elman,lstm", ("elman", "lstm")),
        ("seed=0:5", (0, 1, 2, 3, 4)),
        ("seed=10:0:-5", (10, 5)),
        ("seed=-1,7", (-1, 7)),
        ("optimizer.learning_rate=1,0.5,1e-3", (1.0, 0.5, 1e-3)),
        ("model.residual=true,False", (True, False)),
        ("optimizer.learning_rate=log(1e-4,1e-2,5)", (1e-4, 3.16228e-4, 1e-3, 3.16228e-3, 1e-2)),
        ("optimizer.clip.limit=lin(1,2,3)", (1.0, 1.5, 2.0)),
        ("model.hidden=log(16,256,5)", (16, 32, 64, 128, 256)),
        ("model.hidden=lin(1,3,9)", (1, 2, 3)),
        ("model.cell=0:5", ("0:5",)),
    ],
)
def test_values_are_typed_as_the_field(fields, text, values):
    axis = parse(text, fields)
    assert axis.values == values
    assert [type(v) for v in axis.values] == [type(v) for v in values]


def test_a_log_axis_is_numpys_geomspace_to_six_digits(fields):
    values = parse("optimizer.learning_rate=log(1e-5,3,40)", fields).values
    np.testing.assert_allclose(values, np.geomspace(1e-5, 3, 40), rtol=5e-6)


def test_a_span_may_leave_open_how_many(fields):
    assert parse("optimizer.learning_rate=log(1e-4,1e-2)", fields) == Axis(
        "optimizer.learning_rate", (), Span("log", 1e-4, 1e-2)
    )


def test_axes_walk_together(fields):
    first, second = parse_zipped("model.cell=lstm,gru;optimizer.learning_rate=0.1,0.2", fields)
    assert (first.field, second.field) == ("model.cell", "optimizer.learning_rate")
    assert (first.values, second.values) == (("lstm", "gru"), (0.1, 0.2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model.cel=lstm", "'model.cel' is no field of the config, did you mean 'model.cell'"),
        ("learning_rate=1", "did you mean 'optimizer.learning_rate'"),
        ("optimizer=1", "optimizer is a section"),
        ("seed", "has no values: give FIELD=VALUES"),
        ("seed=", "has no values: give some"),
        ("seed=4:4", "is an empty range"),
        ("seed=0:5:0", "is an empty range"),
        ("seed=1.5", "'1.5' must be a whole number, like 0"),
        ("seed=99999999999", "must lie between"),
        ("optimizer.learning_rate=0:5", "'0:5' must be a number"),
        ("optimizer.learning_rate=nan", "nan must be a number"),
        ("optimizer.learning_rate=1,,2", "'' must be a number"),
        ("optimizer.learning_rate=log(0,1,3)", "below the second and above 0"),
        ("optimizer.learning_rate=lin(2,1,3)", "below the second"),
        ("optimizer.learning_rate=lin(1,2,0)", "give lin(LOW,HIGH,N)"),
        ("optimizer.learning_rate=log(1)", "give log(LOW,HIGH,N)"),
        ("model.residual=yes", "'yes' must be true or false, like False"),
    ],
)
def test_wrong_axes_get_one_line(fields, text, words):
    with pytest.raises(UserError) as error:
        parse(text, fields)
    assert str(error.value).startswith(f"--axis={text}")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_axes_of_different_lengths_do_not_walk_together(fields):
    with pytest.raises(UserError, match=r"seed has 2, model.layers has 3"):
        parse_zipped("seed=1,2;model.layers=1,2,3", fields)


def test_values_with_commas_stand_in_quotes():
    fields = {"task.path": "", "seed": 0}
    axis = parse('task.path="Verne, the moon.txt", b.txt', fields)
    assert axis.values == ("Verne, the moon.txt", "b.txt")
    zipped = parse_zipped('task.path="a;b",c;seed=0,1', fields)
    assert [axis.values for axis in zipped] == [("a;b", "c"), (0, 1)]
