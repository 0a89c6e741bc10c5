"""What a sweep shows while it goes: one live table on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rnn_research.sweeps.standing import Standing, Watch
from rnn_research.training.progress import duration

LOOK_SECONDS = 1.0  # between two looks at the directory on a terminal
LINE_SECONDS = 30.0  # between plain lines where there is no terminal
ROWS = 16  # running points that are shown one by one


class LiveTable:
    """Points running, done and failed, the best so far, and the time left."""

    def __init__(self, directory: Path, packs: Collection[int] | None = None, console: Console | None = None):
        """Reads the plan of a sweep.

        Args:
          directory: of the sweep.
          packs: whose points are shown; None for all.
          console: where to; stderr by default.

        Raises:
          UserError: if there is no plan.
        """
        self.sweep = Watch(directory, packs)
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._terminal = self._console.is_terminal
        self._shown = -LINE_SECONDS

    def __enter__(self) -> "LiveTable":
        if self._terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            self._live.stop()

    def update(self, running: Collection[int], last: bool = False) -> None:
        """Looks again, if it is time to.

        Args:
          running: the packs that are being worked on.
          last: look and show in any case, for good.
        """
        now = time.monotonic()
        if not last and now - self._shown < (LOOK_SECONDS if self._terminal else LINE_SECONDS):
            return
        self._shown = now
        self.sweep.look()
        standing = self.sweep.standing(running)
        if self._terminal and not last:
            self._live.update(drawn(standing), refresh=True)
        else:
            self.say(line(standing))

    def say(self, text: str) -> None:
        """Prints a line above the table."""
        self._console.print(Text(text), soft_wrap=True)
        sys.stderr.flush()


def line(standing: Standing) -> str:
    """The whole sweep in a line."""
    counts = {
        "done": standing.done,
        "failed": standing.failed,
        "running": len(standing.running),
        "waiting" if standing.running else "unfinished": standing.waiting,
    }
    parts = [", ".join(f"{n} {name}" for name, n in counts.items() if n or name == "done")]
    if standing.best is not None:
        best = standing.best
        parts.append(f"best validation {best.objective} {best.value:.4g} ({best.point})")
    if standing.seconds_left is not None and standing.running:
        parts.append(f"{duration(standing.seconds_left)} left")
    return "; ".join(parts)


def drawn(standing: Standing) -> Group:
    """The points that are running, one by one, and the whole sweep below them."""
    objectives = {point.objective for point in standing.running if point.objective}
    heading = f"best {objectives.pop()}" if len(objectives) == 1 else "best validation"
    table = Table("running", "pack", "step", "loss", heading, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for point in standing.running[:ROWS]:
        steps = f"{point.step:,}/{point.steps:,}" if point.steps else f"{point.step:,}"
        figures = ["" if value is None else f"{value:.4g}" for value in (point.loss, point.found)]
        table.add_row(Text(point.name), str(point.pack), steps, *figures)
    hidden = len(standing.running) - ROWS
    more = [Text(f"... and {hidden} more")] if hidden > 0 else []
    return Group(table, *more, Text(line(standing)))
