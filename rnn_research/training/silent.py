"""What a process that is not the first of its run has in place of the run directory: it takes, and writes nothing."""

from rnn_research.runs.checkpoints import Checkpoints, Snapshot
from rnn_research.runs.metrics import MetricsWriter


class SilentMetrics(MetricsWriter):
    """Writes no metrics."""

    def __init__(self) -> None:
        pass

    def write(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Nothing."""

    def sync(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class SilentCheckpoints(Checkpoints):
    """Writes no checkpoints; there is none to read either."""

    def __init__(self) -> None:
        pass

    def save(self, step: int, snapshot: Snapshot, objective: float | None) -> None:
        """Nothing."""

    def wait(self) -> None:
        """Nothing."""

    def steps(self) -> list[int]:
        """None."""
        return []

    def close(self) -> None:
        """Nothing."""
