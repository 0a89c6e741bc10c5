"""A run goes on as it began: fields that came after it keep the value that its code had, unless one is named."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config.flat import flatten
from rnn_research.runs.migrations import later_fields
from rnn_research.training.defaults import defaults


def older_values(config: ConfigDict, stored: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    """What a config must take from a stored one to go on as that began.

    Args:
      config: the whole config that is given now.
      stored: the config of the run as it was written down.
      named: fields that the command line sets; those are the user's own.

    Returns:
      The fields that came later and that ``config`` has at a default other than what
      the older code did, with that older value.
    """
    given, usual = flatten(config), flatten(defaults(config.task.name, config.model.name))
    return {
        field: value
        for field, value in later_fields(stored).items()
        if field in given and field not in named and given[field] == usual.get(field) and given[field] != value
    }


def keep(config: ConfigDict, older: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Puts older values into the config, and says so in a line."""
    if older:
        config.update_from_flattened_dict(dict(older))
        values = ", ".join(f"{field}={value!r}" for field, value in older.items())
        say(f"going on as it began, before there was this choice: {values} (name it on the command line to change it)")
