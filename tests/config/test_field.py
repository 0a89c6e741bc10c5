"""A field: what it refuses, in which words, and what is made of a section of them."""

import math

import pytest

from rnn_research.config import Field, check, declared, values
from rnn_research.errors import UserError

SECTION = {
    "cell": Field("lstm", "which", choices=("lstm", "gru")),
    "hidden": Field(128, "how many", low=1),
    "init": {"scale": Field(1.0, "how large", low=0, free=True), "on": Field(False, "whether")},
}


def test_a_section_as_defaults_and_as_flat_fields():
    assert values(SECTION).to_dict() == {"cell": "lstm", "hidden": 128, "init": {"scale": 1.0, "on": False}}
    assert list(declared(SECTION, "model.")) == ["model.cell", "model.hidden", "model.init.scale", "model.init.on"]
    assert [name for name, field in declared(SECTION).items() if field.free] == ["init.scale"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("cell", "lstn", r"model.cell='lstn' is unknown, did you mean 'lstm'\?; known: gru, lstm"),
        ("cell", 3, "model.cell=3 must be a text"),
        ("hidden", 0, "model.hidden=0 must be at least 1"),
        ("hidden", 1.5, "model.hidden=1.5 must be a whole number, like 128"),
        ("hidden", True, "model.hidden=True must be a whole number"),
        ("hidden", 2**31, "must lie between"),
        ("init.scale", -1, "model.init.scale=-1.0 must be at least 0"),
        ("init.scale", math.nan, "must be finite"),
        ("init.scale", 1e39, "largest number in float32"),
        ("init.on", 1, "must be true or false"),
    ],
)
def test_what_a_section_refuses(name, value, words):
    config = values(SECTION)
    with config.ignore_type():
        config.update_from_flattened_dict({name: value})
    with pytest.raises(UserError, match=words):
        check(SECTION, config, "model.")
    check(SECTION, values(SECTION), "model.")


def test_a_field_that_is_missing_is_named():
    config = values(SECTION)
    del config.init["on"]
    with pytest.raises(UserError, match=r"lacks model\.init\.on"):
        check(SECTION, config, "model.")


@pytest.mark.parametrize(
    ("bounds", "right", "wrong", "words"),
    [
        ({"above": 0, "high": 1}, (1e-9, 1), (0, 1.1), "above 0 and at most 1"),
        ({"low": 0, "below": 1}, (0, 0.99), (-0.1, 1), "at least 0 and below 1"),
        ({"low": 2, "high": 3}, (2, 3), (1, 4), "at least 2 and at most 3"),
    ],
)
def test_bounds_with_and_without_their_ends(bounds, right, wrong, words):
    field = Field(0.5, "share", **bounds)
    for value in right:
        field.check("share", value)
    for value in wrong:
        with pytest.raises(UserError, match=f"share={value} must be {words}"):
            field.check("share", value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((), r"gains=\(\) is empty: give at least one, as in gains=\(0.5, 1.0\)"),
        ((0.5, "a"), "gains='a' must be a number"),
        ((0.5, 0.5), "has a value twice"),
        ((-1.0,), "gains=-1.0 must be at least 0"),
        (3.0, r"gains='3.0' must be a list"),
        (tuple(map(float, range(1001))), "has 1,001 values, at most 1,000"),
        (((1.0,),), "must be a number"),
    ],
)
def test_lists(value, words):
    with pytest.raises(UserError, match=words):
        Field((0.5, 1.0), "of the matrix", low=0).check("gains", value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((("gru", 0.1), ("gru", 0.2)), "has a name twice"),
        ((("gru",),), "must be a pair of a name and a number, as in rates="),
        ((("grru", 0.1),), "did you mean 'gru'"),
        ((("gru", -1.0),), "rates: gru=-1.0 must be at least 0"),
        ((("gru", "a"),), "rates: gru='a' must be a number"),
    ],
)
def test_pairs(value, words):
    rates = Field((), "of learning", pairs=True, may_be_empty=True, choices=("gru", "lstm"), low=0)
    rates.check("rates", ())
    rates.check("rates", (("gru", 0.1), ["lstm", 1]))
    with pytest.raises(UserError, match=words):
        rates.check("rates", value)
