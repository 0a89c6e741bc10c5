"""Stored configs of older versions, read as this version would have written them: nothing else reads a config.json.

To add a field, declare it beside the code that reads it and append a function to
``MIGRATIONS`` that gives it the value by which the code of before behaved, which
need not be the new default::

    def stopping_early(config: Stored) -> None:
        _fill(config, "training", patience=0)

A migration that is there is never changed, since runs of every age are read through
all of them in order; one that renames a field moves its value. Readers then ask for
``config.training.patience`` and need no default of their own. A run that goes on
keeps the older value (``training/going_on.py``).
"""

import copy
import math
from collections.abc import Mapping
from typing import Any

from rnn_research.config.flat import SECTIONS, flatten
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import read_json

Stored = dict[str, Any]


def _regularizer_and_watch(config: Stored) -> None:
    regularizer = {"name": "none", "weight": 1.0, "top": 1, "burn_in": 0, "sequences": 8}
    _fill(config, "training", regularizer=regularizer)
    _fill(config, "analysis", gradient_flow=False, gradient_flow_every=0, gradient_flow_sequences=8)


def _cut_of_text(config: Stored) -> None:
    if _at(config, "task.name") == "text":
        _fill(config, "task", split="contiguous")


def _forms_of_the_unroll(config: Stored) -> None:
    if _at(config, "model.name") is not None:
        _fill(config, "model", unroll="auto", remat="none")


def _label_noise(config: Stored) -> None:
    _fill(config, "training", label_noise=0.0)


def _parallel_in_time(config: Stored) -> None:
    if _at(config, "model.name") is not None:
        _fill(config, "model", parallel={"method": "auto", "tolerance": 0.0, "iterations": 100, "damping": 0.0})


def _ring(config: Stored) -> None:
    _fill(config, "model.init", ring_least=0.0, ring_most=1.0, ring_phase=2 * math.pi)


def _fresh_starts(config: Stored) -> None:
    if _at(config, "task.name") == "text":
        _fill(config, "task", fresh_probability=0.0)


def _text_with_bounds(config: Stored) -> None:
    if _at(config, "task.name") == "text":
        own = bool(_at(config, "task.path"))  # the embedded corpus has nothing of all this
        _fill(config, "task", all_files=own, keep_byte_order_mark=own, most_bytes=0 if own else 2**28)


def _answered_once(config: Stored) -> None:
    once = ("adding", "temporal_order", "random_permutation", "delayed_xor", "images")
    if _at(config, "task.name") in once and _at(config, "model.name") == "language_model":
        config["model"]["name"] = "classifier"


def _learned(config: Stored) -> None:
    _fill(config, "training", stop_below=0.0)


MIGRATIONS = (
    _regularizer_and_watch,
    _cut_of_text,
    _forms_of_the_unroll,
    _label_noise,
    _parallel_in_time,
    _ring,
    _fresh_starts,
    _text_with_bounds,
    _answered_once,
    _learned,
)


def migrated(config: Mapping[str, Any]) -> Stored:
    """A copy in which every field that came later has the value by which the older code behaved."""
    newest = copy.deepcopy(dict(config))
    for migrate in MIGRATIONS:
        migrate(newest)
    return newest


def later_fields(config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a stored config lacks because they came later, and what they are: ``{"task.split": ...}``."""
    before = flatten(config)
    return {field: value for field, value in flatten(migrated(config)).items() if field not in before}


def read_config(run: RunDirectory) -> Stored:
    """The config of a run of any age.

    Raises:
      UserError: if the file is missing or damaged, or holds something else.
    """
    return migrated(read_stored(run))


def read_stored(run: RunDirectory) -> Stored:
    """The config as it was written down.

    Raises:
      UserError: as ``read_config``.
    """
    return read_json(run.config, dict.fromkeys(SECTIONS, dict))


def _at(config: Stored, field: str) -> Any:
    place: Any = config
    for name in field.split("."):
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _fill(config: Stored, section: str, **fields: Any) -> None:
    """Gives a section the fields that it lacks; where there is no such section, nothing is made up."""
    place = _at(config, section)
    if isinstance(place, dict):
        for name, value in fields.items():
            place.setdefault(name, value)
