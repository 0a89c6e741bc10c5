"""How much of everything a cell study may be asked for, ``config.analysis``."""

from ml_collections import ConfigDict

from rnn_research.errors import UserError, at_least
from rnn_research.training import typed

FLAG = "--config.analysis."

BOUNDS = {
    "characters": (2, 1_000_000_000),
    "shifts": (1, 100_000),
    "sample": (2, 10_000_000),
    "controls": (1, 10_000),
    "streams": (1, 10_000),
    "steps": (1, 1_000_000),
    "shown": (1, 10_000_000),
    "breakdown_characters": (1, 1_000_000_000),
    "order": (1, 1_000),
}
"""The least and the most of each."""


def check(config: ConfigDict) -> None:
    """Refuses a config of which no cell study can be made.

    Raises:
      UserError: naming a field, its value and its bounds.
    """
    if lacking := [name for name in (*BOUNDS, "breakdown") if name not in config.get("analysis", {})]:
        lacks = ", ".join(lacking)
        raise UserError(
            f"--config is not of a cell study, it lacks analysis.{lacks}: take configs/interpretable_cells.py"
        )
    for name, (low, high) in BOUNDS.items():
        typed.check_value(FLAG + name, config.analysis[name], 1)
        at_least(FLAG + name, config.analysis[name], low, high)
    typed.check_value(f"{FLAG}breakdown", config.analysis.breakdown, False)
