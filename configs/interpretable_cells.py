"""Which units of a trained language model mean something: found, tested against controls, proved and shown.

    python -m experiments.interpretable_cells --config=configs/interpretable_cells.py --workdir=runs/demo
    python -m experiments.interpretable_cells --config=configs/interpretable_cells.py:thorough --workdir=runs/demo

The text is the run's own test split, or --text=FILE; its first half chooses units
and thresholds, its second half measures them.

quick       (the default) 400,000 characters; part of the demo
thorough    two million characters, and the errors taken apart beside n-gram models

Time on 2 cores, 1 x 128 LSTM: quick a minute or two. Result: README.
"""

from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.studies.study_defaults import cell_study_defaults

SIZES = ("quick", "thorough")


def get_config(size: str = "quick") -> ConfigDict:
    """How much of everything."""
    one_of("--config=configs/interpretable_cells.py", size, SIZES)
    config = cell_study_defaults()
    if size == "thorough":
        config.analysis.characters = 2_000_000
        config.analysis.breakdown = True
    return config
