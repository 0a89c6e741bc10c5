"""How the scores of the cell study are written and drawn: AUC, R² and nats by name, and all on one scale."""

from collections.abc import Mapping
from typing import Any

NAMES = {"auc": "AUC", "r2": "R²", "mutual_information": "mutual information"}
CONTROLS = {
    "last_characters": "last characters",
    "untrained": "best untrained unit",
    "untrained_probe": "all units, untrained",
    "probe_all": "all units, trained",
}
"""What stands beside a best unit, and over its column: both probes, for one of them decides a verdict."""
MARGIN = 0.1
"""By how much a gain must lie above both controls to follow a concept; the same as the verdicts have."""
GAIN = "gain: 0 knows nothing of the concept, 1 all"
"""What the scale is called under a figure."""
SCALE = "Gain puts scores of all kinds on one scale: 2 AUC - 1, R², and the share of the classes' entropy."


def score(statistic: str, value: float) -> str:
    """``AUC 0.926``, ``R² 0.424`` or ``0.543 nats``."""
    return f"{value:.3f} nats" if statistic == "mutual_information" else f"{NAMES[statistic]} {value:.3f}"


def gain(entry: Mapping[str, Any], value: float) -> float:
    """A score of a concept on the scale of all.

    Args:
      entry: of the concept, with its ``kind`` and ``most``.
      value: an AUC, an R² or nats.
    """
    if entry["kind"] == "binary":
        return 2 * value - 1
    if entry["kind"] == "count":
        return value
    # A study from before "most" was kept: the probe on all units is the most that is known.
    most = entry.get("most") or _probe(entry)
    return value / most if most else 0.0


FOLLOW = (
    f"A cell follows a concept if one of its units does: beyond chance, with a gain {MARGIN} or more above both "
    "the best unit of the untrained network and the last characters (0.05 of an AUC). "
)


def most_followed(counts: Mapping[str, float], cells: int) -> str:
    """Which concepts make up the share: ``Most of them: in brackets (12 of 64), ...``; nothing where none is followed.

    Args:
      counts: cells that follow each concept, by its name.
      cells: of the network.
    """
    first = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name])[:3]
    if not first:
        return ""
    said = ", ".join(f"{name} ({counts[name]:.3g} of {cells})" for name in first)
    return f"Most of them follow {said}; a cell may follow several. "


def _probe(entry: Mapping[str, Any]) -> float:
    controls = entry.get("controls")
    if controls:
        return float(controls["probe_all"])
    return float(entry["probe_all"]["mean"]) if entry.get("probe_all") else 0.0
