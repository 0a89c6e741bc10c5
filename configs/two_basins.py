"""Can a network begin to read? Streams that never leave a second basin, without and with fresh starts.

    python -m experiments.sweep --config=configs/two_basins.py --workdir=runs/basins --config.task.path=input.txt
    python -m experiments.train --config=configs/two_basins.py:judge --workdir=runs/judge --config.task.path=input.txt
    python -m experiments.two_basins --runs=runs/basins --judge=runs/judge --workdir=runs/basins-read

The sweep trains an LSTM of 64 units for 400 steps: eight seeds at two rates, with
--config.task.fresh_probability=0.03 (the default) and 0. The judge, LSTM 1 x 128 and 2,000 steps,
says how probable the beginnings of their samples are. Result: docs/two_basins.md.

Time on 2 quiet cores for a text of a megabyte: five minutes, one, and three.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.training.defaults import defaults

SEEDS = 8
RATES = (4e-3, 1e-2)
PROBABILITIES = (0.03, 0.0)


def get_config(which: str = "reader") -> ConfigDict:
    """One run of the sweep, or the judge."""
    one_of("--config=configs/two_basins.py", which, ("reader", "judge"))
    config = defaults()
    config.optimizer.schedule.name = "cosine"
    config.optimizer.schedule.warmup_steps = 50
    config.training.log_every = 100
    config.evaluation.sample_length = 0
    if which == "judge":
        config.model.hidden = 128
        config.optimizer.learning_rate = 5e-3
        config.training.steps = 2000
        config.evaluation.every = 500
    else:
        config.model.hidden = 64
        config.optimizer.learning_rate = 1e-2
        config.training.steps = 400
        config.evaluation.every = 0
    return config


def sweep() -> Iterator[dict[str, Any]]:
    """The probabilities, each with all rates and seeds."""
    for probability in PROBABILITIES:
        for rate in RATES:
            for seed in range(SEEDS):
                yield {"task.fresh_probability": probability, "optimizer.learning_rate": rate, "seed": seed}
