"""``unroll`` over all of time at once: a prefix scan for linear recurrences, Newton's method for the others.

The depth is some log2(T) rounds in place of T steps; the work is larger. See
``associative`` and ``newton`` for the two methods. Gradients are those of the loop:
at the states found, delta_t = dL/ds_t + J_{t+1}' delta_{t+1} is a linear recurrence
from the last step to the first (the implicit function theorem), solved with the whole
Jacobian at once or, where only its part within each unit is kept, by the same rounds
on the exact equation.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.cells.cell import Cell, Streams
from rnn_research.cells.jacobian import carry_of, state_of, step_jacobian, unit_jacobian
from rnn_research.errors import UserError, at_least, one_of
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.associative import block_scan, linear_scan, matrix_scan
from rnn_research.unroll.form import Walk
from rnn_research.unroll.newton import Convergence, shifted, solve
from rnn_research.unroll.scan import plain, without_padding

METHODS = ("auto", "associative", "deer", "quasi")
ITERATIONS = 100
MOST_ROUNDS = 1_000_000
DEER_STATES = 32  # the largest state for which "auto" takes the whole Jacobian


class Solver(NamedTuple):
    """How the states are found.

    Attributes:
      method: "associative" for linear cells, "deer" or "quasi" for any; "auto" takes the first
        that the cell allows, and "deer" for states of at most 32 numbers.
      tolerance: of Newton's method, relative; see ``newton.solve``.
      iterations: its most rounds; an example that needs more goes through the plain loop.
      damping: from 0 to 1, for networks whose Jacobians grow; see ``newton``.
    """

    method: str = "auto"
    tolerance: float | None = None
    iterations: int = ITERATIONS
    damping: float = 0.0


class Newton(NamedTuple):
    """How the states of a nonlinear cell are sought: by "deer" or "quasi"."""

    cell: Cell
    solver: Solver


def unroll_parallel(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    solver: Solver = Solver(),
) -> tuple[Carry, Array]:
    """What ``unroll`` computes, in parallel over time.

    Args:
      cell: any cell of the registry.
      params: its parameters. Newton's method computes products in at least float32:
        a state that a coarser product rounds anew in every round would not settle.
      carry: the carry before the first step, ``[..., H]``.
      x: the inputs, time first, ``[T, ..., D]``. Examples belong on the axes between: under
        ``jax.vmap`` every example would be run through the plain loop as well.
      lengths: valid steps of each sequence; see ``unroll``.
      reverse: walk from the last step to the first; see ``unroll``.
      solver: the method and its numbers.

    Returns:
      The carry after the last step, and the hidden states ``h [T, ..., H]``. Both can be
      differentiated once, backwards.

    Raises:
      UserError: for an unknown method, "associative" with a cell that is not linear, or
        a number out of range.
    """
    return unroll_parallel_reported(cell, params, carry, x, lengths=lengths, reverse=reverse, solver=solver)[:2]


def unroll_parallel_reported(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    solver: Solver = Solver(),
) -> tuple[Carry, Array, Convergence]:
    """As ``unroll_parallel``, and how the states were found (those of the gradient are sought apart)."""
    check_solver(cell, solver)
    method = method_of(cell, carry, solver.method)
    batch = cell.hidden(carry).shape[:-1]
    exact = Convergence(jnp.zeros(batch, jnp.int32), jnp.zeros(batch), jnp.ones(batch, bool))
    if len(x) == 0:
        return *plain(cell, params, carry, x, Walk()), exact
    alive = None
    if lengths is not None:
        x = without_padding(x, lengths)
        alive = (jnp.arange(len(x)).reshape(-1, *[1] * lengths.ndim) < lengths)[..., None]
    u, alive_T = cell.input(params, x), alive
    if reverse:
        u, alive_T = jax.tree.map(lambda leaf: leaf[::-1], (u, alive))
    if method == "associative":
        states, found = _linear(cell, params, carry, u, alive_T), exact
    else:
        states, found = _nonlinear(Newton(cell, solver._replace(method=method)), params, carry, u, alive_T)
    last = jax.tree.map(lambda leaf: leaf[-1], states)
    h = cell.hidden(states)[::-1] if reverse else cell.hidden(states)
    return last, h if alive is None else jnp.where(alive, h, 0), found


def parallel(
    cell: Cell, params: Params, carry: Carry, x: Array, walk: Walk, solver: Solver = Solver()
) -> tuple[Carry, Array]:
    """``unroll_parallel`` as a form of ``unroll``: with an edit, which acts between steps, it is the plain form.

    ``scan_unroll`` and ``remat`` are of the loop, which there is none of.
    """
    if walk.edit is not None:
        return plain(cell, params, carry, x, walk)
    return unroll_parallel(cell, params, carry, x, lengths=walk.lengths, reverse=walk.reverse, solver=solver)


def check_solver(cell: Cell, solver: Solver, prefix: str = "") -> None:
    """Refuses what cannot be; ``prefix`` stands before the names of the numbers, as in a flag.

    Raises:
      UserError: see ``unroll_parallel``.
    """
    method, tolerance, iterations, damping = solver
    one_of(f"{prefix}method", method, METHODS)
    if method == "associative" and cell.linear is None:
        raise UserError(
            f"{prefix}method=associative needs a linear recurrence, {cell.name} has none: choose quasi or deer"
        )
    if tolerance is not None and not tolerance > 0:
        raise UserError(f"{prefix}tolerance={tolerance} must be above 0")
    at_least(f"{prefix}iterations", iterations, 1, MOST_ROUNDS)
    if not 0 <= damping <= 1:
        raise UserError(f"{prefix}damping={damping} must be at least 0 and at most 1")


def method_of(cell: Cell, carry: Carry, method: str) -> str:
    """The method that will be used."""
    if method != "auto":
        return method
    if cell.linear is not None:
        return "associative"
    numbers = sum(leaf.shape[-1] for leaf in jax.tree.leaves(carry))
    return "deer" if numbers <= DEER_STATES else "quasi"


def _linear(cell: Cell, params: Params, carry: Carry, u: Streams, alive: Array | None) -> Carry:
    """The carry after each step."""
    assert cell.linear is not None
    a, b = cell.linear.terms(params, u)
    a = jnp.broadcast_to(a, b.shape)
    if alive is not None:
        a, b = jnp.where(alive, a, 1), jnp.where(alive, b, 0)
    return cell.linear.carry(linear_scan(a, b, cell.linear.state(carry)))


def _nonlinear(
    newton: Newton, params: Params, carry: Carry, u: Streams, alive: Array | None
) -> tuple[Carry, Convergence]:
    """The carry after each step, and how it was found."""
    params = jax.tree.map(lambda p: p.astype(jnp.promote_types(p.dtype, jnp.float32)), params)
    fixed, start, inputs = jax.lax.stop_gradient((params, carry, (u, alive)))
    with _exact_products():
        correction = lambda before, inputs, d: _corrected(newton, _jacobian(newton, fixed, before, inputs), d)  # noqa: E731
        step = lambda before, inputs: _step(newton.cell, fixed, before, inputs)  # noqa: E731
        states, found = solve(
            step, inputs, start, correction, tolerance=newton.solver.tolerance, iterations=newton.solver.iterations
        )
        # One more step of all states carries the gradient to whatever they depend on.
        before = shifted(carry, jax.lax.stop_gradient(states))
        after = _step(newton.cell, params, before, (u, alive))
    return _through_time(newton, after, jax.lax.stop_gradient((fixed, before, inputs))), found


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _through_time(newton: Newton, after: Carry, steps: Any) -> Carry:
    """The identity, whose cotangent is that of the states through all later steps: dL/ds_t becomes delta_t."""
    return after


def _forwards(newton: Newton, after: Carry, steps: Any) -> tuple[Carry, Any]:
    return after, steps


def _backwards(newton: Newton, steps: Any, of_after: Carry) -> tuple[Carry, None]:
    """In time turned round, mu_t = J_t' (dL/ds_t + mu_{t+1}); delta_t is what stands in the brackets."""
    fixed, before, inputs = steps
    turned = jax.tree.map(lambda leaf: leaf[::-1], (of_after, before, inputs))

    def step(mu: Carry, turned: Any) -> Carry:
        of_after, before, inputs = turned
        _, pull = jax.vjp(lambda before: _step(newton.cell, fixed, before, inputs), before)
        return pull(jax.tree.map(jnp.add, of_after, mu))[0]

    with _exact_products():
        _, before, inputs = turned
        j = _jacobian(newton, fixed, before, inputs)
        j = jnp.swapaxes(j, -1, -2) if newton.solver.method == "deer" else jnp.swapaxes(j, 1, 2)
        nothing = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[0]), of_after)
        mu, _ = solve(
            step,
            turned,
            nothing,
            lambda before, inputs, d: _corrected(newton, j, d),
            tolerance=newton.solver.tolerance,
            iterations=newton.solver.iterations,
        )
    delta = jax.tree.map(jnp.add, turned[0], shifted(nothing, mu))
    return jax.tree.map(lambda leaf: leaf[::-1], delta), None


