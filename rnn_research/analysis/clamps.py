"""Clamps as one writes them on a command line: ``1:37=0.9``, ``2:c5=-1,2:c6=0``."""

import math
import re

from rnn_research.analysis.interventions import Intervention
from rnn_research.errors import UserError
from rnn_research.unroll import Stack

_CLAMP = re.compile(r"(\d+):([A-Za-z]*)(\d+)=(\S+)")


def clamps_of(text: str, stack: Stack, flag: str = "--clamp") -> tuple[Intervention, ...]:
    """The clamps that a text asks for, ``LAYER:UNIT=VALUE`` with commas between several.

    Layers count from 1, units from 0. A letter before the unit names the quantity: ``h`` (also
    without it) or ``c``.

    Raises:
      UserError: for another form, a layer, unit or quantity that the stack lacks, a value that is no
        number, or a unit that is clamped twice.
    """
    found = tuple(_clamp(part.strip(), stack, flag) for part in text.split(",")) if text else ()
    units = [(one.layer, one.quantity, one.index) for one in found]
    for layer, quantity, index in units:
        if units.count((layer, quantity, index)) > 1:
            raise UserError(f"{flag}={text}: {quantity}{index} of layer {layer + 1} is clamped twice: leave one")
    return found


def _clamp(part: str, stack: Stack, flag: str) -> Intervention:
    shown = f"{flag}={part}"
    found = _CLAMP.fullmatch(part)
    if found is None:
        raise UserError(f"{shown} must be LAYER:UNIT=VALUE, as in 1:37=0.9, or 1:c37=-1 for a c")
    layer, quantity, index = int(found[1]), found[2] or "h", int(found[3])
    try:
        value = float(found[4])
    except ValueError:
        value = math.nan
    carried = stack.cell.initial_carry((1,))._fields
    if not math.isfinite(value):
        raise UserError(f"{shown}: the value {found[4]!r} must be a finite number, as in 1:37=0.9")
    if not 1 <= layer <= stack.layers:
        raise UserError(f"{shown}: layer {layer} is not there: the layers are 1 to {stack.layers}")
    if index >= stack.hidden:
        raise UserError(f"{shown}: unit {index} is not there: the units are 0 to {stack.hidden - 1}")
    if quantity not in carried:
        raise UserError(f"{shown}: {stack.cell.name} carries no {quantity}: clamp its {' or '.join(carried)}")
    return Intervention(layer - 1, quantity, index, "clamp", value)
