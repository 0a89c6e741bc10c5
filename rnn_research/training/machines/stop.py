"""SIGTERM, SIGHUP (the terminal is gone) and Ctrl-C: finish the steps under way, save, and exit.

Where there is nothing to finish first, SIGTERM and SIGHUP raise ``Stopped``, as
Ctrl-C raises KeyboardInterrupt. A SIGHUP that is ignored stays so (nohup).
"""

import signal
from types import FrameType, TracebackType


class Stopped(BaseException):
    """A signal came, and nothing was to be saved first; the exit status is 128 + ``number``."""

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.number = number


_came: list[int] = []


def end_on_signals() -> None:
    """From here on SIGTERM and SIGHUP raise ``Stopped``, a second one ends the process at once; Ctrl-C as always."""
    _came.clear()
    signal.signal(signal.SIGINT, _interrupt)
    for number in _heeded(signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)


def came() -> int | None:
    """The signal that has ended what was going on; a library's import that was under way tells an error of its own."""
    return _came[0] if _came else None


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    _came.append(number)
    raise Stopped(number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt


def _heeded(*numbers: signal.Signals) -> list[signal.Signals]:
    """All but a SIGHUP that is ignored."""
    return [n for n in numbers if n != signal.SIGHUP or signal.getsignal(n) != signal.SIG_IGN]


class StopRequest:
    """Remembers the first signal; a second one interrupts at once, as usual."""

    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        for number in _heeded(*self.SIGNALS):
            self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
