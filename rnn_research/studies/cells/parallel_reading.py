"""How a text is cut into parallel streams; WARM_UP is the same wherever something is counted.

``Cut`` says only where streams begin, for a text that is read once and not held; ``Streams`` holds the
symbols in chunks of one length with those that follow, for one that is read under many interventions.
Either way any text is one compiled program.
"""

from typing import NamedTuple

import numpy as np

from rnn_research.errors import UserError, counted
from rnn_research.tasks.text.vocabulary import OUTSIDE

WARM_UP = 100
"""The first positions of each stream, which are read and not counted: the carry still warms up."""


class Cut(NamedTuple):
    """B streams of S symbols that lie one after another; at most B - 1 symbols at the text's end are left out."""

    B: int
    S: int

    def counted(self, N: int) -> np.ndarray:
        """Which of ``N`` positions are read with a warm carry, ``bool``."""
        place_N = np.arange(N)
        return (place_N < self.B * self.S) & (place_N % self.S >= WARM_UP)


def cut_of(N: int, most: int = 32) -> Cut:
    """Cuts a text into at most ``most`` streams, fewer if they would be mostly warm-up.

    Raises:
      UserError: for a text with nothing beyond the warm-up.
    """
    if N <= WARM_UP:
        raise UserError(
            f"--text has {counted(N, 'character')} in a part to measure, and its first {WARM_UP} are not counted: "
            "give a longer one"
        )
    B = max(1, min(most, N // (10 * WARM_UP)))
    return Cut(B, N // B)


class Streams(NamedTuple):
    """What is read of a text: S steps of each of B streams, in C chunks of T steps.

    Attributes:
      place_SB: where each symbol stands in the text.
      inputs_CTB: the symbols; after the last step ``OUTSIDE``, which is no symbol.
      targets_CTB: the symbols that follow.
      counted_SB: past the warming up, and the next symbol is one that the model knows.
    """

    place_SB: np.ndarray
    inputs_CTB: np.ndarray
    targets_CTB: np.ndarray
    counted_SB: np.ndarray

    @property
    def chunks(self) -> tuple[int, int, int]:
        """C, T and B."""
        C, T, B = self.inputs_CTB.shape
        return C, T, B

    def chunked(self, values_N: np.ndarray, fill: int = OUTSIDE) -> np.ndarray:
        """A label for every position of the text, as the streams read it, ``[C, T, B]``."""
        C, T, B = self.chunks
        return _chunked(values_N[self.place_SB], C * T, fill).reshape(C, T, B)


def lay_streams(
    symbols_N: np.ndarray, streams: int = 32, steps: int | None = None, *, chunk: int = 100, warm_up: int = WARM_UP
) -> Streams:
    """Lays a text out; each stream reads its own stretch from the beginning.

    Args:
      symbols_N: the text.
      streams: B, read side by side.
      steps: read at most so many of each stretch: a sample spread over the text. None for all.
      chunk: T.
      warm_up: steps that are read but not counted.

    Raises:
      UserError: for a text so short that nothing would be counted.
    """
    stretch = (len(symbols_N) - 1) // streams  # the last symbol has none after it
    S = stretch if steps is None else min(stretch, steps)
    if warm_up >= S:
        needed = streams * (warm_up + 1) + 1
        raise UserError(
            f"--text has {counted(len(symbols_N), 'symbol')}, and {needed:,} are the fewest: give a longer one"
        )
    laid = streams_at(symbols_N, stretch * np.arange(streams), S, chunk=chunk)
    return laid._replace(counted_SB=laid.counted_SB & (np.arange(S) >= warm_up)[:, None])


def streams_at(symbols_N: np.ndarray, start_B: np.ndarray, steps: int, *, chunk: int = 100) -> Streams:
    """Streams that begin at these places, which may overlap; beyond the end of the text nothing is counted."""
    place_SB = np.arange(steps)[:, None] + start_B
    ended = np.append(symbols_N, OUTSIDE)
    inputs_SB, targets_SB = (ended[np.minimum(place_SB + ahead, len(symbols_N))] for ahead in (0, 1))
    C = -(-steps // chunk)
    inputs_CTB, targets_CTB = (
        _chunked(x_SB, C * chunk, OUTSIDE).reshape(C, chunk, len(start_B)) for x_SB in (inputs_SB, targets_SB)
    )
    return Streams(place_SB, inputs_CTB, targets_CTB, targets_SB != OUTSIDE)


def _chunked(x_SB: np.ndarray, steps: int, fill: int) -> np.ndarray:
    return np.pad(x_SB, ((0, steps - len(x_SB)), (0, 0)), constant_values=fill)
