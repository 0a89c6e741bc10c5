"""A unit of a network, and its name among people: ``layer1.c[37]``."""

import re
from typing import NamedTuple

from rnn_research.errors import UserError

NAME = re.compile(r"layer([1-9]\d*)\.([a-z]+)\[(\d+)\]")


class Unit(NamedTuple):
    """One number of a network that changes over time.

    Attributes:
      layer: from 0; people are shown layers from 1.
      quantity: "h", "c", or a gate's name as in the cell's gates.
      index: within the layer, from 0.
    """

    layer: int
    quantity: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here

    def __str__(self) -> str:
        return f"layer{self.layer + 1}.{self.quantity}[{self.index}]"

    @classmethod
    def parse(cls, name: str) -> "Unit":
        """The unit that ``str`` wrote.

        Raises:
          UserError: for any other form.
        """
        found = NAME.fullmatch(name)
        if not found:
            raise UserError(f"--unit={name!r} names no unit: write layer, quantity and index as in layer1.c[37]")
        return cls(int(found[1]) - 1, found[2], int(found[3]))
