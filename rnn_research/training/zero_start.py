"""What a language model loses by beginning at its initial carry: every stream read from there and from a warm one.

A recurrent network may have two basins: one in which it reads, and one that nearly
ignores its input. Where the carry is handed on, training meets the initial carry
at the beginning of each pass alone, and may leave it in the second basin or at its
edge (docs/two_basins.md). A stream that falls in costs some nats at every symbol
and never comes back.

A stream that is merely hard is hard from both carries, so each is compared with
itself. The warm carry is that of the stream which reads best in the last chunk of the
walk from the initial carry; it is handed to all streams for a second walk.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from rnn_research.errors import counted
from rnn_research.types import Carry, Params

STUCK = 0.3
"""Nats a symbol: a stream that needs so many more from the initial carry is stuck."""

FEWEST = 100
"""Scored symbols of a stream: with fewer, the first few, for which any carry is cold, would count too much."""


class ZeroStart(NamedTuple):
    """One split of a text, stream by stream.

    Attributes:
      zero_B: nats a symbol from the initial carry; nan for a stream of fewer than ``FEWEST`` symbols.
      warm_B: the same from the warm carry.
    """

    zero_B: np.ndarray
    warm_B: np.ndarray

    @property
    def excess_B(self) -> np.ndarray:
        """Nats a symbol that the initial carry costs."""
        return self.zero_B - self.warm_B

    @property
    def stuck(self) -> int:
        """How many streams are stuck."""
        return int(np.sum(self.excess_B > STUCK))

    def figures(self, split: str) -> dict[str, float]:
        """What results.json says of it; nothing for a split without a stream that is long enough."""
        if np.isnan(self.excess_B).all():
            return {}
        return {
            f"{split}_zero_start_excess_nats_most": float(np.nanmax(self.excess_B)),
            f"{split}_zero_start_streams": int(np.sum(~np.isnan(self.excess_B))),
            f"{split}_zero_start_streams_stuck": self.stuck,
        }

    def warning(self, where: str) -> str | None:
        """One line, where streams are stuck."""
        if not self.stuck:
            return None
        judged = int(np.sum(~np.isnan(self.excess_B)))
        need = "needs" if self.stuck == 1 else "need"
        return (
            f"warning: {self.stuck} of {counted(judged, 'stream')} of the {where} {need} "
            f"more than {STUCK} nats a symbol more from the initial carry than from a warm one "
            f"(up to {np.nanmax(self.excess_B):.2f}): the network cannot always begin to read; "
            "train with task.fresh_probability=0.03"
        )


def figures_of(begun: Mapping[str, ZeroStart]) -> dict[str, float]:
    """Of all splits."""
    return {name: value for split, found in begun.items() for name, value in found.figures(split).items()}


def warnings(begun: Mapping[str, ZeroStart]) -> Iterable[str]:
    """A line for every split that has stuck streams."""
    lines = (found.warning(f"{split} split") for split, found in begun.items())
    return [line for line in lines if line is not None]


def measured(walk: Callable[..., Any], params: Params, data: Any, batches: int, streams: int) -> ZeroStart:
    """Reads a split twice.

    Args:
      walk: as ``Program.walk``.
      params: of the model.
      data: of the split.
      batches: in it.
      streams: in each.
    """
    zero, carry = jax.tree.map(np.asarray, walk(params, data, batches, streams))
    warm, _ = walk(params, data, batches, streams, of_the_best(carry, zero))
    return compared(zero, jax.tree.map(np.asarray, warm))


def of_the_best(carry: Carry, sums: Mapping[str, Any]) -> Carry:
    """The carry of the stream that read best in the last chunk, for all streams, ``[B, ...]`` in each place.

    The last chunk in which anything is scored, among the streams that have at least half as much of it as any.
    """
    nats_KB, tokens_KB = sums["nats"]
    last = max(np.flatnonzero(tokens_KB.sum(axis=1)), default=0)
    tokens_B = tokens_KB[last]
    last_B = _mean(nats_KB[last], tokens_B, max(1, tokens_B.max() / 2))
    best = int(np.argmin(np.where(np.isnan(last_B), np.inf, last_B)))
    return jax.tree.map(lambda c: np.broadcast_to(c[best], c.shape), carry)


def compared(zero: Mapping[str, Any], warm: Mapping[str, Any]) -> ZeroStart:
    """From the sums of two walks."""
    tokens_B = zero["nats"][1].sum(axis=0)
    nats = (sums["nats"][0].sum(axis=0, dtype=np.float64) for sums in (zero, warm))
    return ZeroStart(*(_mean(nats_B, tokens_B, FEWEST) for nats_B in nats))


def _mean(nats_B: np.ndarray, tokens_B: np.ndarray, fewest: float) -> np.ndarray:
    return np.where(tokens_B >= fewest, nats_B / np.maximum(tokens_B, 1), np.nan)
