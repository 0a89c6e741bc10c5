"""Clamps as one writes them on a command line: ``layer1.h[37]=0.9``, ``layer2.c[5]=-1,layer2.c[6]=0``."""

import math

from rnn_research.analysis.interventions import Intervention
from rnn_research.analysis.units.unit import Unit
from rnn_research.errors import UserError
from rnn_research.unroll import Stack

EXAMPLE = "layer1.c[37]=-1"


def clamps_of(text: str, stack: Stack, flag: str = "--clamp") -> tuple[Intervention, ...]:
    """The clamps that a text asks for, ``UNIT=VALUE`` with commas between several.

    Units are named as everywhere (``Unit``): layers count from 1, units from 0, and a quantity is one
    that the cell carries.

    Raises:
      UserError: for another form, a layer, unit or quantity that the stack lacks, a value that is no
        number, or a unit that is clamped twice.
    """
    found = tuple(_clamp(part.strip(), stack, flag) for part in text.split(",")) if text else ()
    units = [Unit(one.layer, one.quantity, int(one.index)) for one in found]
    for unit in units:
        if units.count(unit) > 1:
            raise UserError(f"{flag}={text}: {unit} is clamped twice: leave one")
    return found


def _clamp(part: str, stack: Stack, flag: str) -> Intervention:
    shown = f"{flag}={part}"
    name, equals, given = part.rpartition("=")
    try:
        unit = Unit.parse(name if equals else part)
    except UserError as error:
        raise UserError(f"{shown} must be UNIT=VALUE, as in {EXAMPLE}") from error
    try:
        value = float(given) if equals else math.nan
    except ValueError:
        value = math.nan
    carried = stack.cell.initial_carry((1,))._fields
    if not math.isfinite(value):
        raise UserError(f"{shown}: the value {given if equals else ''!r} must be a finite number, as in {EXAMPLE}")
    if unit.layer >= stack.layers:
        raise UserError(f"{shown}: layer {unit.layer + 1} is not there: the layers are 1 to {stack.layers}")
    if unit.index >= stack.hidden:
        raise UserError(f"{shown}: unit {unit.index} is not there: the units are 0 to {stack.hidden - 1}")
    if unit.quantity not in carried:
        raise UserError(f"{shown}: {stack.cell.name} carries no {unit.quantity}: clamp its {' or '.join(carried)}")
    return Intervention(unit.layer, unit.quantity, unit.index, "clamp", value)
