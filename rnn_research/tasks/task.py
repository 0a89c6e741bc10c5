"""What a task is: where sequences come from and how an answer is scored."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from rnn_research.types import Array, Key


class Batch(NamedTuple):
    """One batch, time first.

    Attributes:
      inputs: what the model reads, ``[T, B]`` of symbols or ``[T, B, D]`` of numbers.
      targets: what it is scored on; a negative symbol or a nan is not asked for.
      fresh_B: true where a sequence's carry must start anew before this batch.
      ends_TB: true where the carry must start anew after step t, or None.
      lengths_B: valid steps of each sequence where they differ, or None.
    """

    inputs: Array
    targets: Array
    fresh_B: Array
    ends_TB: Array | None = None
    lengths_B: Array | None = None


class Split(NamedTuple):
    """A part of the data, as it lies on the device.

    Attributes:
      data: a pytree of arrays, handed to ``batch``.
      batches: batches that make up one pass over it.
      batch_size: examples (or streams) in each.
      batch_axis: the axis of its arrays along which several devices share it, or None.
    """

    data: Any
    batches: int
    batch_size: int
    batch_axis: int | None = None


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
      input_size: features of the input (symbols are read one-hot).
      output_size: numbers the model must give at each step.
      splits: ``train``, and ``validation`` and ``test`` where they exist.
      batch: ``(data, key, step) -> Batch``, pure: step k of a run always sees the same batch.
      evaluation_batch: the same for ``validation`` and ``test``, walked once from step 0.
      loss: ``(outputs, targets) -> scalar`` to be minimised.
      score: ``(outputs, targets) -> {name: [B] sums}``, added up over a split.
      summary: ``({name: [...] sums}, split) -> {name_with_unit: value}``, the headline figures.
      objective: the figure of ``summary`` that validation wants least, and the two sums it is the ratio of.
      facts: what provenance must know (corpus sha256, sizes), ready for JSON.
      symbols: turns symbols to text and back, or None.
      length: time steps of a batch, for the speed that is shown.
      pieces: of every split whose examples are not independent.
    """

    name: str
    input_size: int
    output_size: int
    splits: Mapping[str, Split]
    batch: Callable[[Any, Key, Array], Batch]
    evaluation_batch: Callable[[Any, Key, Array], Batch]
    loss: Callable[[Array, Array], Array]
    score: Callable[[Array, Array], dict[str, Array]]
    summary: Callable[[Mapping[str, Any], str], dict[str, float]]
    objective: tuple[str, str, str]
    facts: Mapping[str, Any]
    symbols: Any = None
    length: int = 1
    pieces: Mapping[str, Pieces] = MappingProxyType({})
