"""How much memory the packs of a sweep need, and whether one more has room."""

from collections.abc import Collection
from typing import NamedTuple

import psutil

GIB = 2**30


class Bound(NamedTuple):
    """What the workers may hold together; None for what the machine has."""

    gib: float | None

    def has_room(self, running: Collection[float], need: float) -> bool:
        """Whether one more worker fits.

        Args:
          running: GiB that each worker holds now.
          need: GiB that the one more is taken to need: the most that any has held so far.
        """
        if not running:
            return True  # none would ever start otherwise
        if self.gib is None:
            return available() >= need
        # Those that run may still grow to the same size.
        return sum(max(held, need) for held in running) + need <= self.gib

    def is_passed(self, running: Collection[float]) -> bool:
        """Whether the workers hold more than they may; never without a bound of the user's."""
        return self.gib is not None and sum(running) > self.gib


def held(pid: int) -> float:
    """GiB that a process and its children hold; 0 if it is gone."""
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / GIB
    except psutil.Error:
        return 0.0


def available() -> float:
    """GiB that could be had on this machine without swapping."""
    return psutil.virtual_memory().available / GIB
