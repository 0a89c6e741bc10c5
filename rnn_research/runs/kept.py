"""Parts of a long computation, kept as they are finished: a killed study goes on with what is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import UserError
from rnn_research.config.flat import difference
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.runs.files import read_json, there
from rnn_research.runs.migrations import read_config


class Kept:
    """One JSON file a part, in a folder of its own."""

    def __init__(self, folder: Path):
        """Takes what earlier starts have left in ``folder``."""
        self._folder = folder
        self._named: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether a part is there already."""
        return there(self._folder / f"{name}.json")

    def __call__(self, name: str, make: Callable[[], Any]) -> Any:
        """The part of that name: read back if it is there, else made and written down whole.

        Raises:
          UserError: if two parts have one name, as where a list of the config holds a value twice, or what is there is damaged.
        """
        if name in self._named:
            raise UserError(f"two parts of this study are both {name}: leave one out of the lists of analysis")
        self._named.add(name)
        path = self._folder / f"{name}.json"
        if not there(path):
            write_json(path, make())
        return read_json(path, (dict, list))


def refuse_another(directory: RunDirectory, config: ConfigDict) -> None:
    """Goes on with the study that the directory holds, and with no other.

    Raises:
      UserError: with the fields that differ.
    """
    if directory.used() and (differing := difference(read_config(directory), config.to_dict())):
        raise UserError(
            f"--workdir={directory.path} belongs to another study ({'; '.join(differing)}): choose another directory"
        )
