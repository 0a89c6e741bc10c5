"""The adding problem, T = 100, for an LSTM of 64 units: four rates of learning, 16 seeds each.

    python -m experiments.sweep --config=configs/adding.py --workdir=runs/adding
    python -m experiments.train --config=configs/adding.py --workdir=runs/adding-one

Time on 2 cores: about half a minute for one run, some ten minutes for the sweep, whose
64 points are one compiled program. Result: a run directory for each point, and in
the sweep's results.json the best by validation; without memory the error is 1/6.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from rnn_research.training.defaults import defaults


def get_config() -> ConfigDict:
    """One run."""
    config = defaults("adding")
    config.task.length = 100
    config.model.hidden = 64
    config.optimizer.learning_rate = 3e-3
    config.training.steps = 2000
    config.evaluation.every = 500
    config.evaluation.sample_length = 0
    return config


def sweep() -> Iterator[dict[str, Any]]:
    """Rates by seeds: numbers that change no shape."""
    for rate in (1e-3, 2e-3, 4e-3, 8e-3):
        for seed in range(16):
            yield {"optimizer.learning_rate": rate, "seed": seed}
