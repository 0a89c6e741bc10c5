"""Every field of a config: those that each part declares beside the code that reads them, put together.

Configs start from ``defaults()`` and change what they study. A free number is handed to
the compiled program as an argument: changing it compiles nothing anew.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config import Field, Section, declared, values
from rnn_research.config.flat import changed, flatten
from rnn_research.decoding import writing
from rnn_research.errors import UserError, nearest_field, one_of
from rnn_research.models import MODELS, reader_of
from rnn_research.tasks import TASKS
from rnn_research.tasks.task import EVALUATION
from rnn_research.training import optimizer, schedule
from rnn_research.training.added import gradient_watch, label_noise, regularizer
from rnn_research.training.machines import devices


def fields_of(task: str = "text", model: str = "") -> dict[str, Section | Field]:
    """The fields of a task and the model that reads it.

    Args:
      task: a key of ``TASKS``.
      model: a key of ``MODELS``; by default the first that can read the task.

    Raises:
      UserError: for an unknown name.
    """
    one_of("task.name", task, TASKS)
    model = one_of("model.name", model or reader_of(TASKS[task].batch), MODELS)
    return {
        "seed": Field(0, "of all that is drawn", free=True),
        "task": {"name": Field(task, "what is learned", choices=TASKS), **TASKS[task].fields},
        "model": {"name": Field(model, "what reads it", choices=MODELS), **MODELS[model].fields},
        "optimizer": optimizer.FIELDS,
        "training": {
            **schedule.TRAINING,
            **devices.TRAINING,
            "label_noise": label_noise.FIELD,
            "regularizer": regularizer.FIELDS,
        },
        "evaluation": {**schedule.EVALUATION, **EVALUATION, **writing.FIELDS},
        "analysis": gradient_watch.FIELDS,
    }


def defaults(task: str = "text", model: str = "") -> ConfigDict:
    """A one-layer LSTM of 128 units on a task.

    Args:
      task: a key of ``TASKS``; by default a language model of the embedded corpus.
      model: a key of ``MODELS``; by default the first that can read the task.

    Raises:
      UserError: for an unknown name.
    """
    return values(fields_of(task, model))


def task_defaults(name: str) -> ConfigDict:
    """The fields of one task."""
    return defaults(name).task


def fields_of_config(config: Mapping[str, Any] | ConfigDict) -> dict[str, Field]:
    """The fields of a config's own task and model, flat.

    Raises:
      UserError: for a task or a model that there is none of.
    """
    names = [config[section].get("name", "") if section in config else "" for section in ("task", "model")]
    return declared(fields_of(*names))


def rebuilt(config: ConfigDict, task: str = "", model: str = "") -> ConfigDict:
    """A config with another task or another model, since their sections have fields of their own.

    A new task has its defaults, and where the model cannot read it, the first model that can. A new model keeps the
    values of the fields that it shares with the old one.

    Args:
      config: the whole config; it stays as it is.
      task: a key of ``TASKS``; empty for the one that it has.
      model: a key of ``MODELS``; empty for the one that it has, or that reads the new task.

    Raises:
      UserError: for an unknown name.
    """
    had = config.task.name, config.model.name
    task = one_of("task.name", task or config.task.name, TASKS)
    if not model:
        reads = had[1] in MODELS and TASKS[task].batch in MODELS[had[1]].reads
        model = had[1] if reads or task == had[0] else reader_of(TASKS[task].batch)
    if (task, model) == had:
        return config
    fresh, new = defaults(task, model), config.copy_and_resolve_references()
    with new.unlocked():
        if task != had[0]:
            new.task = fresh.task
        if model != had[1]:
            own = flatten(fresh.model)
            new.model = fresh.model
            new.model.update_from_flattened_dict(
                {name: value for name, value in flatten(config.model).items() if name in own and name != "name"}
            )
    return new


def overridden(config: ConfigDict, overrides: Mapping[str, Any]) -> ConfigDict:
    """A copy with some fields changed; a task or a model among them brings the fields of its own section.

    Raises:
      UserError: for an unknown task or model, or a field that they have not.
    """
    kinds = (overrides.get("task.name", ""), overrides.get("model.name", ""))
    begin = rebuilt(config, *kinds) if any(kinds) else config
    if unknown := sorted(overrides.keys() - flatten(begin).keys()):
        what = f"{begin.task.name} with {begin.model.name}"
        raise UserError(f"{unknown[0]} is no field of {what}{nearest_field(unknown[0], flatten(begin))}")
    return changed(begin, overrides)


def overrides_of(config: ConfigDict, base: ConfigDict) -> dict[str, Any]:
    """What ``overridden`` must change of a base to come to a config; sections of ``analysis`` are left alone."""
    task, model = config.task.name, config.model.name
    kinds = {"task.name": task, "model.name": model}
    before = {"task.name": base.task.name, "model.name": base.model.name}
    begin = flatten(rebuilt(base, task, model))
    own = {name: value for name, value in kinds.items() if value != before[name]}
    return own | {
        name: value
        for name, value in flatten(config).items()
        if not name.startswith("analysis.") and name not in kinds and value != begin.get(name)
    }
