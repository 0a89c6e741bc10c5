"""Two penalties that keep gradients alive, as terms of a loss.

Pascanu, Mikolov and Bengio 2013, eqs. 9 and 10:

    Omega = sum_k ( ||dE/ds_{k+1} ds_{k+1}/ds_k|| / ||dE/ds_{k+1}|| - 1 )^2

and the squared Lyapunov exponents ("gradient flossing"; Engelken 2023, arXiv:2312.17306).
"""

from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.analysis.jacobians import along
from rnn_research.analysis.lyapunov import lyapunov_along, norm_of, top_exponent
from rnn_research.analysis.scaled import Scaled, add, rescaled
from rnn_research.cells import Cell
from rnn_research.errors import UserError
from rnn_research.types import Array, Carry, Key, Params


def pascanu_omega(cell: Cell, params: Params, carry: Carry, x: Array, d_h: Array, *, immediate: bool = True) -> Array:
    """Omega of each example, ``[...]``, over the T - 1 steps between the states of a sequence.

    Args:
      cell: a cell in three parts. Its state s is its whole carry; the paper's is the
        pre-activation of a vanilla network.
      params: its parameters.
      carry: the carry before the first step, ``[..., H]``.
      x: inputs ``[T, ..., D]``.
      d_h: ``[T, ..., H]``, the loss's derivative with respect to each h_t as the
        layer's output, paths through later steps not counted; a constant. For E_T
        alone, zero but in the last place.
      immediate: the paper's approximation (eq. 10): in the derivative of Omega only
        the W_h that stands in each ds_{k+1}/ds_k counts; states and dE/ds_{k+1} are
        constants. If False, Omega is differentiated through all of them.

    A step whose gradient is exactly zero adds nothing.

    Raises:
      UserError: for a cell that does not split, where no W_h stands apart.
    """
    if cell.recur is None or cell.combine is None:
        raise UserError(f"cell {cell.name!r} has no linear part of its own to regularise by Omega")
    recur, combine, hidden = cell.recur, cell.combine, cell.hidden
    constant = jax.lax.stop_gradient if immediate else lambda tree: tree
    still = constant(params)
    before_T, u_T = along(cell, still, carry, x)
    d_h = jax.lax.stop_gradient(d_h)

    def back(from_later: Scaled, inputs: Any) -> tuple[Scaled, Array]:
        before, u, d_h = inputs
        _, pull = jax.vjp(hidden, before)  # hidden reads every carry alike
        delta = add(from_later, rescaled(pull(d_h)[0]))  # dE/ds_{k+1}
        v = recur(still, hidden(before))
        _, pull = jax.vjp(lambda carry, v: combine(still, carry, u, v)[0], before, v)
        direct, of_v = pull(delta.value)
        _, pull = jax.vjp(lambda carry: recur(params, hidden(carry)), before)
        pulled = jax.tree.map(jnp.add, direct, pull(of_v)[0])
        size = norm_of(delta.value)
        ratio = norm_of(pulled) / jnp.where(size > 0, size, 1)
        return constant(rescaled(pulled, delta.exponent)), jnp.where(size > 0, (ratio - 1) ** 2, 0)

    _, omega_T = jax.lax.scan(back, rescaled(jax.tree.map(jnp.zeros_like, carry)), (before_T, u_T, d_h), reverse=True)
    return jnp.sum(omega_T[1:], axis=0)


def flossing(
    cell: Cell, params: Params, carry: Carry, x: Array, top: int, *, burn_in: int = 0, key: Key | None = None
) -> Array:
    """sum_i lambda_i^2 over the ``top`` largest exponents along ``x [T, ..., D]``, of each example ``[...]``.

    Its gradient flows through the factorisations and the states. See ``lyapunov_along``
    and, for the one largest exponent, ``top_exponent``.
    """
    if top == 1:
        return top_exponent(cell, params, carry, x, burn_in=burn_in, key=key) ** 2
    return jnp.sum(lyapunov_along(cell, params, carry, x, top, burn_in=burn_in, key=key).exponents ** 2, axis=-1)
