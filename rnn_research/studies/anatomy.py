"""Where the gradient goes, network beside network, at initialisation and after training.

Every network of ``config.analysis.networks`` begins with every seed, is measured
on fresh sequences of ``config.analysis.length`` steps, trained on ``config.task``
for ``config.training.steps``, and measured again.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.theory import forget_half_life, pascanu_bound
from rnn_research.errors import one_of
from rnn_research.models.recurrent import stack_of
from rnn_research.runs.statistics import mean_interval
from rnn_research.studies.learning import changed, headed, initial_params, train_members
from rnn_research.studies.measure import Reach, inputs_of, reach
from rnn_research.studies.networks import NETWORKS
from rnn_research.tasks import TASKS, Task
from rnn_research.training.population import Members
from rnn_research.types import Array


def run(config: ConfigDict, say: Callable[[str], None]) -> dict[str, Any]:
    """Measures all networks.

    Returns:
      ``networks``: name to ``initial`` and ``trained`` measurements, ready for JSON.
    """
    found: dict[str, Any] = {}
    for name in config.analysis.networks:
        one_of("--config.analysis.networks", name, NETWORKS)
        point = changed(config, NETWORKS[name])
        seeds = [{"seed": config.seed + s} for s in range(config.analysis.seeds)]
        measured = {"initial": measure(point, initial_params(point, seeds))}
        say(f"{name}: measured at initialisation")
        if config.training.steps:
            outcomes, params_M, _ = train_members(point, seeds, -np.inf, headed(say, name))
            measured["trained"] = measure(point, params_M)
            measured["trained"]["objective_median"] = float(np.median([o.final for o in outcomes]))
        found[name] = measured
    return {"networks": found, "task": config.task.name, "length": config.analysis.length}


def measure(config: ConfigDict, params_M: Any) -> dict[str, Any]:
    """One kind of network, all seeds in one program, as a dictionary ready for JSON."""
    task = sequences_of(config)
    shape = stack_of(config.model)
    batch = task.batch(task.splits["train"].data, jax.random.key(config.analysis.sequences_seed), jnp.int32(0))
    last_B = jax.tree.map(lambda y: y[-1:], batch.targets)

    def one(params: Any) -> Reach:
        x_TBD = inputs_of(params, batch.inputs, task.input_size)
        return reach(
            shape,
            params,
            x_TBD,
            lambda outputs_BV: task.loss(outputs_BV[None], last_B) * outputs_BV.shape[0],
            first=config.analysis.first_lag,
            last=config.analysis.last_lag,
            burn_in=config.analysis.first_lag,
        )

    members = jax.tree.leaves(params_M)[0].shape[0]
    # On one device: factorisations of two CPU devices at a time wait for each other for ever.
    group = Members(members, jax.local_devices()[:1])
    measured = group.to_host(group.each(one)(group.lay(params_M)))
    return describe(measured, params_M, config)


def sequences_of(config: ConfigDict) -> Task:
    """The task at the length and number of the sequences that are measured."""
    longer = changed(config, {"task.length": config.analysis.length, "task.batch_size": config.analysis.sequences})
    return TASKS[config.task.name](longer.task, longer.evaluation)


def describe(measured: Reach, params_M: Any, config: ConfigDict) -> dict[str, Any]:
    """Means and 95 % intervals over seeds; the first layer's where layers differ."""
    slope_M, top_M = measured.slope_L[:, 0], measured.exponents_R[:, 0]
    half_life_M = np.where(slope_M < 0, -np.log(2) / np.minimum(slope_M, -1e-30), np.inf)
    found: dict[str, Any] = {
        **interval("slope_nats_per_step", slope_M),
        **interval("top_exponent_nats_per_step", top_M),
        "slope_by_seed": slope_M.tolist(),
        "top_exponent_by_seed": top_M.tolist(),
        "slope_over_exponent_median": float(np.median(slope_M / top_M)),
        "slope_minus_exponent_largest": float(np.abs(slope_M - top_M).max()),
        "half_life_steps_median": _or_none(np.median(half_life_M)),
        "half_life_by_seed": [_or_none(steps) for steps in half_life_M],
        "exploding_share": float(measured.exploding_share_L[:, 0].mean()),
        "profile": np.median(measured.median_LT[:, 0], axis=0).tolist(),
        "profile_low": np.median(measured.low_LT[:, 0], axis=0).tolist(),
        "profile_high": np.median(measured.high_LT[:, 0], axis=0).tolist(),
        "exponents": measured.exponents_R.mean(axis=0).tolist(),
        "saturation": {
            gate: {"left": float(left.mean()), "right": float(right.mean())}
            for gate, (left, right) in measured.saturation.items()
        },
    }
    if measured.highway is not None:
        lanes, whole = measured.highway
        found["log_highway"] = np.median(lanes, axis=0).tolist()
        found["log_whole"] = np.median(whole, axis=0).tolist()
        bias = config.model.init.forget_bias
        found["predicted_half_life_steps"] = float(forget_half_life(jnp.float32(bias)))
    (cell_M,) = params_M.stack.cells[0]
    if config.model.cell.startswith("elman"):
        bound_M = np.asarray(jax.vmap(lambda w_GHH: pascanu_bound(w_GHH[0]))(jnp.asarray(cell_M.w_h_GHH)))
        found.update(interval("bound_nats_per_step", bound_M))
    return found


def _or_none(steps: float) -> float | None:
    """JSON knows no infinity: None is a gradient that does not decay."""
    return float(steps) if np.isfinite(steps) else None


def interval(name: str, values_M: np.ndarray | Array) -> dict[str, float]:
    """Mean over seeds with its 95 % interval."""
    mean, low, high = mean_interval(np.asarray(values_M))
    return {name: mean, f"{name}_low95": low, f"{name}_high95": high}
