"""How far an LSTM's gradient reaches as its forget bias opens the highway, at initialisation.

For every bias of ``config.analysis.biases``, and for recurrent matrices of every
scale of ``config.analysis.scales``: the half-life of the whole gradient, of the
forget gates' product alone, and the prediction -ln 2 / ln sigma(b) of a network
whose forget gates see their bias alone.
"""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.decay import fitted_lags
from rnn_research.analysis.theory import forget_half_life
from rnn_research.runs.statistics import median_interval
from rnn_research.studies.described import finite
from rnn_research.studies.learning import initial_params, seeds_of
from rnn_research.studies.measuring import measuring
from rnn_research.studies.study import Keep, Say, made_anew
from rnn_research.types import Array


def run(config: ConfigDict, say: Say, keep: Keep = made_anew) -> dict[str, Any]:
    """Measures all biases, scales and seeds as one program.

    Returns:
      ``points``: an entry for each scale and bias, ready for JSON.
    """
    points = keep("points", partial(measure_points, config))
    for point in points:
        say(
            f"recurrent scale {point['recurrent_scale']:g}, forget bias {point['forget_bias']:+g}: half-life "
            f"{_steps(point['half_life_steps'])}, highway {_steps(point['highway_half_life_steps'])}, "
            f"predicted {point['predicted_half_life_steps']:.2f}"
        )
    return {"points": points, "length": config.analysis.length}


def measure_points(config: ConfigDict) -> list[dict[str, Any]]:
    """Half-lives with 95 % intervals over seeds."""
    dials = [(float(s), float(b)) for s in config.analysis.scales for b in config.analysis.biases]
    seeds = seeds_of(config)
    members = [
        {**seed, "model.init.recurrent_scale": scale, "model.init.forget_bias": bias}
        for scale, bias in dials
        for seed in seeds
    ]
    far, near = measuring(config, len(members))(initial_params(config, members))
    within = fitted_lags(config.analysis.length)
    assert near.highway is not None
    highway_M = np.array([slope(log_T, within) for log_T in near.highway[0]])
    points = []
    for n, (scale, bias) in enumerate(dials):
        mine = slice(n * len(seeds), (n + 1) * len(seeds))
        points.append(
            {
                "recurrent_scale": scale,
                "forget_bias": bias,
                **half_lives("half_life_steps", far.slope_L[mine, 0]),
                **half_lives("highway_half_life_steps", highway_M[mine]),
                "slope_nats_per_step": float(far.slope_L[mine, 0].mean()),
                "predicted_half_life_steps": float(forget_half_life(jnp.float32(bias))),
            }
        )
    return points


def slope(log_T: np.ndarray, within: tuple[int, int]) -> float:
    """Nats per step of lag, least squares over the lags that are fitted; entry 0 is the largest lag."""
    by_lag = np.asarray(log_T, np.float64)[::-1]
    lag = np.arange(within[0], within[1] + 1)
    return float(np.polyfit(lag, by_lag[lag], 1)[0])


def half_lives(name: str, slope_M: np.ndarray | Array) -> dict[str, Any]:
    """Median over seeds with its interval; None where the gradient does not decay."""
    slope_M = np.asarray(slope_M)
    with np.errstate(divide="ignore"):
        steps_M = np.where(slope_M < 0, -np.log(2) / np.minimum(slope_M, -1e-30), np.inf)
    found: dict[str, Any] = {name: finite(np.median(steps_M)), f"{name}_by_seed": [finite(s) for s in steps_M]}
    low, high = median_interval(steps_M)
    if np.isfinite([low, high]).all():
        found[f"{name}_low95"], found[f"{name}_high95"] = low, high
    return found


def _steps(half_life: float | None) -> str:
    return "none" if half_life is None else f"{half_life:.2f}"
