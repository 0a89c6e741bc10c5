"""What a finished run leaves: its headline figures in results.json, and DONE."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnn_research.runs.directory import RunDirectory, read_json, write_json, write_text
from rnn_research.runs.metrics import conclude
from rnn_research.runs.statistics import bootstrap_ratio
from rnn_research.tasks import Task
from rnn_research.training.logbook import Ending


def scored_splits(task: Task) -> list[str]:
    """The splits that a finished run is scored on."""
    return [split for split in ("validation", "test") if split in task.splits]


def figures_of(task: Task, sums: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Headline figures of the splits, each with a bootstrap interval of the objective.

    Args:
      task: whose summary it is.
      sums: of each split, ``{name: [batches, B]}``.
    """
    figures: dict[str, float] = {}
    name, numerator, denominator = task.objective
    for split, of_split in sums.items():
        figures.update({f"{split}_{key}": value for key, value in task.summary(of_split, split).items()})
        low, high = bootstrap_ratio(np.asarray(of_split[numerator]), np.asarray(of_split[denominator]))
        figures[f"{split}_{name}_low95"], figures[f"{split}_{name}_high95"] = low, high
    return figures


def write_results(
    directory: RunDirectory, task: Task, ending: Ending, best_step: int, parameters: int, figures: Mapping[str, float]
) -> dict[str, Any]:
    """Writes results.json, tells TensorBoard, then marks the run DONE.

    Returns:
      The results as they are written: what is not a number is left out.
    """
    results = {
        "objective": task.objective[0],
        "step": ending.step,
        "best_step": best_step,
        "parameters": parameters,
        **figures,
        **{name: value for name, value in task.facts.items() if name.startswith("floor_")},
        "wall_seconds": ending.wall_seconds,
        "train_tokens_per_second": ending.tokens_per_second,
    }
    known = dict(_numbers(results.items()))
    write_json(directory.results, known)
    conclude(directory, known)
    write_text(directory.done, "")
    return read_json(directory.results)


def _numbers(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return ((name, value) for name, value in items if not (isinstance(value, float) and math.isnan(value)))
