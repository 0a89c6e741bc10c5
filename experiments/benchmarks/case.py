"""What is timed: a cell, its sizes and its precision; and the least work that it can be."""

import math
import re
from typing import NamedTuple

from rnn_research.errors import UserError
from rnn_research.training.machines.devices import memory

GATES = {"lstm": 4, "gru": 3, "elman": 1}
BYTES = {"float32": 4, "bfloat16": 2}


class Shape(NamedTuple):
    """Sizes of a stack; written ``BxTxH``, and ``BxTxHxL`` for more than one layer."""

    B: int
    T: int
    H: int
    L: int = 1

    def __str__(self) -> str:
        return f"{self.B}x{self.T}x{self.H}" + (f"x{self.L}" if self.L > 1 else "")


class Work(NamedTuple):
    """What cannot be left out.

    Attributes:
      operations: multiplications and additions of the products.
      bytes: read and written where nothing is read twice.
      steps: that must follow each other.
    """

    operations: float
    bytes: float
    steps: int

    def with_backward(self) -> "Work":
        """Two more products for each one, and a second walk over time."""
        return Work(3 * self.operations, 3 * self.bytes, 2 * self.steps)


class Case(NamedTuple):
    """One cell at one shape.

    Attributes:
      cell: elman, gru or lstm.
      shape: its sizes.
      dtype: of weights and inputs.
      features: that the lowest layer reads; None: as many as it has units, D = H.
    """

    cell: str
    shape: Shape
    dtype: str = "float32"
    features: int | None = None

    def __str__(self) -> str:
        return f"{self.cell} {self.shape}" + ("" if self.dtype == "float32" else f" {self.dtype}")

    @property
    def D(self) -> int:
        """Features that the lowest layer reads."""
        return self.shape.H if self.features is None else self.features

    def forward(self) -> Work:
        """Of a forward pass: 2 B T (D + H) G H operations a layer; inputs, weights and outputs are moved once."""
        B, T, H, L = self.shape
        weights = GATES[self.cell] * H * (self.D + H + (L - 1) * 2 * H)
        moved = weights + B * T * (self.D + H + (L - 1) * 2 * H)
        return Work(2.0 * B * T * weights, float(BYTES[self.dtype] * moved), T * L)


def parse_shapes(flag: str, text: str) -> tuple[Shape, ...]:
    """``"32x100x128,1x1000x128x3"`` as shapes.

    Raises:
      UserError: for what is no shape, or does not fit the memory.
    """
    return tuple(_shape(flag, each) for each in text.split(","))


def _shape(flag: str, text: str) -> Shape:
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){2,3}", text):
        raise UserError(f"{flag}={text!r} is no shape: give BxTxH or BxTxHxL, as in 32x100x128 or 32x100x128x3")
    shape = Shape(*map(int, text.split("x")))
    # About what a backward pass of an LSTM keeps, the hungriest cell, for two libraries at a time.
    needed = 4 * shape.L * (20 * math.prod(shape[:3]) + 24 * shape.H**2)
    there = memory()
    if needed > there:
        raise UserError(
            f"{flag}={text} needs about {needed / 1e9:,.0f} GB, a device here has {there / 1e9:,.0f}: make it smaller"
        )
    return shape
