"""The lecture's first network: the vocabulary h, e, l, o, one-hot, learns to write "hello".

    python -m experiments.train --config=configs/hello.py --workdir=runs/hello

Time: some seconds. Result: the scores of every step, as the lecture's figure
shows them; after h, e, l, l the best scores are e, l, l, o: the two l's need
the hidden state, since the same input must give different outputs.
"""

from ml_collections import ConfigDict

from rnn_research.training.defaults import defaults


def get_config() -> ConfigDict:
    """A vanilla RNN of 3 hidden units."""
    config = defaults()
    config.task.text = "hello"
    config.task.validation_fraction = 0.0
    config.task.test_fraction = 0.0
    config.task.batch_size = 1
    config.task.chunk_length = 4
    config.model.cell = "elman"
    config.model.hidden = 3
    config.optimizer.learning_rate = 0.03
    config.training.steps = 500
    config.training.log_every = 100
    config.evaluation.every = 0
    config.evaluation.sample_prime = "h"
    config.evaluation.sample_length = 4
    config.evaluation.sample_temperature = 0.0
    config.evaluation.show_scores = True
    return config
