"""Character language models, on any text.

    python -m experiments.train --config=configs/char_lm.py:tiny --workdir=runs/tiny
    python -m experiments.train --config=configs/char_lm.py:small --workdir=runs/shakespeare \\
        --config.task.path=input.txt

======  ==============  =====================  ========================================
size    LSTM            time on 2 cores        for
======  ==============  =====================  ========================================
tiny    1 x 64          half a minute          seeing that all works
small   2 x 128         a quarter of an hour   char-rnn's default, Tiny Shakespeare
paper   3 x 512         a GPU's job            the largest nets of arXiv:1506.02078
======  ==============  =====================  ========================================

Results: README.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.training.defaults import defaults

SIZES = ("tiny", "small", "paper")


def get_config(size: str = "small") -> ConfigDict:
    """A config of one of three sizes."""
    one_of("--config=configs/char_lm.py", size, SIZES)
    config = defaults()
    config.optimizer.schedule.name = "cosine"
    config.optimizer.schedule.warmup_steps = 50
    if size == "tiny":
        config.model.hidden = 64
        config.optimizer.learning_rate = 1e-2
        config.training.steps = 1000
        config.evaluation.every = 250
    elif size == "small":
        config.model.hidden = 128
        config.model.layers = 2
        config.optimizer.learning_rate = 4e-3
        config.training.epochs = 20
        config.evaluation.every = 500
    else:
        config.task.batch_size = 100
        config.model.hidden = 512
        config.model.layers = 3
        config.model.dropout = 0.2
        config.optimizer.learning_rate = 2e-3
        config.training.epochs = 50
        config.evaluation.every = 500
        config.training.patience = 20
    return config


def sweep() -> Iterator[dict[str, Any]]:
    """Cells by depth, three seeds each."""
    for cell in ("elman", "gru", "lstm"):
        for layers in (1, 2, 3):
            for seed in range(3):
                yield {"model.cell": cell, "model.layers": layers, "seed": seed}
