"""What a task is: where examples come from, and what is asked of them. It knows no model."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from rnn_research.config import Field, Section
from rnn_research.tasks.batches import Batch
from rnn_research.tasks.interface import Interface
from rnn_research.types import Array, Key

EVALUATION: Section = {
    "batch_size": Field(32, "streams or sequences that a split is scored in at a time", low=1),
    "carry": Field(
        "stream",
        "of a text that is scored: handed from chunk to chunk of a stream, or zero: anew at every chunk",
        choices=("stream", "zero"),
    ),
}
"""Fields of ``config.evaluation`` that tasks read."""


class Split(NamedTuple):
    """A part of the data, as it lies on the device.

    Attributes:
      data: a pytree of arrays, handed to ``batch``.
      batches: batches that make up one pass over it.
      batch_size: examples (or streams) in each.
      batch_axis: the axis of its arrays along which several devices share it, or None.
      facts: what its scores hang on beside the sums, for ``Model.figures``.
    """

    data: Any
    batches: int
    batch_size: int
    batch_axis: int | None = None
    facts: Any = None


class Pieces(NamedTuple):
    """Where the batches of a split come from, where its examples are not independent.

    Attributes:
      piece_BK: the number of the piece that batch k of stream b begins in.
      kind: what the pieces are called, say documents.
      symbols: in a whole batch of one stream.
    """

    piece_BK: np.ndarray
    kind: str
    symbols: int


class Task(NamedTuple):
    """A task as pure functions; all randomness comes through the key.

    Attributes:
      name: its key in ``TASKS``.
      interface: the type of its batches, and what a model must know to read and answer them.
      splits: ``train``, and ``validation`` and ``test`` where they exist.
      batch: ``(data, key, step) -> batch``, pure: step k of a run always sees the same batch.
      evaluation_batch: the same for ``validation`` and ``test``, walked once from step 0.
      facts: what provenance must know (corpus sha256, sizes) and the floors, ready for JSON.
      symbols: turns symbols to text and back, or None.
      length: time steps of a batch, for the speed that is shown.
      pieces: of every split whose examples are not independent.
      goes_on: whether evaluation hands carries on from batch to batch.
    """

    name: str
    interface: Interface
    splits: Mapping[str, Split]
    batch: Callable[[Any, Key, Array], Batch]
    evaluation_batch: Callable[[Any, Key, Array], Batch]
    facts: Mapping[str, Any]
    symbols: Any = None
    length: int = 1
    pieces: Mapping[str, Pieces] = MappingProxyType({})
    goes_on: bool = False
