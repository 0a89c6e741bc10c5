"""How far back can each cell learn, as a function of forget bias and clipping? A sweep over the adding task.

    python -m experiments.sweep --config=configs/how_far_back.py --workdir=runs/how_far_back
    python -m experiments.analyze --runs=runs/how_far_back --x=task.length \\
        --group=model.cell,model.init.forget_bias,optimizer.clip.name '--success=test_mean_squared_error<0.05'

The two numbers to be added stand in the two halves of a sequence of 25 to 100 steps
(Hochreiter and Schmidhuber 1997, in the form of Arjovsky et al. 2016), so the length says how far back a
network must learn to look. Always to say 1 has a mean squared error of 1/6, to know one of the two
numbers 1/12: below 0.05 a network uses both. Elman, GRU, and an LSTM with forget biases 0, 1 and 3;
clipped by global norm at 1, or not; five seeds; 2,000 steps.

Points of one cell, length and kind of clipping run as one compiled program.
Time on 2 cores: about an hour, most of it for the 100 steps of the LSTM. Result: README.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from rnn_research.training.defaults import defaults

LENGTHS = (25, 50, 100)
FORGET_BIASES = (0.0, 1.0, 3.0)
SEEDS = 5


def get_config() -> ConfigDict:
    """A GRU on the adding task."""
    config = defaults("adding")
    config.task.length = 50
    config.model.cell = "gru"
    config.model.hidden = 64
    config.optimizer.learning_rate = 3e-3
    config.training.steps = 2000
    config.training.log_every = 50
    config.evaluation.every = 250
    config.evaluation.sample_length = 0
    return config


def sweep() -> Iterator[dict[str, Any]]:
    """Every network at every length, clipped and not."""
    networks: list[dict[str, Any]] = [{"model.cell": "elman", "optimizer.learning_rate": 1e-3}, {"model.cell": "gru"}]
    networks += [{"model.cell": "lstm", "model.init.forget_bias": bias} for bias in FORGET_BIASES]
    for length in LENGTHS:
        for network in networks:
            for clip in ("none", "global_norm"):
                for seed in range(SEEDS):
                    yield {**network, "task.length": length, "optimizer.clip.name": clip, "seed": seed}
