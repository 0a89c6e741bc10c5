"""What the gradient laboratory measures of one network on one batch, as one pure function."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from rnn_research.analysis.bptt_sum import bptt_sum
from rnn_research.analysis.decay import decay
from rnn_research.analysis.gates import SIGMOIDAL, gate_statistics
from rnn_research.analysis.highway import highway
from rnn_research.analysis.jacobians import along
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.layers import trace_layers
from rnn_research.analysis.lyapunov import Lyapunov, lyapunov_along
from rnn_research.analysis.memory_curse import sensitivity
from rnn_research.cells.jacobian import step_jacobian
from rnn_research.models.model import Recurrence
from rnn_research.types import Array
from rnn_research.unroll import passed_on


class Reach(NamedTuple):
    """How far the gradient of the last step's error reaches; every array is of one network.

    Attributes:
      slope_L: of log ||dE/dh_t|| (or c_t) by layer, nats per step, fitted to lags ``first`` to ``last``.
      slope_low_L, slope_high_L: 95 % over the sequences.
      exploding_share_L: share of the sequences whose own profile grows backwards.
      median_LT: log ||dE/dh_t||, median over sequences, less its value at lag 0 (lag 1 for c); step 0 first.
      low_LT, high_LT: the quartiles.
      exponents_LR: top Lyapunov exponents of each layer, nats per step, mean over sequences, the largest first.
        Those of the whole stack are all of them together: a layer's Jacobian does not depend on the layers above.
      running_T: estimate of the first layer's top one after each step past the burn-in, the same mean.
      local_T: its growth at every step in the first sequence; means of windows are finite-time exponents.
    """

    slope_L: Array
    slope_low_L: Array
    slope_high_L: Array
    exploding_share_L: Array
    median_LT: Array
    low_LT: Array
    high_LT: Array
    exponents_LR: Array
    running_T: Array
    local_T: Array


class Detail(NamedTuple):
    """A closer look at a few sequences.

    Attributes:
      highway: log norms of the forget gates' product and of dc_T/dc_t in the first layer, ``[T]`` each, or None.
      gates: by layer and gate, the shares below 0.1 and above 0.9, and a histogram of 20 bins over [0, 1].
      jacobians_KMM: ds_t/ds_{t-1} of the first layer at K steps of the first sequence.
      bptt_share_T: of the top layer's weight gradient, ||summand_k|| over the sum of all, first sequence.
      log_dh_ds_T: log ||dh_t/ds|| where the first layer's W_h is s W_h, first sequence.
      log_dh_dh0_T: log ||dh_t/dh_0||, first layer and sequence.
    """

    highway: tuple[Array, Array] | None
    gates: tuple[dict[str, tuple[Array, Array, Array]], ...]
    jacobians_KMM: Array
    bptt_share_T: Array
    log_dh_ds_T: Array
    log_dh_dh0_T: Array


def reach(
    one: Recurrence,
    *,
    first: int,
    last: int,
    state: str = "h",
    exponents: int = 8,
) -> Reach:
    """Measures one network.

    Args:
      one: its recurrence on some sequences; the error is that of their last answers.
      first, last: lags that slopes are fitted to; the exponents leave out as many first steps as ``first``.
      state: whose gradient is followed, h or c.
      exponents: how many of them.
    """
    shape, params, carry, x_TBD = one.stack, one.params, one.carry, one.x
    profile = lag_profile(shape, params, carry, x_TBD, one.last_error)
    log_LTB = profile.log_h if state == "h" else profile.log_c
    assert log_LTB is not None, "check_state comes first"
    fit = decay(log_LTB, first_lag=first, last_lag=last, draws=200)
    own = decay(jnp.moveaxis(log_LTB, -1, 0)[..., None], first_lag=first, last_lag=last, draws=1)
    start = fit.median[:, -1:] if state == "h" else fit.median[:, -2:-1]  # the last c is read by its own h alone
    spectra = [
        largest_first(lyapunov_along(shape.cell, cell, start, layer.x, top=min(exponents, shape.hidden), burn_in=first))
        for (cell,), (start,), layer in zip(params.cells, carry, trace_layers(shape, params, carry, x_TBD), strict=True)
    ]
    return Reach(
        slope_L=fit.slope,
        slope_low_L=fit.slope_low,
        slope_high_L=fit.slope_high,
        exploding_share_L=jnp.mean(own.slope > 0, axis=0),
        median_LT=fit.median - start,
        low_LT=fit.quantiles[:, 1] - start,
        high_LT=fit.quantiles[:, 3] - start,
        exponents_LR=jnp.stack([jnp.mean(spectrum.exponents, axis=0) for spectrum in spectra]),
        running_T=jnp.mean(spectra[0].running[..., 0], axis=-1),
        local_T=spectra[0].local[:, 0, 0],
    )


def largest_first(spectrum: Lyapunov) -> Lyapunov:
    """The spectra ``[..., B, R]`` of some sequences in the order of their means over these.

    The factorisation leaves them in order but for finite-time noise: where they are close to
    each other, the first direction need not be the one that grew most.
    """
    order_R = jnp.argsort(-jnp.mean(spectrum.exponents, axis=0))
    return Lyapunov(*(values[..., order_R] for values in spectrum))


def detail(one: Recurrence, *, steps: int = 8) -> Detail:
    """Looks closer at one network.

    Args:
      one: as for ``reach``, of a few sequences: dc_T/dc_t is formed for all of them, which costs H backward passes.
      steps: at how many of them the one-step Jacobian is formed, K.
    """
    shape, params, carry, x_TBD = one.stack, one.params, one.carry, one.x
    T = len(x_TBD)
    layers = trace_layers(shape, params, carry, x_TBD)
    (cell_params,), (cell_carry,) = params.cells[0], carry[0]
    gates = []
    for layer in layers:
        opens = any(hasattr(layer.gates, name) for name in SIGMOIDAL)
        found = gate_statistics(layer.gates, bins=20) if opens else {}
        gates.append({name: (g.left, g.right, g.histogram) for name, g in found.items()})
    lanes = None
    if hasattr(layers[0].gates, "f") and hasattr(cell_carry, "c"):
        both = highway(shape.cell, cell_params, cell_carry, x_TBD)
        lanes = jnp.median(both.log_highway, axis=-1), jnp.median(both.log_whole, axis=-1)

    alone = jax.tree.map(lambda leaf: leaf[0], carry)
    before_T, u_T = along(shape.cell, cell_params, alone[0][0], x_TBD[:, 0])
    chosen = jnp.linspace(T // 5, T - 1, min(steps, T)).astype(jnp.int32)
    pick = lambda tree: jax.tree.map(lambda leaf: leaf[chosen], tree)  # noqa: E731
    felt = sensitivity(shape.cell, cell_params, alone[0][0], x_TBD[:, 0])

    top = layers[-1]
    (top_params,), (top_carry,) = params.cells[-1], alone[-1]
    # A residual connection reaches E_T by the last h alone: the same derivative.
    last_BH = passed_on(shape, top.x[-1], shape.cell.hidden(top.carries)[-1])
    d_BH = jax.grad(lambda h_BH: jnp.sum(one.last_error(h_BH)))(last_BH)
    summands = bptt_sum(shape.cell, top_params, top_carry, top.x[:, 0], d_BH[0])
    return Detail(
        highway=lanes,
        gates=tuple(gates),
        jacobians_KMM=step_jacobian(shape.cell, cell_params, pick(before_T), pick(u_T)),
        bptt_share_T=summands.of_all.norm_share,
        log_dh_ds_T=felt.log_dh_ds,
        log_dh_dh0_T=felt.log_dh_dh0,
    )
