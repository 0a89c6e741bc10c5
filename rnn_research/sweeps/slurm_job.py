"""One pack as a job of Slurm: what runs on the node, and how it makes way and comes back.

A little before the time is up, and when another job takes the place, Slurm sends
SIGUSR2. submitit then asks for a checkpoint and requeues the job; the checkpoint
of a pack is its run directories, so it only has to stop.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.2


class PackJob:
    """A callable that submitit sends to the node."""

    def __init__(self, pack: int, command: list[str], log: Path):
        """Takes what runs the pack; it resumes by itself and saves on SIGTERM."""
        self._pack, self._command, self._log = pack, command, log
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Runs the pack.

        Returns:
          0 if all its points are DONE, 1 if some FAILED.

        Raises:
          RuntimeError: for any other end, so that Slurm counts the job as failed.
        """
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=_deaf
            )
        while (status := self._process.poll()) is None:
            time.sleep(POLL_SECONDS)
        if status not in (0, 1):
            raise RuntimeError(f"pack {self._pack} ended with status {status}: see {self._log}")
        return status

    def checkpoint(self) -> Any:
        """Stops the pack, which saves; submitit calls it from a signal handler.

        Returns:
          The same job anew.
        """
        from submitit.helpers import DelayedSubmission

        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._process.pid, signal.SIGTERM)
                # Popen.wait would wait for a lock that the interrupted code may hold.
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        return DelayedSubmission(PackJob(self._pack, self._command, self._log))


def _deaf() -> None:
    """Slurm signals every process of a job; this one is for submitit alone."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
