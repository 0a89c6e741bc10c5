"""One short main per verb: ``python -m experiments.train`` and its like."""

import os
import signal
import sys


def _interrupted(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(130)


# A command under ``python -m`` imports for seconds: Ctrl-C then ends it as it does later. ``launch.run`` takes over.
if sys.argv[0] == "-m":
    signal.signal(signal.SIGINT, _interrupted)
