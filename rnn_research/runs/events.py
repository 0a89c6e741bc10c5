"""A file of events for TensorBoard, written by whoever logs: what goes wrong is raised there, and no thread prints it."""

import time
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar


class EventFile:
    """A further file of a folder."""

    def __init__(self, folder: Path, purge_step: int | None = None):
        """Opens it.

        Args:
          folder: made if it is missing.
          purge_step: TensorBoard drops what earlier files hold from this step on.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # Files are told apart and read in turn by their names, which else tell only the second.
        number = len(list(folder.glob("events.*")))
        self._writer = EventsWriter(str(folder / "events"), f".{number:04}")
        if purge_step is not None:
            self._add(purge_step, session_log=SessionLog(status=SessionLog.START))

    def scalar(self, name: str, value: float, step: int) -> None:
        """One point of a curve."""
        self._add(step, summary=scalar(name, value))

    def summary(self, summary: Any) -> None:
        """Anything else, as tensorboardX makes it."""
        self._add(0, summary=summary)

    def flush(self) -> None:
        """Hands everything to the operating system."""
        self._writer.flush()

    def close(self) -> None:
        """Closes it."""
        self._writer.close()

    def _add(self, step: int, **what: Any) -> None:
        self._writer.write_event(Event(wall_time=time.time(), step=step, **what))
