"""Penalties on vanishing and exploding gradients, as a term of the training loss: ``config.training.regularizer``.

omega       Pascanu, Mikolov and Bengio 2013, eqs. 9 and 10: keeps the norm of the gradient from step to step
flossing    Engelken 2023, arXiv:2312.17306: draws the top Lyapunov exponents to zero

Each is the sum over layers of the mean over sequences, in the parameters' own
precision and without dropout. A document's end within a chunk is not seen.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.analysis.layers import trace_layers
from rnn_research.analysis.regularizers import flossing, pascanu_omega
from rnn_research.cells import CELLS
from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError
from rnn_research.models import Model
from rnn_research.models.model import Recurrence
from rnn_research.models.recurrent import stack_of
from rnn_research.tasks import Batch, Task
from rnn_research.tasks.batches import first
from rnn_research.training.machines import devices
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll import Stack, StackParams, passed_on, unroll
from rnn_research.unroll.scan import without_padding

MOST = 1_000_000  # numbers in a state, and time steps
NAMES = ("none", "omega", "flossing")

FIELDS: Section = {
    "name": Field("none", "penalty: omega (Pascanu et al. 2013), flossing (Engelken 2023) or none", choices=NAMES),
    "weight": Field(1.0, "of the penalty that is added to the loss", low=0, free=True),
    "top": Field(1, "flossing: Lyapunov exponents a layer that are drawn to zero", low=1, high=MOST),
    "burn_in": Field(0, "flossing: first time steps that the exponents leave out", low=0, high=MOST),
    "sequences": Field(8, "flossing: sequences of each batch that have the penalty", low=1),
}

Penalty = Callable[[Params, Batch, Carry], Array]
"""``(params, batch, carry that it begins with) -> scalar``."""


def penalty(config: Any, model: Model, task: Task) -> Penalty | None:
    """The penalty that ``config.training.regularizer`` asks for, before its weight; None for none.

    Raises:
      UserError: for an unknown name, a number out of range, or a network that cannot have it.
    """
    wanted = config.training.regularizer
    check(FIELDS, wanted, "training.regularizer.")
    shape = stack_of(config.model)

    if wanted.name == "omega":
        _check_omega(shape)

        def omega(params: Params, batch: Batch, carry: Carry) -> Array:
            still = model.recurrences(*jax.lax.stop_gradient((params, batch, carry)))
            moving = model.recurrences(params, batch, carry)
            return sum((omega_of_layers(still[name], one.params) for name, one in moving.items()), start=jnp.zeros(()))

        return omega
    if wanted.name == "flossing":
        _check_flossing(wanted, shape, task)

        def flossed(params: Params, batch: Batch, carry: Carry) -> Array:
            few = first(batch, wanted.sequences), first(carry, wanted.sequences)
            found = model.recurrences(params, *few).values()
            return sum((flossing_of_layers(one, wanted.top, wanted.burn_in) for one in found), start=jnp.zeros(()))

        return flossed
    return None


def omega_of_layers(one: Recurrence, params: StackParams) -> Array:
    """Omega of every layer by itself, differentiable by the recurrent matrices alone (eq. 10).

    For a layer in a stack, dE/dh_t of eq. 9 is what reaches its output h_t from
    above: by way of the layers that read it, through their time too, but not
    through the layer's own later steps, since those are what Omega follows.

    Args:
      one: of the model's recurrences, without a gradient.
      params: of its stack, by which it is differentiated.
    """
    shape, carry, x_TBD = one.stack, one.carry, one.x
    if one.lengths_B is not None:
        x_TBD = without_padding(x_TBD, one.lengths_B)  # no gradient comes from there, so that Omega leaves it out
    T, B = x_TBD.shape[:2]

    def loss(eps: list[Array]) -> tuple[Array, list[Array]]:
        """The model's loss with eps added to every layer's outputs; and what each layer reads."""
        x, read = x_TBD, []
        for (cell,), (start,), eps_TBH in zip(one.params.cells, carry, eps, strict=True):
            read.append(x)
            h = unroll(shape.cell, cell, start, x)[1] + eps_TBH
            x = passed_on(shape, x, h)
        return one.error(x), read

    zero_TBH = jnp.zeros((T, B, shape.hidden), jnp.promote_types(x_TBD.dtype, jnp.float32))
    d_h, read = jax.grad(loss, has_aux=True)([zero_TBH] * shape.layers)
    return sum(
        (
            jnp.mean(pascanu_omega(shape.cell, cell, start, x, d_h_TBH))
            for (cell,), (start,), x, d_h_TBH in zip(params.cells, carry, read, d_h, strict=True)
        ),
        start=jnp.zeros(()),
    )


def flossing_of_layers(one: Recurrence, top: int, burn_in: int) -> Array:
    """The ``top`` squared exponents of every layer along its own inputs.

    Steps of padding count, as steps whose input is zero.
    """
    x_TBD = one.x if one.lengths_B is None else without_padding(one.x, one.lengths_B)
    layers = trace_layers(one.stack, one.params, one.carry, x_TBD)
    return sum(
        (
            jnp.mean(flossing(one.stack.cell, cell, start, layer.x, top, burn_in=burn_in))
            for (cell,), (start,), layer in zip(one.params.cells, one.carry, layers, strict=True)
        ),
        start=jnp.zeros(()),
    )


def _check_omega(shape: Stack) -> None:
    if shape.cell.recur is None or shape.cell.linear is not None:
        able = ", ".join(sorted(name for name, cell in CELLS.items() if cell.recur is not None and cell.linear is None))
        raise UserError(
            "training.regularizer.name=omega needs a recurrent matrix that stands apart, "
            f"model.cell={shape.cell.name} has none: choose flossing, or one of {able}"
        )


def _check_flossing(wanted: Any, shape: Stack, task: Task) -> None:
    carry = jax.eval_shape(lambda: shape.cell.initial_carry((shape.hidden,)))
    state = sum(leaf.size for leaf in jax.tree.leaves(carry))
    if wanted.top > state:
        raise UserError(
            f"training.regularizer.top={wanted.top} must be at most {state}, "
            f"the numbers in the state of a {shape.cell.name} of model.hidden={shape.hidden}"
        )
    if wanted.burn_in >= task.length:
        raise UserError(
            f"training.regularizer.burn_in={wanted.burn_in} must be below {task.length}, the time steps of a sequence"
        )
    if wanted.top > 1 and devices.host_must_wait():
        raise UserError(
            f"training.regularizer.top={wanted.top} needs one device, since factorisations of several CPU "
            "devices at a time wait for each other for ever: choose 1, or leave "
            "xla_force_host_platform_device_count out of XLA_FLAGS"
        )
