"""The recurrent core of every model, from its section of a config."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells import CELLS, INITIALIZERS, CellInit
from rnn_research.cells.initializers import Initializer, Ring, uniform
from rnn_research.errors import UserError, at_least, one_of
from rnn_research.types import Params
from rnn_research.unroll import FORMS, REMATS, Solver, Stack, persistent
from rnn_research.unroll.parallel import check_solver

MOST_LAYERS = 1000  # of which the compilation alone takes many minutes


def stack_of(config: Any) -> Stack:
    """The stack that ``config.model`` asks for.

    Raises:
      UserError: for an unknown cell, a size below one, or a form of the unroll that the cell cannot have.
    """
    one_of("--config.model.cell", config.cell, CELLS)
    at_least("--config.model.hidden", config.hidden, 1)
    at_least("--config.model.layers", config.layers, 1)
    if config.layers > MOST_LAYERS:
        raise UserError(f"--config.model.layers={config.layers} must be at most {MOST_LAYERS}: each is compiled apart")
    if not 0 <= config.dropout < 1:
        raise UserError(f"--config.model.dropout={config.dropout} must be at least 0 and below 1")
    for part in ("input", "recurrent", "output"):
        one_of(f"--config.model.init.{part}", config.init[part], INITIALIZERS)
        at_least(f"--config.model.init.{part}_scale", config.init[f"{part}_scale"], 0)
        if part != "recurrent" and config.init[part] == "spectral_radius":
            raise UserError(
                f"--config.model.init.{part}=spectral_radius needs a square matrix: "
                "only --config.model.init.recurrent can have it"
            )
    at_least("--config.model.init.bias_half_width", config.init.bias_half_width, 0)
    if not math.isfinite(config.init.forget_bias):
        raise UserError(f"--config.model.init.forget_bias={config.init.forget_bias} must be finite")
    _check_ring(_ring_of(config.init))
    form, remat = form_of(config)
    return Stack(
        cell=CELLS[config.cell],
        hidden=config.hidden,
        layers=config.layers,
        residual=config.residual,
        learned_carry=config.learned_carry,
        form=form,
        remat=remat,
        solver=solver_of(config),
    )


def form_of(config: Any) -> tuple[str, str]:
    """``config.model.unroll`` and ``remat``.

    Raises:
      UserError: for an unknown one, or a form that the cell cannot have.
    """
    form = one_of("--config.model.unroll", config.unroll, (*FORMS, "auto"))
    remat = one_of("--config.model.remat", config.remat, REMATS)
    if form == "fast" and CELLS[config.cell].recur is None:
        able = ", ".join(sorted(name for name, cell in CELLS.items() if cell.recur is not None))
        raise UserError(
            f"--config.model.unroll=fast needs a recurrent matmul that waits for nothing else in its step, "
            f"--config.model.cell={config.cell} has none: choose auto, plain, or one of the cells {able}"
        )
    return form, remat


def check_kernel(config: Any, dtype: str) -> None:
    """Refuses ``config.model.unroll=persistent`` for a layer that no kernel can hold when computed in ``dtype``.

    On which machine there is one is not asked: what a GPU has trained is read on others.

    Raises:
      UserError: with the reason.
    """
    if form_of(config)[0] != "persistent":
        return
    cell, H = CELLS[config.cell], config.hidden
    carry, x = cell.initial_carry((1, H)), jnp.zeros((1, 1))

    def why_not(dtype: str) -> str:
        params = jax.eval_shape(lambda key: cell.init(key, 1, H, CellInit(), jnp.dtype(dtype)), jax.random.key(0))
        return persistent.why_not(cell, params, carry, x)

    if reason := why_not(dtype):
        smaller = "" if why_not("bfloat16") else " or --config.training.dtype=bfloat16"
        raise UserError(f"--config.model.unroll=persistent cannot be, {reason}: choose auto{smaller}")


def solver_of(config: Any) -> Solver:
    """``config.model.parallel``.

    Raises:
      UserError: for a number that cannot be, or a method that the cell cannot have.
    """
    wanted = config.parallel
    solver = Solver(wanted.method, wanted.tolerance or None, wanted.iterations, wanted.damping)
    check_solver(CELLS[config.cell], solver, prefix="--config.model.parallel.")
    return solver


def start_of(config: Any) -> CellInit:
    """Where the cells' parameters begin, from ``config.model.init``; its numbers may be traced."""
    return CellInit(
        input=INITIALIZERS[config.input](config.input_scale),
        recurrent=INITIALIZERS[config.recurrent](config.recurrent_scale),
        bias=uniform(config.bias_half_width),
        forget_bias=config.forget_bias,
        ring=_ring_of(config),
    )


def _ring_of(config: Any) -> Ring:
    return Ring(config.ring_least, config.ring_most, config.ring_phase)


def _check_ring(ring: Ring) -> None:
    flag = "--config.model.init.ring_"
    if not 0 <= ring.least < 1:
        raise UserError(f"{flag}least={ring.least} must be at least 0 and below 1")
    if not ring.least < ring.most <= 1:
        raise UserError(f"{flag}most={ring.most} must be above ring_least={ring.least} and at most 1")
    if not 0 < ring.phase <= 2 * math.pi:
        raise UserError(f"{flag}phase={ring.phase} must be above 0 and at most 2 pi = 6.2832")


def output_start_of(config: Any) -> tuple[Initializer, Initializer]:
    """Initialisers of the output layer's weights and bias."""
    return INITIALIZERS[config.output](config.output_scale), uniform(config.bias_half_width)


def count(params: Params) -> int:
    """How many numbers the parameters hold."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))