_through_time.defvjp(_forwards, _backwards)


def _step(cell: Cell, params: Params, before: Carry, inputs: tuple[Streams, Array | None]) -> Carry:
    """One step, or all at once; where a sequence has ended its carry stands still."""
    u, alive = inputs
    after = cell.advance(params, before, u)[0]
    return after if alive is None else jax.tree.map(partial(jnp.where, alive), after, before)


def _jacobian(newton: Newton, params: Params, before: Carry, inputs: tuple[Streams, Array | None]) -> Array:
    """What stands for ds_t/ds_{t-1}: ``[T, ..., M, M]``, or one small matrix a unit, ``[T, N, N, ..., H]``."""
    u, alive = inputs
    kept = 1 - newton.solver.damping
    if newton.solver.method == "deer":
        j = kept * step_jacobian(newton.cell, params, before, u)
        return j if alive is None else jnp.where(alive[..., None], j, jnp.eye(j.shape[-1], dtype=j.dtype))
    rows = unit_jacobian(newton.cell, params, before, u)
    j = kept * jnp.stack([jnp.stack(row, axis=1) for row in rows], axis=1)
    if alive is None:
        return j
    identity = jnp.eye(len(rows), dtype=j.dtype).reshape(len(rows), len(rows), *[1] * (j.ndim - 3))
    return jnp.where(alive[:, None, None], j, identity)


def _corrected(newton: Newton, j: Array, d: Carry) -> Carry:
    """The solution of the linearised recurrence, with ``d`` for what each step adds."""
    if newton.solver.method == "deer":
        return carry_of(d, matrix_scan(j, state_of(d)))
    leaves, shape = jax.tree.flatten(d)
    found = block_scan(j, jnp.stack(leaves, axis=1))
    return jax.tree.unflatten(shape, [found[:, n] for n in range(len(leaves))])


def _exact_products() -> Any:
    """Products of the full precision, where an accelerator's default would round a float32 to 10 bits."""
    return jax.default_matmul_precision("highest")
