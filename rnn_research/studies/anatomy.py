"""Where the gradient goes, network beside network, at initialisation and after training.

Every network of ``config.analysis.networks`` begins with every seed, is measured
on fresh sequences of ``config.analysis.length`` steps, trained on ``config.task``
until its validation objective is below ``config.analysis.solved``, at most for
``config.training.steps``, and measured again. Which of them had learned the task by then is in the results: a network
that has been trained and has learned nothing is no picture of training.
"""

import functools
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.theory import forget_half_life
from rnn_research.config import Section
from rnn_research.config.flat import changed
from rnn_research.restore.trained import read_any
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields
from rnn_research.studies.described import described, finite
from rnn_research.studies.learning import (
    Overrides,
    Parts,
    Runs,
    base_of,
    initial_params,
    outcome_of,
    runs_of,
    seeds_of,
)
from rnn_research.studies.measuring import Measure, check_state, measuring
from rnn_research.studies.networks import NETWORKS, one_program
from rnn_research.studies.study import Keep, Say
from rnn_research.training.build import build

FIELDS: Section = {
    **fields.seeds_of_each(5),
    **fields.sequences(200, 32),
    **fields.networks(
        "elman",
        "elman_relu",
        "gru",
        "lstm_forget_bias_0",
        "lstm_forget_bias_1",
        "lstm_forget_bias_2",
        rates=(("elman", 1e-3),),
    ),
    # It needs both numbers: one of them alone leaves 1/12.
    **fields.solved(0.05, "validation objective (a mean squared error) below which a network has learned the task"),
}


def parts(config: ConfigDict) -> Parts:
    """The runs of every group of networks that are measured together; none where nothing is trained."""
    if not config.training.steps:
        return {}
    return {
        part: {k: own for name in group for k, own in runs_of(config, name, point_of(config, name)).items()}
        for part, group in groups_of(config).items()
    }


def groups_of(config: ConfigDict) -> dict[str, tuple[str, ...]]:
    """The networks of one shape, by the name of their part."""
    return {"-".join(group): group for group in one_program(config.analysis.networks)}


def point_of(config: ConfigDict, network: str) -> ConfigDict:
    """The config of one network."""
    rates = dict(config.analysis.rates)
    own = {"optimizer.learning_rate": rates[network]} if network in rates else {}
    return changed(base_of(config), {**NETWORKS[network], **own, "training.stop_below": config.analysis.solved})


def begin(config: ConfigDict, say: Say, keep: Keep) -> None:
    """Measures the networks as they begin: what cannot be measured is refused before anything is trained.

    Raises:
      UserError: for a state that one of them does not have, or sequences that the memory cannot hold.
    """
    for name in config.analysis.networks:
        check_state(config.analysis.state, NETWORKS[name]["model.cell"])
    for part, group in groups_of(config).items():
        keep(f"{part}-initial", partial(measured, config, group, None))
        say(f"{', '.join(group)}: measured at initialisation")


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Measures all networks.

    Returns:
      ``networks``: name to ``initial`` and ``trained`` measurements, ready for JSON.

    Raises:
      UserError: as ``begin``.
    """

    def of_group(part: str, names: tuple[str, ...]) -> dict[str, Any]:
        initial = keep(f"{part}-initial", partial(measured, config, names, None))
        found = {name: {"initial": one} for name, one in initial.items()}
        if config.training.steps:
            for name, one in trained(config, names, runs(part)).items():
                found[name]["trained"] = one
            say(f"{', '.join(names)}: measured after training")
        return found

    found: dict[str, Any] = {}
    for part, group in groups_of(config).items():
        found |= keep(part, partial(of_group, part, group))
    networks = {name: found[name] for name in config.analysis.networks}
    return {"networks": networks, "task": config.task.name, "length": config.analysis.length}


def measured(config: ConfigDict, names: tuple[str, ...], trained_M: Any | None) -> dict[str, Any]:
    """Networks of one shape with all their seeds, measured as one population.

    Args:
      config: of the study.
      names: of the networks.
      trained_M: their parameters, those of each with all its seeds in a row; None for those that they begin with.
    """
    points = {name: changed(config, NETWORKS[name]) for name in names}
    params_M = initial_of(config, names) if trained_M is None else trained_M
    shape = json.dumps(points[names[0]].to_dict(), sort_keys=True)
    far_M, near_M = _measuring(shape, len(names) * config.analysis.seeds)(params_M)
    found: dict[str, Any] = {}
    for name, mine in of_each(config, names):
        far, near, own_M = jax.tree.map(lambda leaf, mine=mine: leaf[mine], (far_M, near_M, params_M))
        found[name] = described(far, near, own_M, points[name])
        if points[name].model.cell == "lstm":
            bias = jnp.float32(points[name].model.init.forget_bias)
            found[name]["predicted_half_life_steps"] = float(forget_half_life(bias))
    return found


@functools.lru_cache(maxsize=8)
def _measuring(config: str, members: int) -> Measure:
    """Compiled once for both moments."""
    return measuring(ConfigDict(json.loads(config)), members)


def trained(config: ConfigDict, names: tuple[str, ...], runs: Sequence[RunDirectory]) -> dict[str, Any]:
    """The same after training, and whether they had learned the task by then.

    Args:
      config: of the study.
      names: of the networks.
      runs: of all their seeds, as ``measured``.
    """
    found = measured(config, names, last_params(runs, initial_of(config, names)))
    point, solved = point_of(config, names[0]), config.analysis.solved
    objective = build(point, batch_over=1).model.objective.figure
    outcomes = [outcome_of(run, objective, solved) for run in runs]
    for name, own in of_each(config, names):
        mine = outcomes[own]
        found[name] |= {
            "objective": objective,
            "objective_by_seed": [finite(o.final) for o in mine],
            "learned_below": solved,
            # As it stands when it is measured, not as it once stood.
            "learned": sum(o.finite and o.final < solved for o in mine),
            "seeds": len(mine),
            "steps": max((o.curve[-1][0] for o in mine if o.curve), default=0),
        }
    return found


def initial_of(config: ConfigDict, names: tuple[str, ...]) -> Any:
    """The parameters ``[M, ...]`` that networks of one shape begin with, those of each with all its seeds in a row."""
    members = [{**_free(changed(config, NETWORKS[name])), **seed} for name in names for seed in seeds_of(config)]
    return initial_params(changed(config, NETWORKS[names[0]]), members)


def of_each(config: ConfigDict, names: tuple[str, ...]) -> Iterator[tuple[str, slice]]:
    """Every network, and where its seeds stand in a population of all."""
    S = config.analysis.seeds
    yield from ((name, slice(n * S, (n + 1) * S)) for n, name in enumerate(names))


def last_params(runs: Sequence[RunDirectory], like_M: Any) -> Any:
    """The parameters at the end of training, stacked ``[M, ...]``; no number where a run has FAILED.

    Args:
      runs: of all members.
      like_M: parameters of their shapes.
    """

    def of(m: int, run: RunDirectory) -> Any:
        if run.failed.exists():
            return jax.tree.map(lambda leaf: np.full_like(leaf[m], np.nan), like_M)
        return read_any(run, run.read_results()["step"], flag="").params

    every = [of(m, run) for m, run in enumerate(runs)]
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *every)


def _free(point: ConfigDict) -> Overrides:
    """The numbers in which networks of one shape differ."""
    init = point.model.init
    return {f"model.init.{name}": init[name] for name in init if not isinstance(init[name], str)}
