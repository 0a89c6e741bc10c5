"""Where sequences come from; ``TASKS`` maps each name to ``(task section, evaluation section) -> Task``."""

from collections.abc import Callable

from rnn_research.tasks.batches import Batch
from rnn_research.tasks.images import sequential_images
from rnn_research.tasks.synthetic.adding import adding
from rnn_research.tasks.synthetic.copying import copying
from rnn_research.tasks.synthetic.delayed_xor import delayed_xor
from rnn_research.tasks.synthetic.flip_flop import flip_flop
from rnn_research.tasks.synthetic.parity import parity
from rnn_research.tasks.synthetic.random_permutation import random_permutation
from rnn_research.tasks.synthetic.temporal_order import temporal_order
from rnn_research.tasks.task import Split, Task
from rnn_research.tasks.text.language_modelling import language_modelling

TASKS: dict[str, Callable[..., Task]] = {
    "text": language_modelling,
    "adding": adding,
    "copying": copying,
    "temporal_order": temporal_order,
    "parity": parity,
    "flip_flop": flip_flop,
    "random_permutation": random_permutation,
    "delayed_xor": delayed_xor,
    "images": sequential_images,
}

__all__ = ["TASKS", "Batch", "Split", "Task"]
