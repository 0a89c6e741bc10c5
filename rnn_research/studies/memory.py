"""How far back can each network learn? Success and steps to success against length.

Every network of ``config.analysis.networks`` is trained on every task of
``config.analysis.tasks`` at every length of that task with every seed, each until
it succeeds or its steps are over. Success: the validation objective falls below
``solved`` times the floor, the objective of the best model without memory.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.config.flat import changed
from rnn_research.errors import UserError
from rnn_research.models import reader_of
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.statistics import median_interval, wilson
from rnn_research.studies import fields
from rnn_research.studies.described import finite
from rnn_research.studies.learning import Outcome, Parts, Runs, base_of, outcome_of, parameters_of, runs_of
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.study import Keep, Say
from rnn_research.tasks import TASKS
from rnn_research.tasks.synthetic.generated import LONGEST
from rnn_research.training.build import build
from rnn_research.training.defaults import rebuilt

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


def parts(config: ConfigDict) -> Parts:
    """The runs of every point, by the name of its part."""
    return {
        part: runs_of(config, part, point_of(config, task, length, name))
        for part, (task, length, name) in points_of(config).items()
    }


def points_of(config: ConfigDict) -> dict[str, tuple[str, int, str]]:
    """Task, length and network of every point."""
    return {
        f"{task}-{length}-{name}": (task, length, name)
        for task in config.analysis.tasks
        for length in config.analysis.problems[task].lengths
        for name in config.analysis.networks
    }


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Reads what became of all points.

    Returns:
      ``points``: one entry for each task, length and network, ready for JSON.
    """
    points = []
    for part, (task, length, name) in points_of(config).items():
        made = keep(part, partial(read_point, point_of(config, task, length, name), partial(runs, part)))
        say(f"{task} T={length} {name}: {made['solved']} of {made['seeds']} solved")
        points.append({"network": name, "length": length, "task": task, **made})
    return {"points": points}


def point_of(config: ConfigDict, task: str, length: int, network: str) -> ConfigDict:
    """The config of one network at one length of one task."""
    problem, rates = config.analysis.problems[task], dict(config.analysis.rates)
    own = {"optimizer.learning_rate": rates[network]} if network in rates else {}
    point = changed(
        rebuilt(base_of(config), task, reader_of(TASKS[task].batch)),
        {
            **NETWORKS[network],
            **own,
            "task.length": length,
            "task.batch_size": config.task.batch_size,
            "task.evaluation_sequences": config.task.evaluation_sequences,
            "training.steps": problem.steps,
        },
    )
    (floor,) = floor_of(task, point).values()
    return changed(point, {"training.stop_below": problem.solved * floor})


def floor_of(task: str, config: ConfigDict) -> dict[str, float]:
    """The floor of a task, by its name.

    Raises:
      UserError: if it has none, or several.
    """
    facts = TASKS[task].build(config.task, config.evaluation).facts
    floors = {name: value for name, value in facts.items() if name.startswith("floor_")}
    if len(floors) != 1:
        raise UserError(f"analysis.tasks: {task} has no one floor that success could be held against")
    return floors


def read_point(point: ConfigDict, runs: Callable[[], list[RunDirectory]]) -> dict[str, Any]:
    """All seeds of one point, ready for JSON."""
    solved, objective = point.training.stop_below, build(point, batch_over=1).model.objective.figure
    outcomes = [outcome_of(run, objective, solved) for run in runs()]
    floors = floor_of(point.task.name, point)
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
        "best_objective_median": finite(float(np.median(finals))),
        "best_objective_max": finite(float(finals.max())),
        "parameters": parameters_of(outcomes),
        "curves": [o.curve for o in outcomes],
        "not_finite": sum(not o.finite for o in outcomes),
    }
    if len(steps):
        found["steps_to_success_median"] = float(np.median(steps))
        low, high = median_interval(steps)
        if np.isfinite(low):
            found["steps_to_success_low95"], found["steps_to_success_high95"] = low, high
    return found
