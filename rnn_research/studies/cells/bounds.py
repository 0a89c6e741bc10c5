"""How much of everything a cell study may be asked for, ``config.analysis``."""

from collections.abc import Mapping

from ml_collections import ConfigDict

from rnn_research.config import Field, Section, check, declared
from rnn_research.errors import UserError

FIELDS: Section = {
    "characters": Field(400_000, "of the text, at most", low=2, high=1_000_000_000),
    "shifts": Field(200, "of the labels in time: the null distribution", low=1, high=100_000),
    "sample": Field(32_768, "positions of each half for probes and shifts", low=2, high=10_000_000),
    "controls": Field(20, "units that an intervention is compared with", low=1, high=10_000),
    "streams": Field(32, "of the text, for interventions", low=1, high=10_000),
    "steps": Field(2_000, "of each stream, for interventions", low=1, high=1_000_000),
    "shown": Field(20_000, "characters in the explorer", low=1, high=10_000_000),
    "breakdown": Field(False, "the errors are taken apart beside n-gram models"),
    "breakdown_characters": Field(400_000, "of the text, for that", low=1, high=1_000_000_000),
    "order": Field(21, "symbols of the longest n-gram: the paper's 20 characters of context", low=1, high=1_000),
}


def check_config(config: ConfigDict) -> None:
    """Refuses a config of which no cell study can be made.

    Raises:
      UserError: naming a field, its value and its bounds.
    """
    if lacking := [name for name in FIELDS if name not in config.get("analysis", {})]:
        raise UserError(
            f"--config is not of a cell study, it lacks analysis.{', '.join(lacking)}: "
            "take configs/interpretable_cells.py"
        )
    check(FIELDS, config.analysis, "analysis.")


def fields_of_config(config: ConfigDict) -> Mapping[str, Field]:
    """The fields that a config has of its own, if it is of a cell study."""
    return declared(FIELDS, "analysis.") if "characters" in config.get("analysis", {}) else {}
