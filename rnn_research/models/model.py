"""What a model is: a network with its loss, as pure functions; the configuration is closed over."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from rnn_research.tasks.batches import Batch
from rnn_research.types import Array, Carry, Key, Params
from rnn_research.unroll import Stack, StackEdit, StackParams

Edits = Mapping[str, StackEdit]
"""By the name of a recurrence: what changes its carry after every step."""

Numbers = Mapping[str, float | Array]
"""Fields of the model's section that may differ from member to member and step to step, ``dropout`` say."""

NONE: Mapping[str, Any] = MappingProxyType({})


class Scored(NamedTuple):
    """What became of a batch.

    Attributes:
      loss: the terms that are minimised, ``{name: numerator_B}``: each is summed over examples and divided by the
        sum of ``Model.counts`` of its name over the WHOLE batch, of which this may be a part or a shard.
      carry: what is handed on to the next batch.
      sums: what a split is scored by, ``{name: (numerator_B, denominator_B)}``; padding has denominator 0.
    """

    loss: Mapping[str, Array]
    carry: Carry
    sums: Mapping[str, tuple[Array, Array]]


class Recurrence(NamedTuple):
    """A stack of cells at work on a batch, for who wants to see its steps; inside, time leads.

    Attributes:
      stack: its shape.
      params: its numbers.
      carry: that it begins with, ``[B, H]`` in each place.
      x: what its first layer reads, ``[T, B, D]``.
      lengths_B: valid steps of each sequence where they differ, or None.
      read: from the top's outputs ``[..., H]`` to the model's ``[..., V]``.
      error: the model's loss as a function of all the top's outputs ``[T, B, H]``, a scalar.
      last_error: of the last answer of each sequence, from the top's output there ``[B, H]``; ``[B]``.
    """

    stack: Stack
    params: StackParams
    carry: Carry
    x: Array
    lengths_B: Array | None
    read: Callable[[Array], Array]
    error: Callable[[Array], Array]
    last_error: Callable[[Array], Array]


class Objective(NamedTuple):
    """The figure that validation wants least, and the sum of ``Scored.sums`` that it is the ratio of."""

    figure: str
    ratio: str


class Loss(Protocol):
    """See ``Model.loss``."""

    def __call__(
        self,
        params: Params,
        batch: Batch,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> Scored: ...


class Predict(Protocol):
    """See ``Model.predict``."""

    def __call__(
        self,
        params: Params,
        batch: Batch,
        carry: Carry,
        *,
        key: Key | None = None,
        numbers: Numbers = NONE,
        edits: Edits = NONE,
    ) -> tuple[Array, Carry]: ...


class Decoder(NamedTuple):
    """A model that writes, step by step.

    Attributes:
      step: ``(params, carry, inputs [N] or [N, V], edits) -> (logits [N, V], carry)``; the inputs are symbols, or
        distributions over them.
    """

    step: Callable[[Params, Carry, Array, Edits], tuple[Array, Carry]]


class Model(NamedTuple):
    """A model built from unrolled cells.

    Attributes:
      stacks: the shape of every recurrence, by name.
      init: ``(key, starts) -> params``; ``starts`` holds the numbers that parameters begin with.
      carry: ``(params, B) -> carry`` that a stream begins with; () where nothing is handed on.
      counts: ``batch -> {name of a term: denominator_B}``, which hang on the batch alone.
      loss: ``(params, batch, carry, ...) -> Scored``; without a key nothing is drawn (evaluation).
      recurrences: ``(params, batch, carry) -> {name: Recurrence}``.
      predict: ``(params, batch, carry, ...) -> (outputs, carry)``; outputs lead with B.
      figures: ``({name: (numerator, denominator)} of a whole split, its facts) -> {name_with_unit: value}``.
      objective: what chooses the best checkpoint.
      decoder: of a model that writes, or None.
    """

    stacks: tuple[tuple[str, Stack], ...]
    init: Callable[[Key, Any], Params]
    carry: Callable[[Params, int], Carry]
    counts: Callable[[Batch], dict[str, Array]]
    loss: Loss
    recurrences: Callable[[Params, Batch, Carry], dict[str, Recurrence]]
    predict: Predict
    figures: Callable[[Mapping[str, tuple[float, float]], Any], dict[str, float]]
    objective: Objective
    decoder: Decoder | None = None

    @property
    def stack(self) -> Stack:
        """The shape of its one recurrence."""
        ((_, shape),) = self.stacks
        return shape
