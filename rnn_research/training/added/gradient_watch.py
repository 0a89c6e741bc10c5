"""Where the gradient goes, watched while a run trains: ``config.analysis.gradient_flow``.

A few sequences of the batch that comes next, from the carries that their streams
stand at, are measured as the gradient laboratory measures them: the error is the
task's loss at the last step of each sequence (for text: of the last symbol of the
chunk), without dropout, in the parameters' own precision (float32 where training
computes in bfloat16). Of every layer:

slope_nats_per_step           of log ||dE/dh_t||, median over sequences, against the lag
slope_nats_per_step_low95     and _high95: Student's interval of the mean of the sequences' own slopes
half_life_steps               ln 2 / -slope; left out where that interval does not lie below zero, or the
                              profile goes against its line (it falls and rises again, say)
turn_nats                     by how much it does, where it does
exploding_share               of the sequences, whose own slope is above zero
top_exponent_nats_per_step    largest Lyapunov exponent of the layer along its own inputs, mean over sequences

What is not finite (the slope of a gradient that is exactly zero) is left out too.
A document's end within a chunk is not seen: the network reads on. Sequences shorter
than the batch are moved to its end, and zeros are read before them.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.analysis.decay import fitted_lags
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.layers import trace_layers
from rnn_research.analysis.lyapunov import top_exponent
from rnn_research.config import Field, Section
from rnn_research.errors import UserError
from rnn_research.models import Model
from rnn_research.models.model import Recurrence
from rnn_research.runs.half_lives import turn
from rnn_research.runs.statistics import mean_interval
from rnn_research.tasks import Task
from rnn_research.tasks.batches import first
from rnn_research.training.state import Purpose, TrainState, purpose_key
from rnn_research.types import Array

FIELDS: Section = {
    "gradient_flow": Field(False, "measures the reach of the gradient while training"),
    "gradient_flow_every": Field(0, "steps; 0: at every evaluation", low=0),
    "gradient_flow_sequences": Field(8, "of the batch that are measured", low=1),
}


class Measured(NamedTuple):
    """What the device finds; the host fits the slopes, which is no work and need not be compiled.

    Attributes:
      log_LTB: log ||dE/dh_t||, nats, step 0 first.
      top_LB: the largest Lyapunov exponent, nats per step.
    """

    log_LTB: Array
    top_LB: Array


def check(config: Any, task: Task) -> None:
    """Refuses what cannot be measured.

    Raises:
      UserError: for sequences of one step.
    """
    if config.analysis.gradient_flow and task.length < 2:
        raise UserError(
            f"analysis.gradient_flow=True needs two time steps, a batch of {task.name} has {task.length}: "
            "make its sequences longer"
        )


def measurement(config: Any, model: Model, task: Task) -> Callable[[TrainState, Any], Measured]:
    """``(state, data) -> Measured``, jitted (so not to be called within another jit); the state stays as it is."""
    count = config.analysis.gradient_flow_sequences

    def measured(state: TrainState, data: Any) -> Measured:
        batch = task.batch(data, purpose_key(state.key, state.step, Purpose.BATCH), state.step)
        (one,) = model.recurrences(state.params, first(batch, count), first(state.carry, count)).values()
        return measure(one)

    # On a CPU the compiler's own time is what this costs: halved, for a program that runs for moments.
    quick = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(measured, compiler_options=quick)


def measure(one: Recurrence) -> Measured:
    """Measures one network on the sequences of one recurrence; see the head of this file."""
    shape, params, carry = one.stack, one.params, one.carry
    x_TBD = one.x if one.lengths_B is None else _ending_together(one.x, one.lengths_B)
    log_LTB = lag_profile(shape, params, carry, x_TBD, one.last_error).log_h
    burn_in, _ = fitted_lags(len(x_TBD))
    layers = trace_layers(shape, params, carry, x_TBD)
    top_LB = [
        top_exponent(shape.cell, cell, start, layer.x, burn_in=burn_in)
        for (cell,), (start,), layer in zip(params.cells, carry, layers, strict=True)
    ]
    return Measured(log_LTB, jnp.stack(top_LB))


def record(measured: Measured) -> dict[str, float]:
    """One flat record: as named above for one layer, and with ``_layer1``, ``_layer2`` ... for more."""
    log_LTB, top_LB = (np.asarray(values, np.float64) for values in measured)
    values: dict[str, float] = {}
    for layer in range(len(log_LTB)):
        profile_T = np.median(log_LTB[layer], axis=-1)
        slope = _slope(profile_T)
        turned = turn(profile_T, fitted_lags(len(profile_T)), slope)
        own_B = np.array([_slope(log_T) for log_T in log_LTB[layer].T])
        known_B = own_B[np.isfinite(own_B)]
        low, high = mean_interval(known_B)[1:] if len(known_B) > 1 else (math.nan, math.nan)
        found = {
            "slope_nats_per_step": slope,
            "slope_nats_per_step_low95": low,
            "slope_nats_per_step_high95": high,
            "half_life_steps": math.log(2) / -slope if slope < 0 and high < 0 and not turned else math.inf,
            "turn_nats": turned.nats if turned else math.nan,
            "exploding_share": float(np.mean(own_B > 0)),
            "top_exponent_nats_per_step": float(np.mean(top_LB[layer])),
        }
        suffix = f"_layer{layer + 1}" if len(log_LTB) > 1 else ""
        values |= {f"{name}{suffix}": value for name, value in found.items() if math.isfinite(value)}
    return values


def _slope(log_T: np.ndarray) -> float:
    """Least squares of a profile against the lag, as in ``decay``: zeros are left out, nan without two points."""
    first, last = fitted_lags(len(log_T))
    lag_T = np.arange(len(log_T))[::-1]
    chosen = (lag_T >= first) & (lag_T <= last) & np.isfinite(log_T)
    if chosen.sum() < 2:
        return math.nan
    lag, log = lag_T[chosen] - lag_T[chosen].mean(), log_T[chosen]
    return float(lag @ log / (lag @ lag))


def _ending_together(x_TBD: Array, lengths_B: Array) -> Array:
    """Sequences moved in time so that all end at the last step, with zeros before them."""
    T = len(x_TBD)
    from_TB = jnp.arange(T)[:, None] - (T - lengths_B)
    moved = jnp.take_along_axis(x_TBD, jnp.maximum(from_TB, 0)[..., None], axis=0)
    return jnp.where((from_TB >= 0)[..., None], moved, 0)
