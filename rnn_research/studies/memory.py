"""How far back can each network learn? Success and steps to success against length.

Every network of ``config.analysis.networks`` is trained on every task of
``config.analysis.tasks`` at every length of that task with every seed, the seeds
together in one compiled program. Success: the validation objective falls below
``solved`` times the floor, the objective of the best model without memory.
"""

from functools import partial
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.errors import UserError
from rnn_research.runs.statistics import median_interval, wilson
from rnn_research.studies import fields
from rnn_research.studies.learning import Outcome, changed, headed, seeds_of, train_members
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.study import Keep, Say, made_anew
from rnn_research.tasks import TASKS
from rnn_research.tasks.synthetic.generated import LONGEST
from rnn_research.training.defaults import defaults

PROBLEMS = ("adding", "copying", "temporal_order")
"""Tasks that have one floor each."""


def problem(*lengths: int, solved: float, steps: int) -> Section:
    """A task, at these lengths.

    Args:
      lengths: of its sequences.
      solved: share of the floor below which a network has learned it.
      steps: of training, at most.
    """
    return {
        "lengths": Field(lengths, "of its sequences", low=1, high=LONGEST),
        "solved": Field(solved, "share of the floor below which a network has learned it", above=0, high=1),
        "steps": Field(steps, "of training, at most", low=1),
    }


FIELDS: Section = {
    **fields.seeds_of_each(5),
    **fields.networks(
        "elman",
        "elman_orthogonal",
        "irnn",
        "gru",
        "lstm_forget_bias_0",
        "lstm_forget_bias_1",
        rates=(("elman", 1e-3), ("elman_orthogonal", 1e-3), ("irnn", 1e-3)),
    ),
    "tasks": Field(PROBLEMS, "that are learned", choices=PROBLEMS),
    "problems": {
        "adding": problem(50, 100, solved=0.06, steps=6000),  # MSE 0.01
        "copying": problem(10, 20, 50, solved=0.1, steps=4000),
        "temporal_order": problem(20, 50, 100, solved=1 / 75, steps=6000),  # 1 % of the sequences wrong
    },
}


def run(config: ConfigDict, say: Say, keep: Keep = made_anew) -> dict[str, Any]:
    """Trains all points.

    Returns:
      ``points``: one entry for each task, length and network, ready for JSON.

    Raises:
      UserError: for an unknown network, or a task that the config gives no lengths for.
    """
    points = []
    for task in config.analysis.tasks:
        problem = config.analysis.problems[task]
        for length in problem.lengths:
            for name in config.analysis.networks:
                point = point_of(config, task, length, name)
                heading = f"{task} T={length} {name}"
                made = keep(f"{task}-{length}-{name}", partial(train_point, point, headed(say, heading)))
                points.append({"network": name, "length": length, "task": task, **made})
    return {"points": points}


def point_of(config: ConfigDict, task: str, length: int, network: str) -> ConfigDict:
    """The config of one network at one length of one task."""
    problem = config.analysis.problems[task]
    point = changed(config, {})
    with point.unlocked():
        start = defaults(task)
        point.task, point.model.name = start.task, start.model.name
        point.analysis.solved = problem.solved
    rates = dict(config.analysis.rates)
    own = {"optimizer.learning_rate": rates[network]} if network in rates else {}
    return changed(
        point,
        {
            **NETWORKS[network],
            **own,
            "task.length": length,
            "task.batch_size": config.task.batch_size,
            "task.evaluation_sequences": config.task.evaluation_sequences,
            "training.steps": problem.steps,
        },
    )


def train_point(point: ConfigDict, say: Say) -> dict[str, Any]:
    """All seeds of one point, ready for JSON."""
    facts = TASKS[point.task.name].build(point.task, point.evaluation).facts
    floors = {name: value for name, value in facts.items() if name.startswith("floor_")}
    if len(floors) != 1:
        raise UserError(f"analysis.tasks: {point.task.name} has no one floor that success could be held against")
    (floor,) = floors.values()
    solved = point.analysis.solved * floor
    outcomes, _, _ = train_members(point, seeds_of(point), solved, say)
    return {**floors, "solved_below": solved, "steps": point.training.steps, **describe(outcomes)}


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
        low, high = median_interval(steps)
        if np.isfinite(low):
            found["steps_to_success_low95"], found["steps_to_success_high95"] = low, high
    return found
