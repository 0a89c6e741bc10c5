"""Backpropagation through time as the sum that it is (Pascanu, Mikolov and Bengio 2013, eqs. 3-5):

    dE_T/dW = sum_k  dE_T/ds_T  ds_T/ds_k  d+s_k/dW

with d+ the immediate derivative, s_{k-1} held fixed: what step k alone adds to the gradient.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.analysis.jacobians import along
from rnn_research.analysis.scaled import Scaled, log_norm, rescaled, times_power
from rnn_research.cells import Cell
from rnn_research.types import Array, Carry, Params


class Summands(NamedTuple):
    """The summands by step k, each ``[T]``.

    Attributes:
      log_norm: log ||summand_k|| in nats; -inf for zero.
      share: <summand_k, total> / ||total||^2, which sum to 1 and may be negative.
      norm_share: ||summand_k|| / sum_j ||summand_j||.
    """

    log_norm: Array
    share: Array
    norm_share: Array


class BpttSum(NamedTuple):
    """The gradient of E_T and what it is made of.

    Attributes:
      total: dE_T/dW for every parameter, shaped as the parameters.
      of_all: summands of all parameters as one vector.
      of_each: as the parameters, with the ``Summands`` of each.
    """

    total: Params
    of_all: Summands
    of_each: Any


def bptt_sum(cell: Cell, params: Params, carry: Carry, x: Array, d_h: Array) -> BpttSum:
    """Takes the gradient of E_T apart by the step at which the weights act.

    Args:
      cell: any cell.
      params: its parameters.
      carry: the carry before the first step, ``[..., H]``.
      x: inputs ``[T, ..., D]``. With batch axes a summand is the batch's; ``jax.vmap``
        gives every example its own.
      d_h: dE_T/dh_T ``[..., H]``.

    The summands' shares neither underflow nor overflow; ``total`` does where the gradient does.
    """
    before_T, _ = along(cell, params, carry, x)
    _, pull = jax.vjp(cell.hidden, jax.tree.map(lambda c: c[-1], before_T))
    (d_s,) = pull(d_h)  # dE_T/ds_T: the hidden state is all that E_T reads

    def back(delta: Scaled, inputs: Any) -> tuple[Scaled, Scaled]:
        before, x = inputs
        _, pull = jax.vjp(lambda carry: cell.step(params, carry, x)[0], before)
        (of_before,) = pull(delta.value)
        return rescaled(of_before, delta.exponent, None), delta

    # delta_T[k] = dE_T/ds_T ds_T/ds_k, each under its own power of two.
    _, delta_T = jax.lax.scan(back, rescaled(d_s, axes=None), (before_T, x), reverse=True)
    highest = jnp.max(delta_T.exponent)

    def summand(delta: Scaled, before: Carry, x: Array) -> Params:
        """One summand over 2^exponent."""
        _, pull = jax.vjp(lambda params: cell.step(params, before, x)[0], params)
        return pull(delta.value)[0]

    def accumulate(total: Params, inputs: Any) -> tuple[Params, Any]:
        delta, before, x = inputs
        part = summand(delta, before, x)
        total = jax.tree.map(lambda t, p: t + times_power(p, _scalar(delta.exponent - highest)), total, part)
        under = lambda p: jnp.reshape(delta.exponent, (1,) * p.ndim)  # noqa: E731
        return total, jax.tree.map(lambda p: log_norm(Scaled(p, under(p)), None), part)

    zeros = jax.tree.map(jnp.zeros_like, params)
    total, log_each_T = jax.lax.scan(accumulate, zeros, (delta_T, before_T, x))

    # Shares have no unit: without these the squares of a tiny total would underflow.
    units = jax.tree.map(lambda t: jnp.where(jnp.any(t != 0), jnp.max(jnp.abs(t)), 1), total)
    direction = jax.tree.map(lambda t, unit: t / unit, total, units)

    def project(_: None, inputs: Any) -> tuple[None, Any]:
        delta, before, x = inputs
        part = summand(delta, before, x)
        scale = lambda p: times_power(p, _scalar(delta.exponent - highest))  # noqa: E731
        return None, jax.tree.map(lambda p, d, unit: jnp.sum(scale(p) / unit * d), part, direction, units)

    _, dot_T = jax.lax.scan(project, None, (delta_T, before_T, x))
    square = jax.tree.map(lambda d: jnp.sum(d * d), direction)
    log_all_T = 0.5 * jax.nn.logsumexp(2 * jnp.stack(jax.tree.leaves(log_each_T)), axis=0)
    largest = jnp.max(jnp.stack([jnp.max(jnp.abs(t)) for t in jax.tree.leaves(total)]))
    largest = jnp.where(largest > 0, largest, 1)
    add_up = lambda leaf, unit: leaf * (jnp.minimum(unit, largest) / largest) ** 2  # noqa: E731
    sum_of = lambda tree: jax.tree.reduce(jnp.add, jax.tree.map(add_up, tree, units))  # noqa: E731
    return BpttSum(
        total=jax.tree.map(lambda t: times_power(t, _scalar(highest)), total),
        of_all=_summands(log_all_T, sum_of(dot_T), sum_of(square)),
        of_each=jax.tree.map(_summands, log_each_T, dot_T, square),
    )


def _summands(log_norm_T: Array, dot_T: Array, square: Array) -> Summands:
    # Relative to the total, which is zero where all summands are: then nothing has a share.
    share = jnp.where(square > 0, dot_T / jnp.where(square > 0, square, 1), 0)
    top = jnp.max(log_norm_T)
    relative = jnp.where(top == -jnp.inf, 0, jnp.exp(log_norm_T - jnp.where(top == -jnp.inf, 0, top)))
    whole = jnp.sum(relative)
    return Summands(log_norm_T, share, relative / jnp.where(whole > 0, whole, 1))


def _scalar(exponent: Array) -> Array:
    return jnp.reshape(exponent, ())
