"""How two configs differ, field by field."""

import json

from ml_collections import ConfigDict

from rnn_research.config.flat import difference, flatten
from rnn_research.training.defaults import defaults


def test_flat_fields():
    config = ConfigDict({"seed": 1, "model": {"hidden": 3, "init": {"input": "glorot"}}, "analysis": {}})
    assert flatten(config) == {"seed": 1, "model.hidden": 3, "model.init.input": "glorot"}


def test_a_line_a_field():
    before = {"seed": 0, "model": {"hidden": 128, "old": 1}, "task": {"path": "a"}}
    after = {"seed": 0, "model": {"hidden": 256, "new": "x"}, "task": {"path": "b"}}
    assert difference(before, after) == [
        "model.hidden: 128 -> 256",
        "model.new: (new) -> 'x'",
        "model.old: 1 -> (gone)",
        "task.path: 'a' -> 'b'",
    ]


def test_a_config_read_back_from_json_is_the_same():
    """Tuples come back as lists, and 1e-8 as it was."""
    config = defaults()
    config.model.sizes = (1, 2)
    assert difference(json.loads(json.dumps(config.to_dict())), config.to_dict()) == []
    assert difference(config, config) == []
