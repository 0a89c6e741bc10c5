"""The lag profile: how much of a gradient at the last step is left t steps before it.

    log ||dE_T/dh_t||    and    log ||dE_T/dc_t||    for every t, layer and example

in one backward pass (the back-propagated errors of Hochreiter 1991; Bengio, Simard
and Frasconi 1994, eq. 15). A zero eps is added to every layer's new carry, and its
cotangent is the total derivative there, by way of the layers above too. The
cotangent is rescaled at each step: a true 1e-120 is reported as -276.3.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.analysis.layers import forwards_only, joint_step
from rnn_research.analysis.scaled import Scaled, log_norm, rescaled
from rnn_research.types import Array, Carry
from rnn_research.unroll import Stack, StackParams


class LagProfile(NamedTuple):
    """Log norms in nats, ``[L, T, ...]``; entry t belongs to the state after step t.

    Attributes:
      log_h: log ||dE_T/dh_t||; -inf where the gradient is exactly zero.
      log_c: log ||dE_T/dc_t||, or None for a cell without a c. At lag 0 it is
        -inf: the last c is read by nothing but its own h.
    """

    log_h: Array
    log_c: Array | None


def lag_profile(
    stack: Stack,
    params: StackParams,
    carry: tuple[tuple[Carry, ...], ...],
    x: Array,
    d_top: Array | Callable[[Array], Array],
) -> LagProfile:
    """Follows the gradient of E_T back through every step and layer.

    Args:
      stack: the shape, unidirectional; dropout is off.
      params: the numbers.
      carry: the joint carry before the first step.
      x: inputs ``[T, ..., D]``.
      d_top: dE_T / d(top output at the last step) ``[..., H]``, or the function that
        gives E_T of that output (summed over examples, each of which must see its own alone).

    Raises:
      UserError: for a bidirectional stack.

    A layer or a c whose gradient is below 1e-38 of the largest one of the same
    example and step is reported as -inf in float32.
    """
    forwards_only(stack)
    step = lambda carry, x, eps=None: joint_step(stack, params, carry, x, eps)  # noqa: E731
    _, before_T = jax.lax.scan(lambda c, x: (step(c, x)[0], c), carry, x)
    if not isinstance(d_top, Array):
        error = d_top
        _, top = step(jax.tree.map(lambda c: c[-1], before_T), x[-1])
        d_top = jax.grad(lambda top: jnp.sum(error(top)))(top)
    zeros = jax.tree.map(jnp.zeros_like, carry)

    def back(state: Any, inputs: Any) -> tuple[Any, Any]:
        of_after, d_top, exponent = state
        before, x = inputs
        _, pull = jax.vjp(lambda before, eps: step(before, x, eps), before, zeros)
        of_before, of_eps = pull((of_after, d_top))
        log_norms = [jax.tree.map(lambda leaf: log_norm(Scaled(leaf, exponent)), layer) for (layer,) in of_eps]
        of_before, exponent = rescaled(of_before, exponent)
        # E_T reads the top at the last step alone.
        return (of_before, jnp.zeros_like(d_top), exponent), jax.tree.map(lambda *l: jnp.stack(l), *log_norms)

    start = rescaled(d_top)
    _, log_TL = jax.lax.scan(back, (zeros, *start), (before_T, x), reverse=True)
    by_layer = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), log_TL)
    return LagProfile(by_layer.h, getattr(by_layer, "c", None))
