"""How far back can each network learn? Success and steps to success against length.

Every network of ``config.analysis.networks`` is trained on ``config.task`` at
every length of ``config.analysis.lengths`` with every seed, the seeds together
in one compiled program. Success: the validation objective falls below
``config.analysis.solved`` times the floor of a model without memory.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.errors import one_of
from rnn_research.runs.statistics import bootstrap_median, wilson
from rnn_research.studies.learning import Outcome, changed, headed, train_members
from rnn_research.studies.networks import NETWORKS


def run(config: ConfigDict, say: Callable[[str], None]) -> dict[str, Any]:
    """Trains all points.

    Returns:
      ``points``: one entry for each network and length, ready for JSON.
    """
    points = []
    for name in config.analysis.networks:
        one_of("--config.analysis.networks", name, NETWORKS)
        for length in config.analysis.lengths:
            point = changed(config, {**NETWORKS[name], "task.length": length, **rate_of(config, name)})
            seeds = [{"seed": config.seed + s} for s in range(config.analysis.seeds)]
            heading = f"{name} T={length}"
            outcomes, _, built = train_members(point, seeds, config.analysis.solved, headed(say, heading))
            floor = {k: v for k, v in built.task.facts.items() if k.startswith("floor_")}
            points.append({"network": name, "length": length, "task": config.task.name, **floor, **describe(outcomes)})
    return {"points": points}


def rate_of(config: ConfigDict, network: str) -> dict[str, Any]:
    """The rate of a network that needs its own (``analysis.rates``: pairs of name and rate)."""
    rates = dict(config.analysis.rates)
    return {"optimizer.learning_rate": rates[network]} if network in rates else {}


def describe(outcomes: list[Outcome]) -> dict[str, Any]:
    """Success rate with Wilson's interval, steps to success, and every seed's curve."""
    steps = np.array([o.success_step for o in outcomes if o.success_step is not None])
    low, high = wilson(len(steps), len(outcomes))
    finals = np.array([o.best for o in outcomes])
    found: dict[str, Any] = {
        "seeds": len(outcomes),
        "solved": len(steps),
        "success_rate": len(steps) / len(outcomes),
        "success_rate_low95": low,
        "success_rate_high95": high,
        "best_objective_median": float(np.median(finals)),
        "best_objective_max": float(finals.max()),
        "parameters": outcomes[0].parameters,
        "curves": [o.curve for o in outcomes],
        "not_finite": sum(not o.finite for o in outcomes),
    }
    if len(steps):
        found["steps_to_success_median"] = float(np.median(steps))
        found["steps_to_success_low95"], found["steps_to_success_high95"] = bootstrap_median(steps)
    return found
