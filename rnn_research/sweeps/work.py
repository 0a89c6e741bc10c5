"""One pack of a sweep, run to its end in this process."""

from collections.abc import Callable
from pathlib import Path

import jax

from rnn_research.errors import UserError
from rnn_research.sweeps.plan import Sweep, run_directory
from rnn_research.training.loop import Judge
from rnn_research.training.pack import Entry, PackEnded, train_pack

Say = Callable[[str], None]
"""Is told how it goes, a line at a time."""


def aloud(line: str) -> None:
    """Prints a line at once, also where the output is a file that others read."""
    print(line, flush=True)


def run_pack(
    directory: Path, sweep: Sweep, pack: int, say: Say = aloud, judge: Judge | None = None, retry_failed: bool = False
) -> PackEnded:
    """Runs one pack; DONE points are passed over, others go on from where they stand.

    Args:
      directory: of the sweep.
      sweep: its plan.
      pack: which one.
      say: is told how it goes.
      judge: may stop points early, by their validation objective.
      retry_failed: also goes on with points that are FAILED.

    Raises:
      UserError: if there is no such pack, or a point's directory holds another run.
    """
    points = sweep.of_pack(pack)
    if not points:
        raise UserError(f"--pack={pack}: this sweep has packs 0 to {sweep.packs - 1}")
    configs = [sweep.config_of(point) for point in points]
    # A pack before this one may have computed in another precision.
    jax.config.update("jax_enable_x64", configs[0].training.dtype == "float64")
    entries = [
        Entry(point.name, config, run_directory(directory, point), {**sweep.overrides, **point.overrides})
        for point, config in zip(points, configs, strict=True)
    ]
    say(f"pack {pack} of {sweep.packs}: {len(points)} point{'s' if len(points) > 1 else ''}")
    ended = train_pack(entries, say, judge, retry_failed)
    if ended.held:
        say(f"pack {pack}: {len(ended.held)} held by another process, passed over ({ended.held[0]} ...)")
    return ended


def status_of(ended: PackEnded) -> int:
    """The exit status of a pack: 128 + the signal that stopped it, 1 if a point FAILED, else 0."""
    if ended.signal is not None:
        return 128 + ended.signal
    return 1 if ended.failed else 0
