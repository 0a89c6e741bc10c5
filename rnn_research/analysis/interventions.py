"""Units held, silenced or shifted in the running network: the ``edit`` that does it.

An edit changes the carry after each step, so what it reaches depends on the quantity:

h    is read by the output and the layers above at this step, and by all gates at the next one.
     In an LSTM the unit's cell c runs on as it was.
c    is read by the next step, as f * c. This step's h was made before the edit and stays, so
     that a held value shows in the output one step later, with that step's i * g added to it.

A gate lives inside the step, where no edit reaches it.
"""

from typing import NamedTuple

import jax.numpy as jnp

from rnn_research.errors import UserError, one_of
from rnn_research.types import Array, Carry
from rnn_research.unroll import StackEdit

KINDS = ("clamp", "zero", "mean", "shift")
QUANTITIES = ("h", "c")


class Intervention(NamedTuple):
    """What is done to one unit after every step.

    Attributes:
      layer: from 0; not traced, since every layer is a program of its own.
      quantity: ``h`` or ``c``.
      index: the unit, from 0; may be traced, so that one program serves all units of a layer.
        A traced index that no unit has changes nothing.
      kind: one of ``KINDS``: hold it at ``value``, at zero, at its mean, or add to it.
      value: of clamp and mean: where it is held (its mean must be measured first); of shift:
        what is added; of zero: not read. May be traced.
    """

    layer: int
    quantity: str
    index: int | Array  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    kind: str
    value: float | Array = 0.0


def edit_of(*interventions: Intervention) -> StackEdit:
    """An ``edit`` for ``unroll_stack`` or a model, which does them all in the order given.

    Raises:
      UserError: for a gate, an unknown kind or a layer below the first; once it runs, for a quantity
        that the cell lacks or a unit out of range. A layer that the stack lacks is never edited.
    """
    for one in interventions:
        if one.quantity not in QUANTITIES:
            raise UserError(f"quantity={one.quantity!r} cannot be edited: take h or c, gates live inside the step")
        one_of("kind", one.kind, KINDS)
        if one.layer < 0:
            raise UserError(f"layer={one.layer} is not there: layers begin at 0")

    def edit(layer: int, carry: Carry, t: Array) -> Carry:
        for one in interventions:
            if one.layer == layer:
                carry = _edited(one, carry)
        return carry

    return edit


def _edited(one: Intervention, carry: Carry) -> Carry:
    if one.quantity not in carry._fields:
        raise UserError(f"quantity={one.quantity!r} is not in this cell: it carries {', '.join(carry._fields)} alone")
    before = getattr(carry, one.quantity)
    H = before.shape[-1]
    if isinstance(one.index, int) and not 0 <= one.index < H:
        raise UserError(f"unit {one.index} of layer {one.layer + 1} is not there: units are 0 to {H - 1}")
    value = jnp.asarray(0.0 if one.kind == "zero" else one.value, before.dtype)
    after = before + value if one.kind == "shift" else value
    # A mask and not a scatter: it fuses with the step, and an index may be traced under vmap.
    return carry._replace(**{one.quantity: jnp.where(jnp.arange(H) == one.index, after, before)})
