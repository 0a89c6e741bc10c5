"""Where sequences come from; ``TASKS`` maps each name to what builds the task, and the fields that it reads."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_research.config import Section
from rnn_research.tasks import sequential_images
from rnn_research.tasks.batches import Asked, Batch, Labelled, Stream
from rnn_research.tasks.interface import Interface
from rnn_research.tasks.synthetic import (
    adding,
    copying,
    delayed_xor,
    flip_flop,
    parity,
    random_permutation,
    temporal_order,
)
from rnn_research.tasks.task import Split, Task
from rnn_research.tasks.text import language_modelling as text


class TaskKind(NamedTuple):
    """A task as it is registered.

    Attributes:
      build: ``(task section, evaluation section) -> Task``; of a run that is gone on with, also its stored symbols.
      fields: of its section, but for its name.
      batch: the type of its batches.
      steps: the field that says how many time steps a sequence has; empty where the data do.
      from_symbols: of a task whose runs store the symbols of their text: the interface that so many of them make,
        so that what is trained is read back without its data.
    """

    build: Callable[..., Task]
    fields: Section
    batch: type
    steps: str = "length"
    from_symbols: Callable[[int], Interface] | None = None


TASKS: dict[str, TaskKind] = {
    "text": TaskKind(text.language_modelling, text.FIELDS, Stream, "chunk_length", text.interface),
    "adding": TaskKind(adding.adding, adding.FIELDS, Labelled),
    "copying": TaskKind(copying.copying, copying.FIELDS, Asked),
    "temporal_order": TaskKind(temporal_order.temporal_order, temporal_order.FIELDS, Labelled),
    "parity": TaskKind(parity.parity, parity.FIELDS, Asked),
    "flip_flop": TaskKind(flip_flop.flip_flop, flip_flop.FIELDS, Asked),
    "random_permutation": TaskKind(random_permutation.random_permutation, random_permutation.FIELDS, Labelled),
    "delayed_xor": TaskKind(delayed_xor.delayed_xor, delayed_xor.FIELDS, Labelled),
    "images": TaskKind(sequential_images.sequential_images, sequential_images.FIELDS, Labelled, ""),
}

__all__ = ["TASKS", "Batch", "Split", "Task", "TaskKind"]
