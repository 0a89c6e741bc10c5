"""Any recurrence over all of time at once, by Newton's method: s_t = f_t(s_{t-1}) as one equation for all s_t.

From a guess of every state (one step from the start's), each round evaluates all steps
side by side and solves the linearised recurrence for what is missing,

    d_t = J_t d_{t-1} + (f_t(s_{t-1}) - s_t)        J_t = df_t/ds at s_{t-1}

deer    the whole Jacobian (Lim et al. 2024, arXiv:2309.12252): few rounds of O(T M^3) work
quasi   its part within each unit alone (Gonzalez et al. 2024, arXiv:2407.19115, whose
        diagonal this is for a carry of one place; 2 x 2 a unit with a c): more rounds, of O(T H)

In exact arithmetic the first k + 1 states are right after k rounds, whatever stands for J,
so that T - 1 rounds always do. Damping k takes (1 - k) J for J (ibid., appendix A.4): products
of Jacobians that would overflow on the way no longer do, at the price of more rounds;
at 1 every round is one plain step of all states.

States that converge satisfy every step to rounding. In a chaotic network that leaves room
for another trajectory than the loop's, as a change of compiler or device does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.types import Array

Step = Callable[[Any, Any], Any]
"""``(state, inputs) -> state``: one step, and all steps at once along a leading axis."""

Correction = Callable[[Any, Any, Any], Any]
"""``(states before each step, inputs, f(before) - s) -> d``, all ``[T, ..., H]`` in each place."""


class Convergence(NamedTuple):
    """How the search for one example's states went, each ``[...]``.

    Attributes:
      iterations: rounds made; 0 where the recurrence is linear and needs none.
      residual: the largest |f(s_{t-1}) - s_t|, as a share of the largest |s_t|.
      converged: whether that came below the tolerance; where not, the states
        are those of the sequential loop.
    """

    iterations: Array
    residual: Array
    converged: Array


def solve(
    step: Step, inputs: Any, start: Any, correction: Correction, *, tolerance: float | None, iterations: int
) -> tuple[Any, Convergence]:
    """Every state of ``s_t = step(s_{t-1}, inputs_t)``; not to be differentiated.

    Args:
      step: of one example; examples and time stand on leading axes.
      inputs: ``[T, ...]`` in each place.
      start: the state before the first step, ``[..., H]`` in each place.
      correction: an approximate solution of the linearised recurrence.
      tolerance: see ``Convergence.residual``; None for 8 roundings of the state's type.
      iterations: the most rounds to make.

    Returns:
      The states ``[T, ..., H]``, and how it went for each example. An example's states do
      not depend on how long others take. One whose residual is no finite number, or
      above the tolerance after all rounds, is run through the plain loop.
    """
    leaves = jax.tree.leaves(start)
    T = len(jax.tree.leaves(inputs)[0])
    accuracy = float(8 * jnp.finfo(leaves[0].dtype).eps) if tolerance is None else tolerance

    def defect(s: Any) -> tuple[Any, Array, Array]:
        after = step(shifted(start, s), inputs)
        d = jax.tree.map(jnp.subtract, after, s)
        size, scale = _largest(d), _largest(s)
        share = size / jnp.where(scale > 0, scale, 1)
        return d, share, share <= accuracy

    def unfinished(state: tuple[Any, Any, Convergence]) -> Array:
        return jnp.any(_searching(state[2], iterations))

    def again(state: tuple[Any, Any, Convergence]) -> tuple[Any, Any, Convergence]:
        s, d, found = state
        searching = _searching(found, iterations)
        moved = jax.tree.map(jnp.add, s, correction(shifted(start, s), inputs, d))
        s = jax.tree.map(lambda new, old: jnp.where(searching[..., None], new, old), moved, s)
        d, share, converged = defect(s)
        return s, d, Convergence(found.iterations + searching, share, converged)

    guess = step(jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (T, *leaf.shape)), start), inputs)
    d, share, converged = defect(guess)
    begin = Convergence(jnp.zeros(share.shape, jnp.int32), share, converged)
    s, _, found = jax.lax.while_loop(unfinished, again, (guess, d, begin))
    right = found.converged[..., None]

    def looped() -> Any:
        plain = jax.lax.scan(lambda s, x: (step(s, x),) * 2, start, inputs)[1]
        return jax.tree.map(lambda found, plain: jnp.where(right, found, plain), s, plain)

    return jax.lax.cond(jnp.all(right), lambda: s, looped), found


def shifted(start: Any, s: Any) -> Any:
    """The state before each step, ``[T, ..., H]``, of the states after it."""
    return jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest])[:-1], start, s)


def _searching(found: Convergence, iterations: int) -> Array:
    return ~found.converged & jnp.isfinite(found.residual) & (found.iterations < iterations)


def _largest(tree: Any) -> Array:
    """The largest magnitude of each example, over time, places and units."""
    sizes = [jnp.max(jnp.abs(leaf), axis=(0, -1)) for leaf in jax.tree.leaves(tree)]
    return jnp.max(jnp.stack(sizes), axis=0)
