"""The recurrent core of every model, from its section of a config."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from rnn_research.cells import CELLS, INITIALIZERS, CellInit
from rnn_research.cells.initializers import Initializer, Ring, uniform
from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError
from rnn_research.types import Params
from rnn_research.unroll import FORMS, REMATS, Solver, Stack, persistent
from rnn_research.unroll.parallel import METHODS, MOST_ROUNDS, check_solver

MOST_LAYERS = 1000  # each is compiled apart, which alone takes many minutes

INIT: Section = {
    "input": Field("glorot", "where input weights begin", choices=INITIALIZERS),
    "input_scale": Field(1.0, "of the input weights, times that", low=0, free=True),
    "recurrent": Field("orthogonal", "where recurrent weights begin", choices=INITIALIZERS),
    "recurrent_scale": Field(1.0, "of the recurrent weights, times that", low=0, free=True),
    "output": Field("glorot", "where the weights of the answer begin", choices=INITIALIZERS),
    "output_scale": Field(1.0, "of the answer's weights, times that", low=0, free=True),
    "bias_half_width": Field(0.0, "biases begin in U(-a, a)", low=0, free=True),
    "forget_bias": Field(1.0, "added to the LSTM's forget bias", free=True),
    "ring_least": Field(0.0, "the LRU's eigenvalues begin with radii from here", low=0, below=1, free=True),
    "ring_most": Field(1.0, "the LRU: radii to here (0.9 and 0.999 for long memories)", above=0, high=1, free=True),
    "ring_phase": Field(2 * math.pi, "the LRU: angles from 0 to here", above=0, high=2 * math.pi, free=True),
}
FIELDS: Section = {
    "cell": Field("lstm", "what stands at every step", choices=CELLS),
    "hidden": Field(128, "units of a layer", low=1),
    "layers": Field(1, "of cells, each of which reads the one below", low=1, high=MOST_LAYERS),
    "embedding": Field(0, "numbers that stand for a symbol; 0: one-hot input", low=0),
    "dropout": Field(0.0, "between layers and before the output", low=0, below=1, free=True, zero_apart=True),
    "residual": Field(False, "every layer adds to what it reads"),
    "learned_carry": Field(False, "the carry that a sequence begins with is trained; else it is zero"),
    "unroll": Field(
        "auto",
        "over time: fast where it can be (auto), plain, persistent (on a GPU), parallel (in time)",
        choices=(*FORMS, "auto"),
    ),
    "remat": Field(
        "none", "computed again on the way back to save memory: none, gates, sqrt (long sequences)", choices=REMATS
    ),
    "parallel": {
        "method": Field(
            "auto", "of unroll=parallel: associative (linear cells), deer, quasi (deer within units)", choices=METHODS
        ),
        "tolerance": Field(0.0, "relative, of Newton's method; 0: by the precision", low=0),
        "iterations": Field(
            100,
            "rounds of Newton's method; a sequence that needs more is looped over",
            low=1,
            high=MOST_ROUNDS,
        ),
        "damping": Field(0.0, "of Newton's method, for networks whose Jacobians grow", low=0, high=1),
    },
    "init": INIT,
}
"""Fields that every model with one recurrent core reads."""


def stack_of(config: Any) -> Stack:
    """The stack that ``config.model`` asks for.

    Raises:
      UserError: for an unknown cell, a size below one, or a form of the unroll that the cell cannot have.
    """
    check(FIELDS, config, "model.")
    for part in ("input", "output"):
        if config.init[part] == "spectral_radius":
            raise UserError(
                f"model.init.{part}=spectral_radius needs a square matrix: only model.init.recurrent can have it"
            )
    if not config.init.ring_least < config.init.ring_most:
        raise UserError(
            f"model.init.ring_most={config.init.ring_most} must be above model.init.ring_least={config.init.ring_least}"
        )
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
    form, remat = config.unroll, config.remat
    if form == "fast" and CELLS[config.cell].recur is None:
        able = ", ".join(sorted(name for name, cell in CELLS.items() if cell.recur is not None))
        raise UserError(
            f"model.unroll=fast needs a recurrent matmul that waits for nothing else in its step, "
            f"model.cell={config.cell} has none: choose auto, plain, or one of the cells {able}"
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
        smaller = "" if why_not("bfloat16") else " or training.dtype=bfloat16"
        raise UserError(f"model.unroll=persistent cannot be, {reason}: choose auto{smaller}")


def solver_of(config: Any) -> Solver:
    """``config.model.parallel``.

    Raises:
      UserError: for a number that cannot be, or a method that the cell cannot have.
    """
    wanted = config.parallel
    solver = Solver(wanted.method, wanted.tolerance or None, wanted.iterations, wanted.damping)
    check_solver(CELLS[config.cell], solver, prefix="model.parallel.")
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


def output_start_of(config: Any) -> tuple[Initializer, Initializer]:
    """Initialisers of the output layer's weights and bias."""
    return INITIALIZERS[config.output](config.output_scale), uniform(config.bias_half_width)


def count(params: Params) -> int:
    """How many numbers the parameters hold."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))
