"""Karpathy, Johnson and Li 2015 (arXiv:1506.02078), figure 1: character models on War and Peace.

    python -m experiments.train --config=configs/war_and_peace.py:lstm-64-1 --workdir=runs/wp-lstm-64-1 \\
        --config.task.path=warpeace_input.txt

The argument is CELL-CLASS-LAYERS: lstm, elman or gru; 64, 128, 256 or 512; 1, 2
or 3. A class is a number of parameters (about 50K, 130K, 400K, 1.3M), named
after the hidden size of its one-layer LSTM. The file is the authors' own, with
CRLF line ends: 3,258,246 bytes, 87 of them distinct, of which three are
those of a byte order mark.

Protocol of the paper: every parameter in U(-0.08, 0.08); RMSProp, rate 2e-3,
decay 0.95; batch 100; 100 characters of backpropagation; 50 epochs, the rate
times 0.95 an epoch after the tenth; the best model by validation; 80/10/10. The
paper does not say how the text is cut: its n-gram figures are met within 0.008 by
cutting every one of the 100 streams in time, as char-rnn's loader does (README), so
that is the default here.
Not told there either, chosen here: clipping of each component of the mean
gradient at 5, forget bias 0 beyond the common draw, the carry handed on, no
dropout at one layer and 0.2 above.

Time on 2 cores: lstm-64-1 a quarter of an hour. Result: README.
"""

from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import UserError
from rnn_research.training.defaults import defaults

CELLS = {"lstm": "lstm", "elman": "elman", "gru": "gru_reset_before"}

# Hidden sizes of 1, 2 and 3 layers that give a class its number of parameters.
HIDDEN = {
    ("lstm", 64): (64, 45, 37),
    ("lstm", 128): (128, 84, 68),
    ("lstm", 256): (256, 159, 126),
    ("lstm", 512): (512, 308, 241),
    ("elman", 64): (141, 96, 78),
    ("elman", 128): (272, 174, 139),
    ("elman", 256): (531, 325, 257),
    ("gru", 64): (77, 53, 44),
    ("gru", 128): (151, 98, 79),
    ("gru", 256): (300, 185, 147),
    ("gru", 512): (596, 357, 280),
}


def get_config(which: str = "lstm-64-1") -> ConfigDict:
    """One cell of the paper's table."""
    cell, size, layers = parse(which)
    config = defaults()
    config.task.batch_size = 100
    config.task.chunk_length = 100
    config.task.split = "streams"
    config.task.fresh_probability = 0.0  # the paper's streams never start anew
    config.task.keep_byte_order_mark = True  # its three bytes are among the 87
    config.task.validation_fraction = 0.1
    config.task.test_fraction = 0.1
    config.model.cell = CELLS[cell]
    config.model.hidden = HIDDEN[cell, size][layers - 1]
    config.model.layers = layers
    config.model.dropout = 0.0 if layers == 1 else 0.2
    for part in ("input", "recurrent", "output"):
        config.model.init[part] = "uniform"
        config.model.init[f"{part}_scale"] = 0.08
    config.model.init.bias_half_width = 0.08
    config.model.init.forget_bias = 0.0
    config.optimizer.name = "rmsprop"
    config.optimizer.learning_rate = 2e-3
    config.optimizer.decay = 0.95
    config.optimizer.clip.name = "value"
    config.optimizer.clip.limit = 5.0
    config.optimizer.schedule.name = "exponential"
    config.optimizer.schedule.factor = 0.95
    config.optimizer.schedule.after_epochs = 10
    config.training.epochs = 50
    config.training.log_every = 52
    config.evaluation.every = 261  # one epoch of 2.6 million bytes
    return config


def parse(which: str) -> tuple[str, int, int]:
    """``"lstm-64-1"`` as its parts.

    Raises:
      UserError: if the table has no such cell.
    """
    parts = which.split("-")
    if len(parts) == 3 and parts[1].isdigit() and parts[2] in ("1", "2", "3") and (parts[0], int(parts[1])) in HIDDEN:
        return parts[0], int(parts[1]), int(parts[2])
    known = ", ".join(f"{cell}-{size}-{{1,2,3}}" for cell, size in HIDDEN)
    raise UserError(f"--config=configs/war_and_peace.py:{which} is unknown; known: {known}")


def sweep() -> Iterator[dict[str, Any]]:
    """The whole table, 33 runs: what each changes of the default."""
    for (cell, size), widths in HIDDEN.items():
        for layers, hidden in enumerate(widths, 1):
            yield {
                "model.cell": CELLS[cell],
                "model.hidden": hidden,
                "model.layers": layers,
                "model.dropout": get_config(f"{cell}-{size}-{layers}").model.dropout,
            }
