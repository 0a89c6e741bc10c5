"""Parallel streams of text, cut into chunks: the batches of truncated backpropagation through time.

A text of N symbols becomes B streams that lie side by side; chunk k of every
stream is steps kT to kT+T, and the carry passes from chunk to chunk:

    "the quick brown fox jumps", B = 2, T = 3

        chunk 0   chunk 1   chunk 2
    0   the       _qu       ick        targets: one step on, "he_", "qui", "ck_"
    1   own       _fo       x_j
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError, counted
from rnn_research.tasks.batches import Stream
from rnn_research.tasks.task import Pieces, Split
from rnn_research.tasks.text.vocabulary import OUTSIDE
from rnn_research.types import Array, Key


class Streams(NamedTuple):
    """Text side by side, one step longer than its inputs.

    Attributes:
      tokens_SB: symbols; ``OUTSIDE`` where a stream is padded. On the host at first.
      ends_SB: true at the last symbol of a document, or None where documents do not count.
    """

    tokens_SB: Array | np.ndarray
    ends_SB: Array | np.ndarray | None


def training(tokens: np.ndarray, ends: np.ndarray | None, streams: int, chunk: int) -> Split:
    """Equal streams, whole chunks: what is left over at the end of each stream is not read.

    Raises:
      UserError: if the text is shorter than one chunk of every stream.
    """
    length = len(tokens) // streams
    chunks = (length - 1) // chunk
    if chunks < 1:
        raise UserError(
            f"the training text has {counted(len(tokens), 'symbol')}, fewer than the {streams * (chunk + 1):,} that "
            f"task.batch_size={streams} and task.chunk_length={chunk} need: lower one of them"
        )
    keep = chunks * chunk + 1

    def lay(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values[: streams * length].reshape(streams, length).T[:keep])

    data = Streams(_narrow(lay(tokens)), None if ends is None else lay(ends))
    return Split(data, chunks, streams, batch_axis=1)


def evaluation(tokens: np.ndarray, ends: np.ndarray | None, streams: int, chunk: int) -> Split:
    """Streams that score every symbol but the first exactly once, padded at the end.

    Fewer streams are used where the text is too short to fill them.
    """
    scored = len(tokens) - 1
    streams = max(1, min(streams, scored // chunk))
    chunks = -(-scored // (streams * chunk))
    length = chunks * chunk
    # Stream b reads symbols bL .. bL+L, and the next one starts at its last target.
    index = np.arange(length + 1)[:, None] + length * np.arange(streams)[None, :]
    inside = index < len(tokens)
    clipped = np.minimum(index, len(tokens) - 1)
    laid = np.where(inside, tokens[clipped], OUTSIDE)
    data = Streams(_narrow(laid), None if ends is None else ends[clipped] & inside)
    return Split(data, chunks, streams)


def pieces_of(lengths_D: Sequence[int], split: Split, chunk: int, kind: str = "documents") -> Pieces:
    """The document that each chunk of ``evaluation`` begins in, from the symbols that the documents have."""
    first_BK = 1 + chunk * np.arange(split.batch_size * split.batches).reshape(split.batch_size, split.batches)
    return Pieces(np.searchsorted(np.cumsum(lengths_D), first_BK, side="right"), kind, chunk)


def in_time(
    tokens: np.ndarray, ends: np.ndarray | None, streams: int, chunk: int, fractions: dict[str, float]
) -> dict[str, Split]:
    """Train, validation and test cut from EVERY stream, one after the other in time, so that each is of the whole text.

    This is how char-rnn's loader cuts (Karpathy 2015): whole chunks, the parts in
    the order of ``fractions``, the last of which takes what rounding leaves.

    Raises:
      UserError: if a part would have no chunk.
    """
    length = len(tokens) // streams
    chunks = (length - 1) // chunk
    bounds = [0]
    for share in list(fractions.values())[:-1]:
        bounds.append(bounds[-1] + int(chunks * share))
    bounds.append(chunks)
    found = {}
    for name, first, last in zip(fractions, bounds[:-1], bounds[1:], strict=True):
        if last <= first:
            raise UserError(
                f"task.split=streams: {counted(streams, 'stream')} of {counted(chunks, 'chunk')} of "
                f"task.chunk_length={chunk} hold no {name} part: lower task.batch_size or it"
            )
        part = slice(first * chunk, last * chunk + 1)

        def lay(values: np.ndarray, part: slice = part) -> np.ndarray:
            return np.ascontiguousarray(values[: streams * length].reshape(streams, length).T[part])

        data = Streams(_narrow(lay(tokens)), None if ends is None else lay(ends))
        found[name] = Split(data, last - first, streams, batch_axis=1 if name == "train" else None)
    return found


def _narrow(tokens: np.ndarray) -> np.ndarray:
    """The smallest signed type that holds the symbols: a corpus stays on the device whole."""
    return tokens.astype(np.int8 if tokens.max() < 128 else np.int16 if tokens.max() < 2**15 else np.int32)


def batch(
    streams: Streams,
    step: Array,
    chunk: int,
    keep_carry: bool,
    key: Key | None = None,
    fresh_probability: float = 0.0,
) -> Stream:
    """Chunk ``step`` of the endless walk over the streams.

    Args:
      streams: the text.
      step: which chunk, counted on from pass to pass.
      chunk: its time steps.
      keep_carry: whether the carry is handed on; if not, it starts anew at every chunk.
      key: of this step's draws; not read where there are none.
      fresh_probability: with which each stream by itself starts anew at a chunk, besides the beginning of
        every pass, where all do. A network that met its initial carry nowhere else need not be able to read from it.
    """
    chunks = (streams.tokens_SB.shape[0] - 1) // chunk
    k = step % chunks
    window = jax.lax.dynamic_slice_in_dim(streams.tokens_SB, k * chunk, chunk + 1).astype(jnp.int32)
    ends = None
    if streams.ends_SB is not None:
        ends = jax.lax.dynamic_slice_in_dim(streams.ends_SB, k * chunk, chunk)
    B = window.shape[1]
    fresh_B = jnp.broadcast_to((k == 0) if keep_carry else True, (B,))
    if keep_carry and fresh_probability:
        assert key is not None, "draws need a key"
        fresh_B |= jax.random.bernoulli(key, fresh_probability, (B,))
    return Stream(window[:-1].T, window[1:].T, fresh_B, None if ends is None else ends.T)
