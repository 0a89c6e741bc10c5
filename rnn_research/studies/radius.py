"""The edge between vanishing and exploding: the gradient's rate against the gain of the recurrent matrix.

Elman networks, tanh and ReLU, with a Gaussian recurrent matrix of spectral radius
near g (circular law) or g times an orthogonal one, for every gain of
``config.analysis.gains``; beside the measured slope and top exponent stand the
bound log(sigma_max gamma) and log of the spectral radius. All in float64, since a
ReLU network with gain 1.6 holds numbers of 1e100 after 500 steps.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.decay import decay, fitted_lags
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.analysis.lyapunov import lyapunov_along
from rnn_research.analysis.theory import linear_rate, pascanu_bound, scalar_log_gradient
from rnn_research.cells import CELLS
from rnn_research.config import Field, Section
from rnn_research.config.flat import changed
from rnn_research.models import MODELS
from rnn_research.models.model import Recurrence
from rnn_research.studies import fields
from rnn_research.studies.described import interval
from rnn_research.studies.learning import Runs, initial_params, seeds_of
from rnn_research.studies.measuring import SHORTEST, sequences_of
from rnn_research.studies.study import Keep, Say
from rnn_research.training.members import Members
from rnn_research.types import Array, Params
from rnn_research.unroll import Stack, stack

CURVES = {
    "tanh_gaussian": {"model.cell": "elman", "model.init.recurrent": "normal"},
    "tanh_orthogonal": {"model.cell": "elman", "model.init.recurrent": "orthogonal"},
    "relu_gaussian": {"model.cell": "elman_relu", "model.init.recurrent": "normal"},
    "relu_orthogonal": {"model.cell": "elman_relu", "model.init.recurrent": "orthogonal"},
}

FIELDS: Section = {
    **fields.seeds_of_each(5),
    **fields.sequences(500, 16),
    # At a gain of zero nothing reaches back, and its logarithm is no number.
    "gains": Field(tuple(0.5 + 0.1 * g for g in range(12)), "of the recurrent matrix", low=1e-6, high=1e6),
    "lags": Field((50, 100, 200, 400), "up to which the slope is fitted", low=SHORTEST),
}


class Rates(NamedTuple):
    """Of one network, nats per step.

    Attributes:
      slope_R: of the median lag profile, fitted up to each of R lags.
      exponent: the top Lyapunov exponent.
      bound: log(sigma_max gamma).
      linear: log of the spectral radius.
    """

    slope_R: Array
    exponent: Array
    bound: Array
    linear: Array


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Measures every curve at every gain.

    Returns:
      ``curves``: name to one entry a gain, and where each crosses zero; ``closed_form``:
      how far scalar and linear networks are from what they must be.
    """
    config = changed(config, {"training.dtype": "float64"})
    curves = {}
    for name, own in CURVES.items():
        curves[name] = keep(name, partial(curve, changed(config, own)))
        say(f"{name}: the slope crosses zero at {_gain(curves[name]['edge_gain'])}")
    return {
        "curves": curves,
        "length": config.analysis.length,
        "lags": list(config.analysis.lags),
        "closed_form": keep("closed_form", partial(closed_form, config)),
    }


def curve(config: ConfigDict) -> dict[str, Any]:
    """All gains and seeds of one kind of network as one program."""
    gains = [float(g) for g in config.analysis.gains]
    # A Gaussian matrix has the spectral radius of its standard deviation times sqrt(H).
    unit = config.model.hidden**-0.5 if config.model.init.recurrent == "normal" else 1.0
    members = [{**seed, "model.init.recurrent_scale": g * unit} for g in gains for seed in seeds_of(config)]
    params_M = initial_params(config, members)
    task = sequences_of(config)
    model = MODELS[config.model.name].build(config.model, task.interface, jnp.float64)
    first, _ = fitted_lags(task.length)

    def one(_: None, params: Params) -> Rates:
        batch = task.batch(None, jax.random.key(config.analysis.sequences_seed), jnp.int32(0))
        (found,) = model.recurrences(params, batch, model.carry(params, len(batch.answers))).values()
        return rates(found._replace(x=found.x.astype(jnp.float64)), config.analysis.lags, first)

    group = Members(len(members), jax.local_devices()[:1])
    found = group.to_host(group.each(one)(None, group.lay(params_M)))
    w_h_MHH = np.asarray(params_M.stack.cells[0][0].w_h_GHH)[:, 0]
    found = found._replace(
        bound=np.asarray(pascanu_bound(jnp.asarray(w_h_MHH))), linear=np.asarray(linear_rate(jnp.asarray(w_h_MHH)))
    )
    by_gain = jax.tree.map(lambda leaf: leaf.reshape(len(gains), config.analysis.seeds, *leaf.shape[1:]), found)
    points = [
        {
            "gain": gain,
            **interval("slope_nats_per_step", by_gain.slope_R[g, :, -1]),
            "slope_by_seed": by_gain.slope_R[g, :, -1].tolist(),
            "slope_by_lag": by_gain.slope_R[g].mean(axis=0).tolist(),
            **interval("top_exponent_nats_per_step", by_gain.exponent[g]),
            **interval("bound_nats_per_step", by_gain.bound[g]),
            **interval("log_spectral_radius", by_gain.linear[g]),
        }
        for g, gain in enumerate(gains)
    ]
    edges = [edge(gains, by_gain.slope_R[:, s, -1]) for s in range(config.analysis.seeds)]
    known = [e for e in edges if e is not None]
    # The paper's statement, as a count: no slope above its bound.
    above = int(np.sum(found.slope_R[:, -1] > found.bound + 1e-9))
    whole = interval("edge_gain", np.array(known)) if len(known) == len(edges) else {"edge_gain": None}
    return {"points": points, **whole, "edge_gain_by_seed": edges, "slopes_above_bound": above}


