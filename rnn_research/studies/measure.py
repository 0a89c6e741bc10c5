"""What the gradient laboratory measures of one network on one batch, as one pure function."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.analysis.decay import decay
from rnn_research.analysis.gates import gate_statistics
from rnn_research.analysis.highway import highway
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.layers import trace_layers
from rnn_research.analysis.lyapunov import lyapunov_along
from rnn_research.cells.linear import matmul
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.types import Array
from rnn_research.unroll import Stack, stack


class Reach(NamedTuple):
    """How far the gradient of the last step's error reaches; every array is of one network.

    Attributes:
      slope_L: of log ||dE/dh_t|| by layer, nats per step, fitted to lags ``first`` to ``last``.
      slope_low_L, slope_high_L: 95 % over the sequences.
      exploding_share_L: share of the sequences whose own profile grows backwards.
      median_LT: log ||dE/dh_t||, median over sequences, less its value at lag 0; step 0 first.
      low_LT, high_LT: the quartiles.
      exponents_R: top Lyapunov exponents of the first layer, nats per step, mean over sequences.
      highway: log norms of the forget gates' product and of dc_T/dc_t, ``[T]`` each, or None.
      saturation: by gate, the shares below 0.1 and above 0.9 in the first layer.
    """

    slope_L: Array
    slope_low_L: Array
    slope_high_L: Array
    exploding_share_L: Array
    median_LT: Array
    low_LT: Array
    high_LT: Array
    exponents_R: Array
    highway: tuple[Array, Array] | None
    saturation: dict[str, tuple[Array, Array]]


def inputs_of(params: LanguageModelParams, inputs: Array, input_size: int) -> Array:
    """What the first layer reads: numbers as they are, symbols one-hot or embedded, ``[T, B, D]``."""
    x = inputs
    if jnp.issubdtype(inputs.dtype, jnp.integer):
        x = jax.nn.one_hot(inputs, input_size, dtype=params.w_HV.dtype)
    return x if params.embedding_VE is None else matmul(x, params.embedding_VE)


def reach(
    shape: Stack,
    params: LanguageModelParams,
    x_TBD: Array,
    error: Any,
    *,
    first: int,
    last: int,
    burn_in: int,
    exponents: int = 8,
    highway_sequences: int = 4,
) -> Reach:
    """Measures one network.

    Args:
      shape: of its stack.
      params: of the whole model.
      x_TBD: inputs from ``inputs_of``.
      error: ``outputs [B, V] -> scalar``, the error at the last step, summed over sequences.
      first, last: lags that slopes are fitted to.
      burn_in: steps before the exponents' means.
      exponents: how many of them.
      highway_sequences: sequences that dc_T/dc_t is formed for; it costs H backward passes.
    """
    B = x_TBD.shape[1]
    carry = stack.initial_carry(shape, params.stack, (B,), x_TBD.dtype)
    profile = lag_profile(
        shape, params.stack, carry, x_TBD, lambda top_BH: error(matmul(top_BH, params.w_HV) + params.b_V)
    )
    log_LTB = profile.log_h
    fit = decay(log_LTB, first_lag=first, last_lag=last, draws=200)
    own = decay(jnp.moveaxis(log_LTB, -1, 0)[..., None], first_lag=first, last_lag=last, draws=1)
    at_zero = fit.median[:, -1:]
    (cell_params,), (cell_carry,) = params.stack.cells[0], carry[0]
    spectrum = lyapunov_along(
        shape.cell, cell_params, cell_carry, x_TBD, top=min(exponents, shape.hidden), burn_in=burn_in
    )
    layers = trace_layers(shape, params.stack, carry, x_TBD)
    gates = layers[0].gates
    lanes = None
    if hasattr(gates, "f") and hasattr(cell_carry, "c"):
        few = jax.tree.map(lambda c: c[:highway_sequences], cell_carry)
        found = highway(shape.cell, cell_params, few, x_TBD[:, :highway_sequences])
        lanes = jnp.median(found.log_highway, axis=-1), jnp.median(found.log_whole, axis=-1)
    saturation = {}
    if any(hasattr(gates, name) for name in ("i", "f", "o", "r", "z")):
        saturation = {name: (g.left, g.right) for name, g in gate_statistics(gates).items()}
    return Reach(
        slope_L=fit.slope,
        slope_low_L=fit.slope_low,
        slope_high_L=fit.slope_high,
        exploding_share_L=jnp.mean(own.slope > 0, axis=0),
        median_LT=fit.median - at_zero,
        low_LT=fit.quantiles[:, 1] - at_zero,
        high_LT=fit.quantiles[:, 3] - at_zero,
        exponents_R=jnp.mean(spectrum.exponents, axis=0),
        highway=lanes,
        saturation=saturation,
    )
