"""What a form of the unroll is: one way of computing the same carry and the same hidden states."""

from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_research.cells.cell import Cell
from rnn_research.types import Array, Carry, Params

Edit = Callable[..., Carry]
"""``edit(carry, t)``, or ``edit(carry, t, e_t)`` when ``edit_xs`` is given: runs after each step.

One hook for clamping or ablating a unit, adding a zero whose gradient is
dL/dh_t, noise, and resets at document ends.
"""


class Walk(NamedTuple):
    """How to go through time; see ``unroll`` for each."""

    lengths: Array | None = None
    reverse: bool = False
    edit: Edit | None = None
    edit_xs: Any = None
    scan_unroll: int = 1
    remat: str = "none"


Form = Callable[[Cell, Params, Carry, Array, Walk], tuple[Carry, Array]]
"""``(cell, params, carry, x, walk)`` to the carry after the last step and the hidden states."""
