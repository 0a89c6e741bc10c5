"""Parts of a long computation, kept as they are finished: a killed study goes on with what is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnn_research.runs.directory import read_json, write_json


class Kept:
    """One JSON file a part, in a folder of its own."""

    def __init__(self, folder: Path):
        """Takes what earlier starts have left in ``folder``."""
        self._folder = folder

    def __call__(self, name: str, make: Callable[[], Any]) -> Any:
        """The part of that name: read back if it is there, else made and written down whole."""
        path = self._folder / f"{name}.json"
        if not path.exists():
            write_json(path, make())
        return read_json(path)
