"""What a model is: pure functions of its parameters, with the configuration closed over."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from rnn_research.types import Array, Carry, Key, Params
from rnn_research.unroll import StackEdit


class Apply(Protocol):
    """See ``Model.apply``; ``ends_TB`` starts carries anew after a step, ``edit`` changes them."""

    def __call__(
        self,
        params: Params,
        inputs: Array,
        carry: Carry,
        *,
        train: bool = False,
        key: Key | None = None,
        dropout: float | Array = 0.0,
        ends_TB: Array | None = None,
        lengths_B: Array | None = None,
        edit: StackEdit | None = None,
    ) -> tuple[Array, Carry]: ...


class Model(NamedTuple):
    """A model built from unrolled cells.

    Attributes:
      init: ``(key, starts) -> params``; ``starts`` holds the numbers that parameters begin with.
      apply: ``(params, inputs [T, B] or [T, B, D], carry) -> (outputs [T, B, ...], carry)``.
      initial_carry: ``(params, B) -> carry``.
    """

    init: Callable[[Key, Any], Params]
    apply: Apply
    initial_carry: Callable[[Params, int], Carry]