def rates(one: Recurrence, longest: tuple[int, ...], first: int) -> Rates:
    """Slope and exponent of one network; bound and radius are filled in by the host, which has the solvers."""
    shape, params, carry, x_TBD = one.stack, one.params, one.carry, one.x
    profile = lag_profile(shape, params, carry, x_TBD, one.last_error)
    # A fifth of the lags is left out, as in every fit of ours, and the sequence's own beginning.
    most = len(x_TBD) - first
    slopes = [decay(profile.log_h[0], first_lag=lag // 5, last_lag=min(lag, most), draws=1).slope for lag in longest]
    (cell_params,), (cell_carry,) = params.cells[0], carry[0]
    spectrum = lyapunov_along(shape.cell, cell_params, cell_carry, x_TBD, top=1, burn_in=first)
    zero = jnp.zeros((), x_TBD.dtype)
    return Rates(jnp.stack(slopes), jnp.mean(spectrum.exponents), zero, zero)


def edge(gains: list[float], slopes: np.ndarray) -> float | None:
    """The least gain at which the slope passes zero, between two gains by a straight line; None if it never does."""
    for g in range(1, len(gains)):
        if slopes[g - 1] < 0 <= slopes[g]:
            share = -slopes[g - 1] / (slopes[g] - slopes[g - 1])
            return float(gains[g - 1] + share * (gains[g] - gains[g - 1]))
    return None


def closed_form(config: ConfigDict) -> dict[str, Any]:
    """A tanh network at rest is linear, h_t = W h_{t-1}: profiles against w^lag and against W's eigenvectors."""
    T = config.analysis.length
    scalar = [float(np.abs(_at_rest(np.array([[w]]), T) - _scalar(w, T)).max()) for w in config.analysis.gains]
    matrices = [np.random.default_rng(s).normal(0, 24**-0.5, (24, 24)) for s in range(config.analysis.seeds)]
    linear = [float(np.abs(_at_rest(w_HH, T) - _by_eigenvectors(w_HH, T)).max()) for w_HH in matrices]
    return {
        "lags": T - 1,
        "scalar_largest_error_nats": max(scalar),
        "linear_largest_error_nats": max(linear),
        "linear_largest_nats": max(float(np.abs(_by_eigenvectors(w, T)).max()) for w in matrices),
    }


def _at_rest(w_HH: np.ndarray, T: int) -> np.ndarray:
    """log ||dE/dh_t|| by lag where E_T = sum(h_T) and no input ever comes."""
    H = len(w_HH)
    cell = CELLS["elman"]
    shape = Stack(cell, H)
    params = stack.init(shape, jax.random.key(0), 1, dtype=jnp.float64)
    quiet = jax.tree.map(jnp.zeros_like, params.cells[0][0])._replace(w_h_GHH=jnp.asarray(w_HH)[None])
    params = params._replace(cells=((quiet,),))
    carry = stack.initial_carry(shape, params, (), jnp.float64)
    x_TD = jnp.zeros((T, 1), jnp.float64)
    return np.asarray(lag_profile(shape, params, carry, x_TD, jnp.ones(H, jnp.float64)).log_h)[0, ::-1]


def _scalar(w: float, T: int) -> np.ndarray:
    return np.asarray(scalar_log_gradient(jnp.float64(w), jnp.arange(T)))


def _by_eigenvectors(w_HH: np.ndarray, T: int) -> np.ndarray:
    """log ||W^k 1||, with W = V diag(lambda) V^-1, so that no power of W is ever formed.

    The largest eigenvalue is taken out, for the powers of the rest not to underflow with it.
    """
    values, vectors = np.linalg.eig(w_HH)
    top = np.abs(values).max()
    start = np.linalg.solve(vectors, np.ones(len(w_HH)))
    lag = np.arange(T)[:, None]
    return np.log(np.linalg.norm((values / top) ** lag * start @ vectors.T, axis=1)) + lag[:, 0] * np.log(top)


def _gain(edge: float | None) -> str:
    return "no gain of the sweep" if edge is None else f"gain {edge:.3f}"
