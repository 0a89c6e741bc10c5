"""A config file may give anything: every field with values of every wrong type is refused before anything is built."""

import math
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict

from rnn_research.config.flat import flatten
from rnn_research.errors import UserError
from rnn_research.tasks import TASKS
from rnn_research.training import typed
from rnn_research.training.defaults import defaults

STRANGE = (
    None,
    [],
    (),
    {},
    [1],
    {"a": 1},
    "x",
    b"x",
    3,
    3.5,
    True,
    math.nan,
    math.inf,
    2**31,
    1e39,
    np.float32(1),
    set(),
)
FIELDS = [(task, field) for task in TASKS for field in flatten(defaults(task)) if task == "text" or "task." in field]


def given(task: str, field: str, value: Any) -> dict[str, Any]:
    config = defaults(task).to_dict()
    *sections, last = field.split(".")
    place = config
    for section in sections:
        place = place[section]
    place[last] = value
    return config


@pytest.mark.parametrize(("task", "field"), FIELDS, ids=str)
def test_a_value_of_another_type(task: str, field: str):
    default = flatten(defaults(task))[field]
    for value in STRANGE:
        right = type(value) is type(default) or (type(value) is int and isinstance(default, float))
        if right and not (isinstance(value, float) and not abs(value) < 1e38) and value != 2**31:
            continue
        if type(value) is int and value == 2**31 and isinstance(default, float):
            continue
        with pytest.raises(UserError) as refused:
            typed.check(given(task, field, value))
        assert field in str(refused.value), (value, refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "section", ["task", "model", "model.init", "model.parallel", "optimizer", "optimizer.schedule"]
)
def test_a_section_that_is_none(section: str):
    with pytest.raises(UserError, match=f"lacks {section}."):
        typed.check(given("text", section, 3))


@pytest.mark.parametrize("field", ["model.hiden", "optimizer.lr", "training.batch_size", "sed"])
def test_a_field_that_nothing_reads(field: str):
    """A name that is mistyped in a config file would else be taken without a word."""
    with pytest.raises(UserError, match=f"^{field} is a field that nothing reads"):
        typed.check(given("text", field, 3))


def test_a_field_that_is_not_there():
    config: ConfigDict = defaults()
    del config.model.cell
    with pytest.raises(UserError, match=r"lacks model.cell: .*defaults\(\)"):
        typed.check(config)
    config = defaults()
    config.task.name = "images"
    with pytest.raises(UserError, match=r"lacks task.form.*defaults\('images'\)"):
        typed.check(config)
