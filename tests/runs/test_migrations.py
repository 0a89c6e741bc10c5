"""Runs of older versions: read, compared, tabulated and gone on with as they began."""

import json
import math

import pytest
from ml_collections import ConfigDict
from written_runs import write_run

from rnn_research import runs
from rnn_research.errors import UserError
from rnn_research.runs import migrations
from rnn_research.config.flat import flatten
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.migrations import later_fields, migrated, read_config
from rnn_research.training import going_on
from rnn_research.training.defaults import defaults
from rnn_research.training.going_on import check_config

# The fields of the first version that trained a language model, as its config.json has them.
FIRST = {
    "seed": 0,
    "task": {
        **{"name": "text", "path": "", "glob": "**/*", "text": "", "level": "bytes", "min_count": 1},
        **{"validation_fraction": 0.05, "test_fraction": 0.05, "batch_size": 32, "chunk_length": 100},
        **{"carry": "stream", "reset_at_documents": False},
    },
    "model": {
        **{"name": "language_model", "cell": "lstm", "hidden": 128, "layers": 1, "embedding": 0, "dropout": 0.0},
        **{"residual": False, "learned_carry": False},
        "init": {
            **{"input": "glorot", "input_scale": 1.0, "recurrent": "orthogonal", "recurrent_scale": 1.0},
            **{"output": "glorot", "output_scale": 1.0, "bias_half_width": 0.0, "forget_bias": 1.0},
        },
    },
    "optimizer": {
        **{"name": "adam", "learning_rate": 0.002, "momentum": 0.9, "decay": 0.999, "epsilon": 1e-08},
        "weight_decay": 0.0,
        "schedule": {
            **{"name": "constant", "warmup_steps": 0, "factor": 0.95, "after_epochs": 10, "every_steps": 1000},
            "final": 0.0,
        },
        "clip": {"name": "global_norm", "limit": 1.0},
    },
    "training": {
        **{"steps": 0, "epochs": 1, "accumulate": 1, "dtype": "float32", "log_every": 50, "checkpoint_every": 0},
        "patience": 0,
    },
    "evaluation": {
        **{"every": 500, "batch_size": 32, "carry": "stream", "sample_length": 400, "sample_prime": ""},
        **{"sample_temperature": 1.0, "show_scores": False},
    },
    "analysis": {},
}


def test_the_first_version_is_read_whole():
    """A field declared without a migration breaks the reading of every run that is there: see ``runs.migrations``."""
    assert set(flatten(migrated(FIRST))) == set(flatten(defaults()))


def test_what_was_written_stands_and_what_came_later_is_as_it_was():
    stored = {**FIRST, "task": {**FIRST["task"], "split": "streams"}}
    before = json.dumps(stored)
    found = flatten(migrated(stored))
    assert json.dumps(stored) == before, "the argument is left alone"
    assert found["task.split"] == "streams"
    assert flatten(migrated(FIRST))["task.split"] == "contiguous"
    assert found["model.init.ring_phase"] == 2 * math.pi
    assert found["training.label_noise"] == 0
    assert {field: found[field] for field in flatten(stored)} == flatten(stored)
    assert "task.split" not in later_fields(stored)
    assert later_fields(FIRST)["task.split"] == "contiguous"
    assert later_fields(migrated(FIRST)) == {}


def test_nothing_is_made_up_where_a_section_is_missing_or_damaged():
    for config in ({}, {"task": 3, "model": [], "training": None}, {"task": {"name": ["text"]}, "model": {"init": 1}}):
        assert migrated(config) == config
    assert migrated({"task": {"name": "adding"}}) == {"task": {"name": "adding"}}


@pytest.fixture
def patience_came_later(monkeypatch):
    """As if the code of before had always stopped at the fourth evaluation, and the default were another today."""

    def stopping_early(config):
        migrations._fill(config, "training", patience=4)

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, stopping_early))


@pytest.fixture
def older(tmp_path, patience_came_later):
    run = RunDirectory(tmp_path / "older")
    run.create()
    stored = json.loads(json.dumps(defaults().to_dict()))
    del stored["training"]["patience"]
    run.config.write_text(json.dumps(stored))
    return run, stored


def test_a_run_goes_on_as_it_began(older):
    run, stored = older
    config, said = defaults(), []
    going_on.keep(config, going_on.older_values(config, stored, ()), said.append)
    assert config.training.patience == 4
    assert said == [
        "going on as it began, before there was this choice: training.patience=4 (name it on the command line to change it)"
    ]
    check_config(config, run, "auto")


def test_what_the_user_names_is_the_users(older):
    run, stored = older
    for config, named in ((defaults(), ("training.patience",)), (defaults(), ())):
        config.training.patience = 0 if named else 9  # the default, named; another value, from a config file
        assert going_on.older_values(config, stored, named) == {}
        with pytest.raises(UserError, match=rf"training.patience: 4 -> {config.training.patience}"):
            check_config(config, run, "auto")


def test_a_config_that_is_none_is_refused(tmp_path):
    run = RunDirectory(tmp_path)
    run.config.write_text("[1]")
    with pytest.raises(UserError, match="config.json is damaged, it holds a list"):
        read_config(run)


def test_tables_hold_runs_of_every_age(tmp_path, patience_came_later):
    write_run(tmp_path / "before")
    write_run(tmp_path / "after", {"training.patience": 0})
    table = runs.load(tmp_path).set_index("run")
    assert table["training.patience"].to_dict() == {"before": 4, "after": 0}
    assert table["training.patience"].dtype == int
    assert set(ConfigDict(migrated(FIRST)).training.regularizer) == {"name", "weight", "top", "burn_in", "sequences"}
