"""What a run shows while it goes: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

LINE_SECONDS = 10.0  # between plain lines where there is no terminal


class RunProgress:
    """Loss, tokens per second and time left; compile time is left out of the speed."""

    def __init__(self, steps: int, start: int, tokens_per_step: int, quiet: bool = False):
        self._steps, self._start, self._tokens = steps, start, tokens_per_step
        self._console = Console(stderr=True, quiet=quiet)
        self._terminal = self._console.is_terminal
        self._began = self._shown = time.monotonic()
        self._marks: list[tuple[float, int]] = []
        self._bar = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[line]}"),
            console=self._console,
            disable=not self._terminal or quiet,
        )
        self._task = self._bar.add_task("", total=steps, completed=start, line="compiling")

    def __enter__(self) -> "RunProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, step: int, loss: float) -> float:
        """Shows a step that is finished.

        Returns:
          Tokens per second over the last while, nan before it is known.
        """
        now = time.monotonic()
        # The first mark falls after the first chunk, so compilation is never counted.
        self._marks = [*self._marks[-8:], (now, step)]
        (first_time, first_step) = self._marks[0]
        rate = (step - first_step) / (now - first_time) if step > first_step else float("nan")
        line = f"loss {loss:.4f}"
        if rate == rate:
            line += f"  {rate * self._tokens:,.0f} tokens/s  {duration((self._steps - step) / rate)} left"
        self._bar.update(self._task, completed=step, line=line)
        if not self._terminal and (now - self._shown > LINE_SECONDS or step == self._steps):
            self._shown = now
            self.say(f"step {step:,}/{self._steps:,}  {line}")
        return rate * self._tokens

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        self._console.print(Text(text), soft_wrap=True)
        sys.stderr.flush()


def duration(seconds: float) -> str:
    """``"2:05"`` or ``"1:02:05"``."""
    minutes, seconds = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
