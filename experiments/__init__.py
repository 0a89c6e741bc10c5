"""One short main per verb: ``python -m experiments.train`` and its like."""

import os
import signal
import sys


def _interrupted(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(130)


def _open_streams() -> None:
    """Where a stream is closed (``2>&-``), the next file opened would take its number, and be written to by a print."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _refuse_a_lost_folder() -> None:
    """Libraries ask for the working directory as they are imported."""
    try:
        os.getcwd()
    except FileNotFoundError:
        os.write(2, b"error: the working directory has been removed: change to one that is there (cd)\n")
        os._exit(2)


_open_streams()
# A command under ``python -m`` imports for seconds: Ctrl-C then ends it as it does later. ``launch.run`` takes over.
if sys.argv[0] == "-m":
    signal.signal(signal.SIGINT, _interrupted)
    _refuse_a_lost_folder()
