"""What a task hands to a model: batches whose every leaf leads with B.

So the first n examples of any batch, its parts and its shards are one ``tree.map``.
Inside of an unroll time leads; who unrolls turns the axes.

Each type also says where its answers stand: what label noise changes, and what is
asked last of each sequence. An answer that is not asked for is a negative class, or nan.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.types import Array


class Padded(NamedTuple):
    """Sequences of one padded length.

    Attributes:
      values: symbols ``[B, T]`` (negative: none of those that are known) or numbers ``[B, T, D]``.
      lengths_B: valid steps of each sequence where they differ, or None.
    """

    values: Array
    lengths_B: Array | None = None


class Stream(NamedTuple):
    """A chunk of streams that go on from batch to batch: the next symbol is asked for at every step.

    Attributes:
      inputs: symbols ``[B, T]``, or distributions over them ``[B, T, V]``.
      targets: the symbols one step on, ``[B, T]``.
      fresh_B: where a stream's carry starts anew before this batch.
      ends_BT: where the carry starts anew after step t, or None.
    """

    inputs: Array
    targets: Array
    fresh_B: Array
    ends_BT: Array | None = None

    @property
    def answers(self) -> Any:
        """What is asked for."""
        return self.targets

    def with_answers(self, answers: Array) -> "Stream":
        """The same with other answers."""
        return self._replace(targets=answers)

    def last_answer(self) -> Array:
        """Of each stream, ``[B]``."""
        return self.targets[:, -1]


class Asked(NamedTuple):
    """Sequences with an answer at some of their steps.

    Attributes:
      x: what is read.
      targets: classes ``[B, T]``, or numbers ``[B, T, K]``.
    """

    x: Padded
    targets: Array

    @property
    def answers(self) -> Any:
        """What is asked for."""
        return self.targets

    def with_answers(self, answers: Array) -> "Asked":
        """The same with other answers."""
        return self._replace(targets=answers)

    def last_answer(self) -> Array:
        """Of each sequence at its last valid step, ``[B]`` or ``[B, K]``."""
        if self.x.lengths_B is None:
            return self.targets[:, -1]
        return self.targets[jnp.arange(len(self.targets)), self.x.lengths_B - 1]


class Labelled(NamedTuple):
    """Sequences with one answer each.

    Attributes:
      x: what is read.
      label_B: a class ``[B]``, or numbers ``[B, K]``.
    """

    x: Padded
    label_B: Array

    @property
    def answers(self) -> Any:
        """What is asked for."""
        return self.label_B

    def with_answers(self, answers: Array) -> "Labelled":
        """The same with other answers."""
        return self._replace(label_B=answers)

    def last_answer(self) -> Array:
        """The one that there is."""
        return self.label_B


Batch = Any
"""One of these, or a type that a task declares: a named tuple with their three ways to the answers."""


def first(batch: Batch, count: int) -> Batch:
    """The first ``count`` examples of a batch, or all if it has fewer."""
    return jax.tree.map(lambda leaf: leaf[:count], batch)


def in_parts(batch: Batch, parts: int) -> Batch:
    """Every leaf ``[parts, B / parts, ...]``."""
    return jax.tree.map(lambda leaf: leaf.reshape(parts, leaf.shape[0] // parts, *leaf.shape[1:]), batch)


def going_on(batch: Batch, where: bool | Array) -> Batch:
    """A batch in which no stream starts anew ``where`` that is true; where nothing goes on there is nothing to do."""
    return batch._replace(fresh_B=batch.fresh_B & ~jnp.asarray(where)) if isinstance(batch, Stream) else batch
