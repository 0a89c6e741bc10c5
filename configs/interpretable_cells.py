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
from rnn_research.training.defaults import defaults

SIZES = ("quick", "thorough")


def get_config(size: str = "quick") -> ConfigDict:
    """How much of everything."""
    one_of("--config=configs/interpretable_cells.py", size, SIZES)
    config = defaults()
    thorough = size == "thorough"
    config.analysis.characters = 2_000_000 if thorough else 400_000  # of the text, at most
    config.analysis.shifts = 200  # of the labels in time: the null distribution
    config.analysis.sample = 32_768  # positions of each half for probes and shifts
    config.analysis.controls = 20  # units that an intervention is compared with
    config.analysis.streams = 32
    config.analysis.steps = 2_000  # of each stream, for interventions
    config.analysis.shown = 20_000  # characters in the explorer
    config.analysis.breakdown = thorough
    config.analysis.breakdown_characters = 400_000
    config.analysis.order = 21  # symbols of the longest n-gram: the paper's 20 characters of context
    return config
