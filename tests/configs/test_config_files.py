"""Every config: it is what its docstring says, it builds, and its sweep changes only what is there."""

import importlib
import re
from pathlib import Path

import jax
import pytest
from ml_collections import ConfigDict

from configs import char_lm, gradient_flow, war_and_peace
from rnn_research.config.flat import flatten
from rnn_research.errors import UserError
from rnn_research.models import MODELS
from rnn_research.models.recurrent import count
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults

FOLDER = Path(__file__).parents[2] / "configs"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"]
ARGUMENTS = {
    "char_lm": list(char_lm.SIZES),
    "gradient_flow": list(gradient_flow.STUDIES),
    "war_and_peace": [f"{cell}-{size}-{layers}" for cell, size in war_and_peace.HIDDEN for layers in (1, 2, 3)],
}
ALL = [(name, argument) for name in NAMES for argument in [None, *ARGUMENTS.get(name, [])]]
BYTES = 87  # distinct, in the authors' War and Peace


def config_of(name: str, argument: str | None = None) -> ConfigDict:
    module = importlib.import_module(f"configs.{name}")
    return module.get_config(argument) if argument else module.get_config()


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_says_what_it_is_and_how_to_run_it(name):
    doc = importlib.import_module(f"configs.{name}").__doc__
    assert re.match(r"[A-Z][^\n]+\.\n", doc), "a sentence on what it is"
    command = re.search(rf"python -m experiments\.(\w+) --config=configs/{name}\.py\S* ", doc)
    assert command, "a command line"
    assert (FOLDER.parent / "experiments" / f"{command[1]}.py").is_file()
    assert "--workdir=runs/" in doc
    assert re.search(r"[Tt]ime.*(minute|second|hour)", doc, re.DOTALL)
    assert "Result" in doc


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_of_the_docstring_name_what_exists(name):
    doc = importlib.import_module(f"configs.{name}").__doc__
    fields = flatten(config_of(name))
    for argument in re.findall(rf"configs/{name}\.py:([\w-]+)", doc):
        config_of(name, argument)
    for field in re.findall(r"--config\.([\w.]+)=", doc):
        assert field in fields


@pytest.mark.parametrize(("name", "argument"), ALL)
def test_every_config_has_the_fields_of_the_defaults_and_their_types(name, argument):
    flat, standard = flatten(config_of(name, argument)), flatten(defaults())
    own = {field for field in standard if field.startswith(("task.", "model."))}
    assert set(standard) - own <= set(flat)
    for field in set(flat) & set(standard):
        assert type(flat[field]) is type(standard[field]), field


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name, argument in ALL if name != "war_and_peace" or argument is None]
)
def test_every_config_builds(name, argument):
    """Task, model and program, with all checks of their fields; on a short text of its own kind."""
    config = config_of(name, argument)
    if config.task.name == "text" and not config.task.text:
        config.task.text = "def short(text): over and over; " * 5000
    build(config)


@pytest.mark.parametrize("name", NAMES)
def test_a_sweep_changes_fields_that_exist_to_values_of_their_type(name):
    sweep = getattr(importlib.import_module(f"configs.{name}"), "sweep", None)
    if sweep is None:
        pytest.skip(f"configs/{name}.py has no sweep")
    fields, points = flatten(config_of(name)), list(sweep())
    assert len(points) > 1
    for point in points:
        for field, value in point.items():
            assert field in fields
            assert type(value) is type(fields[field]), field
    assert len({tuple(sorted(point.items())) for point in points}) == len(points), "no point twice"


def parameters(config: ConfigDict) -> int:
    model = MODELS[config.model.name].build(config.model, interface(BYTES))
    return count(jax.eval_shape(lambda: model.init(jax.random.key(0), config.model.init)))


@pytest.mark.parametrize(("size", "published"), [(64, 50e3), (128, 130e3), (256, 400e3), (512, 1.3e6)])
def test_all_of_a_class_have_the_parameters_of_its_one_layer_lstm(size, published):
    """Within 5 % of one another, and by the formula of the one-layer LSTM; the paper's figures are rounded up."""
    counts = {
        argument: parameters(config_of("war_and_peace", argument))
        for argument in ARGUMENTS["war_and_peace"]
        if argument.split("-")[1] == str(size)
    }
    lstm = 4 * size * (BYTES + size + 1) + BYTES * (size + 1)
    assert counts[f"lstm-{size}-1"] == lstm
    assert all(abs(n - lstm) <= 0.05 * lstm for n in counts.values()), counts
    assert published * 0.88 <= lstm <= published


def test_the_protocol_of_the_paper():
    """Karpathy, Johnson and Li 2015, section 4.1."""
    config = flatten(config_of("war_and_peace"))
    expected = {
        "task.batch_size": 100,
        "task.chunk_length": 100,
        "task.validation_fraction": 0.1,
        "task.test_fraction": 0.1,
        "model.init.input_scale": 0.08,
        "model.init.recurrent_scale": 0.08,
        "model.init.output_scale": 0.08,
        "model.init.bias_half_width": 0.08,
        "optimizer.name": "rmsprop",
        "optimizer.learning_rate": 2e-3,
        "optimizer.decay": 0.95,
        "optimizer.schedule.name": "exponential",
        "optimizer.schedule.factor": 0.95,
        "optimizer.schedule.after_epochs": 10,
        "training.epochs": 50,
    }
    assert expected.items() <= config.items()


def test_the_sweep_is_the_table():
    """33 runs, each the config of its own argument."""
    points = list(war_and_peace.sweep())
    assert len(points) == 33
    for argument, point in zip(ARGUMENTS["war_and_peace"], points, strict=True):
        config = config_of("war_and_peace")
        config.update_from_flattened_dict(point)
        assert config == config_of("war_and_peace", argument)


@pytest.mark.parametrize("argument", ["lstm", "lstm-64", "lstm-64-4", "elman-512-1", "rnn-64-1", "lstm-x-1"])
def test_an_unknown_cell_of_the_table(argument):
    with pytest.raises(UserError, match=f"configs/war_and_peace.py:{argument} is unknown; known: lstm-64-"):
        config_of("war_and_peace", argument)


def test_an_unknown_size():
    with pytest.raises(UserError, match=r"--config=configs/char_lm.py.*'smal' is unknown, did you mean 'small'\?"):
        config_of("char_lm", "smal")
