"""The streams of a step, and which of them a cell adds before it does anything else: then their sum is all it needs.

Read from the traced program of ``combine``, so that a cell need not say it.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams
from rnn_research.types import Array, Carry, Params


class Rows(NamedTuple):
    """The streams of a step by their numbers: sums u + v where these alone matter, else each by itself."""

    sums: dict[int, Array]
    u: dict[int, Array]
    v: dict[int, Array]


class Reads(NamedTuple):
    """What ``combine`` reads.

    Attributes:
      added: the numbers g for which it reads u_g and v_g in the one operation u_g + v_g: all streams
        of the LSTM, and those of the GRU but the one that the reset gate multiplies.
      params: of each leaf of the parameters whether it is read: no matrix is, a peephole is.
    """

    added: frozenset[int]
    params: tuple[bool, ...]


def reads_of_combine(cell: Cell, params: Params, carry: Carry, x: Any) -> Reads:
    """From the program for one step.

    Args:
      cell: one in three parts.
      params: its parameters.
      carry: before a step.
      x: the input of a step, or its shape and dtype.
    """
    recur, combine = cell.recur, cell.combine
    assert recur is not None
    assert combine is not None
    u, v = jax.eval_shape(lambda p, carry, x: (cell.input(p, x), recur(p, cell.hidden(carry))), params, carry, x)
    traced = jax.make_jaxpr(lambda params, carry, u, v: combine(params, carry, u, v)[0])(params, carry, u, v)
    count_u, count_v = len(u), len(v)
    streams = traced.jaxpr.invars[len(traced.jaxpr.invars) - count_u - count_v :]

    def reads(stream: Any) -> list[Any]:
        equations = [eqn for eqn in traced.jaxpr.eqns for var in eqn.invars if var is stream]
        return equations + [None for var in traced.jaxpr.outvars if var is stream]

    def alone(g: int) -> bool:
        of_u, of_v = reads(streams[g]), reads(streams[count_u + g])
        return (
            len(of_u) == len(of_v) == 1
            and of_u[0] is not None
            and of_u[0] is of_v[0]
            and of_u[0].primitive.name in ("add", "add_any")
            and u[g].shape == v[g].shape
        )

    leaves = traced.jaxpr.invars[: len(jax.tree.leaves(params))]
    added = frozenset(g for g in range(min(count_u, count_v)) if alone(g))
    return Reads(added, tuple(bool(reads(leaf)) for leaf in leaves))


def by_kind(added: frozenset[int], u: Streams) -> Rows:
    """The streams of the input, v still to come."""
    sums = {g: stream for g, stream in enumerate(u) if g in added}
    return Rows(sums, {g: stream for g, stream in enumerate(u) if g not in added}, {})


def with_v(rows: Rows, v: Streams) -> Rows:
    """Completes what ``by_kind`` gives."""
    sums = {g: u + v[g] for g, u in rows.sums.items()}
    return Rows(sums, rows.u, {g: stream for g, stream in enumerate(v) if g not in sums})


def both(rows: Rows) -> tuple[Streams, Streams]:
    """u and v as ``combine`` takes them; beside a sum stands a zero."""
    u, v = {**rows.u, **rows.sums}, {**rows.v, **{g: jnp.zeros_like(a) for g, a in rows.sums.items()}}
    return tuple(u[g] for g in sorted(u)), tuple(v[g] for g in sorted(v))


def derivatives(rows: Rows) -> tuple[Streams, Streams]:
    """Those of u and of v: of a sum they are one."""
    u, v = {**rows.u, **rows.sums}, {**rows.v, **rows.sums}
    return tuple(u[g] for g in sorted(u)), tuple(v[g] for g in sorted(v))
