"""A Python that has imported all that the commands import, and forks for each call of one.

A command is then a process of its own, with its own memory, flags, output,
signals and exit status, but costs no import (4 seconds). Nothing is computed
before the fork: JAX starts its devices in the child.

Requests and replies are lines of JSON on stdin and stdout.
"""

import atexit
import gc
import json
import os
import runpy
import sys
import threading
from typing import Any

PRELOADED = (
    "experiments.launch",
    "rnn_research.report.run_page",
    "rnn_research.report.sweep.sweep_page",
    "rnn_research.restore.step_scores",
    "rnn_research.training.train",
    "rnn_research.restore.trained",
    "rnn_research.decoding.writing",
)


def serve() -> dict[str, Any]:
    """Answers requests for ever; in a forked child, returns the request that it is to carry out."""
    for name in PRELOADED:
        __import__(name)
    gc.freeze()  # else the end of each child walks over, and so copies, all that is shared
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            reply = None if pid == 0 else os.waitstatus_to_exitcode(status)
        else:
            reply = os.fork()
            if reply == 0:
                return request
        print(json.dumps(reply), flush=True)
    os._exit(0)


def become(request: dict[str, Any]) -> None:
    """Turns this process into ``python -m experiments.COMMAND``."""
    for descriptor, path in ((0, os.devnull), (1, request["stdout"]), (2, request["stderr"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = [f"{request['command']}.py", *request["arguments"]]
    try:
        runpy.run_module(f"experiments.{request['command']}", run_name="__main__", alter_sys=True)
    except SystemExit as exit:
        status = exit.code
        # As the interpreter ends, but for the taking down of every module, which costs 0.2 s.
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    become(serve())
