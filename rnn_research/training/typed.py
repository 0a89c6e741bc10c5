"""A config is held against the fields that its task, its model and all that trains them declare."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config import Field, declared
from rnn_research.config.field import check_type
from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, nearest_field
from rnn_research.models import MODELS
from rnn_research.runs.files import REMEDY
from rnn_research.tasks import TASKS
from rnn_research.training.defaults import fields_of

KINDS = ("task.name", "model.name")
"""The fields that say which others there are."""

NAME = Field("", "of a task or a model that is not at hand")


def check(config: Mapping[str, Any] | ConfigDict) -> None:
    """Refuses a config that lacks a field, has one that nothing reads, or one that cannot be.

    Fields of ``analysis`` that are not in the defaults are a study's own.

    Args:
      config: the whole config.

    Raises:
      UserError: naming the field, its value and what would be right.
    """
    given = flatten(config)
    for name in KINDS:
        if name not in given:
            raise UserError(f"the config lacks {name}: {_begin(given)}")
        check_type(name, given[name], name)
    known = declared(fields_of(*(given[name] for name in KINDS)))
    if lacking := sorted(known.keys() - given.keys()):
        raise UserError(f"the config lacks {', '.join(lacking)}: {_begin(given)}")
    for name in given.keys() - known.keys():
        if not name.startswith("analysis."):
            raise UserError(f"{name} is a field that nothing reads{nearest_field(name, known)}: leave it out")
    for name in sorted(known):
        known[name].check(name, given[name])


def check_stored(config: Mapping[str, Any], file: Path) -> None:
    """As ``check``, for the config of a run that is read; it may have fields that are read no more.

    Only types are asked for: what it could be is told by what reads it. Of a task or a model that is not at hand
    nothing is known; who has need of it says so.

    Raises:
      UserError: naming the file and the field.
    """
    given = flatten(config)
    names = [given.get(name, "") for name in KINDS]
    at_hand = names[0] in [*TASKS] and names[1] in ["", *MODELS]
    known: Mapping[str, Field] = declared(fields_of(*names)) if at_hand else dict.fromkeys(KINDS, NAME)
    for name in sorted(known):
        if name not in given:
            raise UserError(f"{file} is damaged, {name} is missing: {REMEDY}")
        known[name].check_type(f"{file}: {name}", given[name])


def _begin(given: Mapping[str, Any]) -> str:
    task = given.get("task.name")
    call = f"defaults({task!r})" if task in [*TASKS] and task != "text" else "defaults()"
    return f"let get_config() begin with rnn_research.training.defaults.{call}"
