"""Where the gradient goes, network beside network, at initialisation and after training.

Every network of ``config.analysis.networks`` begins with every seed, is measured
on fresh sequences of ``config.analysis.length`` steps, trained on ``config.task``
until all seeds of its program have a validation objective below
``config.analysis.solved``, at most for ``config.training.steps``, and measured
again. Which of them had learned the task by then is in the results: a network
that has been trained and has learned nothing is no picture of training.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from rnn_research.analysis.theory import forget_half_life
from rnn_research.config import Section
from rnn_research.studies import fields
from rnn_research.studies.described import described, finite
from rnn_research.studies.learning import Overrides, changed, headed, initial_params, seeds_of, train_members
from rnn_research.studies.measuring import check_state, measuring
from rnn_research.studies.networks import NETWORKS, one_program
from rnn_research.studies.study import Keep, Say, made_anew

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


def run(config: ConfigDict, say: Say, keep: Keep = made_anew) -> dict[str, Any]:
    """Measures all networks.

    Returns:
      ``networks``: name to ``initial`` and ``trained`` measurements, ready for JSON.

    Raises:
      UserError: for an unknown network, a state that one of them does not have, or
        sequences that the memory cannot hold.
    """
    for name in config.analysis.networks:
        check_state(config.analysis.state, NETWORKS[name]["model.cell"])
    found: dict[str, Any] = {}
    for group in one_program(config.analysis.networks):
        found |= keep("-".join(group), partial(measure_group, config, group, headed(say, ", ".join(group))))
    networks = {name: found[name] for name in config.analysis.networks}
    return {"networks": networks, "task": config.task.name, "length": config.analysis.length}


def measure_group(config: ConfigDict, names: tuple[str, ...], say: Say) -> dict[str, Any]:
    """Networks of one shape with all their seeds as one population."""
    base = changed(config, NETWORKS[names[0]])
    points = {name: changed(config, NETWORKS[name]) for name in names}
    rates = dict(config.analysis.rates)
    own = {name: {"optimizer.learning_rate": rates[name]} if name in rates else {} for name in names}
    members = [{**_free(points[name]), **own[name], **seed} for name in names for seed in seeds_of(config)]
    params_M = initial_params(base, members)
    measure = measuring(base, len(members))
    found: dict[str, Any] = {}

    def record(moment: str, params_M: Any) -> None:
        measured = measure(params_M)
        for n, name in enumerate(names):
            mine = slice(n * config.analysis.seeds, (n + 1) * config.analysis.seeds)
            far, near, own_M = jax.tree.map(lambda leaf, mine=mine: leaf[mine], (*measured, params_M))
            found.setdefault(name, {})[moment] = described(far, near, own_M, points[name])
            if points[name].model.cell == "lstm":
                bias = jnp.float32(points[name].model.init.forget_bias)
                found[name][moment]["predicted_half_life_steps"] = float(forget_half_life(bias))

    record("initial", params_M)
    say("measured at initialisation")
    if config.training.steps:
        solved = config.analysis.solved
        outcomes, params_M, built = train_members(base, members, solved, say)
        record("trained", params_M)
        for n, name in enumerate(names):
            mine = outcomes[n * config.analysis.seeds : (n + 1) * config.analysis.seeds]
            found[name]["trained"] |= {
                "objective": built.model.objective.figure,
                "objective_by_seed": [finite(o.final) for o in mine],
                "learned_below": solved,
                # As it stands when it is measured, not as it once stood.
                "learned": sum(o.finite and o.final < solved for o in mine),
                "seeds": len(mine),
                "steps": mine[0].curve[-1][0],
            }
    return found


def _free(point: ConfigDict) -> Overrides:
    """The numbers in which networks of one shape differ."""
    init = point.model.init
    return {f"model.init.{name}": init[name] for name in init if not isinstance(init[name], str)}
