"""Every field of a config has the type of its default, and every number is one that the devices know."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.errors import UserError, nearest_field
from rnn_research.runs.configs import flatten
from rnn_research.runs.files import REMEDY
from rnn_research.training.defaults import DECLARED, defaults

LARGEST = float(np.finfo(np.float32).max)
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}


def check(config: Mapping[str, Any] | ConfigDict, flag: str = "--config.") -> None:
    """Refuses a config that lacks a field, has one that nothing reads, or one of another type than its default.

    Fields of ``analysis`` that are not in the defaults are a study's own.

    Args:
      config: the whole config.
      flag: what stands before the name of a field.

    Raises:
      UserError: naming the field, its value and what would be right.
    """
    given = flatten(config)
    task = given.get("task.name")
    wanted = flatten(defaults(task if task in DECLARED else "text"))
    # A task or a model of somebody's own has fields of its own; all have a name.
    foreign = () if task in DECLARED else ("task.",)
    known = {field for field in wanted if not field.startswith(foreign)} | {"task.name"}
    if lacking := sorted(known - given.keys()):
        begin = "defaults()" if foreign or task == "text" else f"defaults({task!r})"
        raise UserError(
            f"{flag[:-1]} lacks {', '.join(lacking)}: let get_config() begin with "
            f"rnn_research.training.defaults.{begin}"
        )
    for field in given.keys() - known:
        if not field.startswith(("analysis.", *foreign)):
            raise UserError(f"{flag}{field} is a field that nothing reads{nearest_field(field, known)}: leave it out")
    for field in sorted(known):
        check_value(flag + field, given[field], wanted[field])


def check_stored(config: Mapping[str, Any], file: Path) -> None:
    """As ``check``, for the config of a run that is read; it may have fields that are read no more.

    Raises:
      UserError: naming the file and the field.
    """
    given = flatten(config)
    wanted = flatten(defaults(given["task.name"] if given.get("task.name") in DECLARED else "text"))
    own = given.get("task.name") not in DECLARED
    for field in sorted(wanted):
        if own and field.startswith("task.") and field != "task.name":
            continue
        if field not in given:
            raise UserError(f"{file} is damaged, {field} is missing: {REMEDY}")
        check_value(f"{file}: {field}", given[field], wanted[field])


def check_value(flag: str, value: Any, default: Any) -> None:
    """Refuses a value of another type than the default's, and a number that float32 or int32 cannot hold.

    Raises:
      UserError: naming the flag, the value and what would be right.
    """
    shown = f"{flag}={str(value)[:80]!r}" if isinstance(value, str) else f"{flag}={str(value)[:80]}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if isinstance(default, float) else type(value) is type(default)
    if not fits:
        like = "" if default == "" else f", like {default!r}"
        raise UserError(f"{shown} must be {KINDS[type(default)]}{like}")
    if number and not math.isfinite(value):
        raise UserError(f"{shown} must be finite, like {default!r}")
    if isinstance(default, float) and abs(value) > LARGEST:
        raise UserError(f"{shown} must be at most {LARGEST:.1e} in size, the largest number in float32")
    if isinstance(default, int) and not isinstance(default, bool) and not -(2**31) <= value < 2**31:
        raise UserError(f"{shown} must lie between {-(2**31)} and {2**31 - 1}")
