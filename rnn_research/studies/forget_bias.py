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

from rnn_research.analysis.decay import early_lags, fitted_lags, line
from rnn_research.analysis.theory import forget_half_life
from rnn_research.config import Field, Section
from rnn_research.runs.half_lives import half_lives, turn
from rnn_research.studies import fields
from rnn_research.studies.described import interval
from rnn_research.studies.learning import Runs, initial_params, seeds_of
from rnn_research.studies.measuring import measuring
from rnn_research.studies.study import Keep, Say

FIELDS: Section = {
    **fields.seeds_of_each(5),
    **fields.sequences(500, 8),
    "biases": Field((-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0), "of the forget gates", low=-100, high=100),
    "scales": Field((0.1, 1.0), "of the recurrent matrices", low=0, high=1e6),
}


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Measures all biases, scales and seeds as one program.

    Returns:
      ``points``: an entry for each scale and bias, ready for JSON.
    """
    points = keep("points", partial(measure_points, config))
    for point in points:
        say(
            f"recurrent scale {point['recurrent_scale']:g}, forget bias {point['forget_bias']:+g}: half-life "
            f"{_said(point, 'half_life_steps')}, highway {_said(point, 'highway_half_life_steps')}, "
            f"predicted {point['predicted_half_life_steps']:.2f}"
        )
    length = config.analysis.length
    return {"points": points, "length": length, "fitted_lags": fitted_lags(length), "early_lags": early_lags(length)}


def measure_points(config: ConfigDict) -> list[dict[str, Any]]:
    """Slopes and half-lives with 95 % intervals over seeds."""
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
    early = early_lags(config.analysis.length)
    highway_M = np.array([line(log_T, within) for log_T in near.highway[0]])
    points = []
    for n, (scale, bias) in enumerate(dials):
        mine = slice(n * len(seeds), (n + 1) * len(seeds))
        points.append(
            {
                "recurrent_scale": scale,
                "forget_bias": bias,
                **interval("slope_nats_per_step", far.slope_L[mine, 0]),
                **interval("early_slope_nats_per_step", [line(log_T, early) for log_T in far.median_LT[mine, 0]]),
                **half_lives(far.slope_L[mine, 0]),
                "turn": turn(np.median(far.median_LT[mine, 0], axis=0), within, float(far.slope_L[mine, 0].mean())),
                **half_lives(highway_M[mine], name="highway_half_life_steps"),
                "predicted_half_life_steps": float(forget_half_life(jnp.float32(bias))),
            }
        )
    return points


def _said(point: dict[str, Any], name: str) -> str:
    return f"{point[name]:.2f}" if point[name] is not None else point[f"{name}_decay"]
