"""The run directory: layout, provenance, metrics, checkpoints, statistics; many runs as one table.

``rnn_research.runs.load(DIR)`` is the table of all runs below a directory,
``rnn_research.runs.curves(table)`` what they logged.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnn_research.runs.frames import curves, load
else:

    def __getattr__(name: str) -> Any:
        if name not in ("load", "curves"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from rnn_research.runs import frames  # pandas is slow to import, and a run does without

        return getattr(frames, name)


__all__ = ["curves", "load"]
