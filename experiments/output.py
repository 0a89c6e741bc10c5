"""What a command says never ends it: a stream that is closed, full or of another encoding loses words, not work."""

import errno
import io
import select
import sys
from typing import Any

UNREAD = (errno.EPIPE, errno.EIO)  # the reader has gone, or the terminal: nobody misses what is not shown


class Outlet(io.FileIO):
    """File descriptor 1 or 2. What it cannot take is dropped from the first time on, and the reason is kept."""

    def __init__(self, number: int, ends_unread: bool = False):
        """Takes the descriptor.

        Args:
          number: of it.
          ends_unread: raise BrokenPipeError, once, where nobody reads any more; for a command that only writes text.
        """
        super().__init__(number, "w", closefd=False)
        self.lost: OSError | None = None
        self._ends_unread = ends_unread

    def write(self, data: Any) -> int:
        """As a file's, but never fails."""
        if self.lost is None:
            try:
                while (written := super().write(data)) is None:
                    select.select((), (self,), ())  # another program has made the terminal non-blocking
                return written
            except OSError as error:
                self.lost = error
                if self._ends_unread and error.errno == errno.EPIPE:
                    raise
        return memoryview(data).nbytes


def install(ends_unread: bool = False) -> Outlet:
    """Puts outlets in place of stdout and stderr.

    Returns:
      That of stdout.
    """
    sys.stderr = _text(sys.stderr, Outlet(2))
    stdout = Outlet(1, ends_unread)
    sys.stdout = _text(sys.stdout, stdout)
    return stdout


def failure(stdout: Outlet) -> str:
    """Why what a command had to say is lost, in a sentence; empty where it is not, or nobody wanted to read it."""
    sys.stdout.flush()
    if stdout.lost is None or stdout.lost.errno in UNREAD:
        return ""
    return f"stdout cannot be written ({stdout.lost.strerror}): what was to be shown is lost, all else is done"


def _text(before: Any, outlet: Outlet) -> io.TextIOWrapper:
    """As Python makes its own streams; a character that the encoding lacks is shown by its number."""
    unbuffered = getattr(before, "write_through", False)
    return io.TextIOWrapper(
        outlet if unbuffered else io.BufferedWriter(outlet),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=_errors(before),
        newline="\n",
        line_buffering=outlet.isatty() or getattr(before, "line_buffering", False),
        write_through=unbuffered,
    )


def _errors(before: Any) -> str:
    given = getattr(before, "errors", "strict")
    return "backslashreplace" if given == "strict" else given
