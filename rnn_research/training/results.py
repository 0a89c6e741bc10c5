"""What a finished run leaves: its headline figures in results.json, and DONE."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnn_research.models import Model
from rnn_research.runs.blocks import Interval, of_examples, of_text
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.runs.metrics import conclude
from rnn_research.tasks import Task
from rnn_research.training.logbook import Ending
from rnn_research.training.walk import totals


def scored_splits(task: Task) -> list[str]:
    """The splits that a finished run is scored on."""
    return [split for split in ("validation", "test") if split in task.splits]


def figures_of(task: Task, model: Model, sums: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Headline figures of the splits, each with an interval of the objective, and what that is over.

    Args:
      task: whose splits they are.
      model: that was scored.
      sums: of each split, as of ``walk_split``.

    Returns:
      The figures; ``SPLIT_blocks``, how many parts of a split are taken to be
      independent; and ``interval_of_SPLIT``, what they are, or why there is no interval.
    """
    figures: dict[str, Any] = {}
    name = model.objective.figure
    for split, of_split in sums.items():
        own = model.figures(totals(of_split), task.splits[split].facts)
        figures.update({f"{split}_{key}": value for key, value in own.items()})
        found = interval_of(task, model, split, of_split)
        figures[f"{split}_{name}_low95"], figures[f"{split}_{name}_high95"] = found.low, found.high
        figures[f"{split}_blocks"] = found.blocks
        figures[f"interval_of_{split}"] = found.missing or f"over {found.blocks:,} {found.over}"
    return figures


def interval_of(task: Task, model: Model, split: str, sums: Mapping[str, Any]) -> Interval:
    """The interval of the objective on one split, over what is independent there."""
    numerators_KB, denominators_KB = (np.asarray(side) for side in sums[model.objective.ratio])
    if split not in task.pieces:
        return of_examples(numerators_KB, denominators_KB)
    pieces = task.pieces[split]
    sides = (numerators_KB.T.ravel(), denominators_KB.T.ravel(), pieces.piece_BK.ravel())
    return of_text(*sides, pieces.kind, pieces.symbols)


def write_results(
    directory: RunDirectory,
    task: Task,
    model: Model,
    ending: Ending,
    best_step: int,
    parameters: int,
    figures: Mapping[str, Any],
    packed: int = 1,
) -> dict[str, Any]:
    """Writes results.json, tells TensorBoard, then marks the run DONE.

    Runs that were trained as one program have its time in common; ``packed`` says how many they were.

    Returns:
      The results as they are written: what is not finite is null.
    """
    results = {
        "objective": model.objective.figure,
        "step": ending.step,
        "best_step": best_step,
        "parameters": parameters,
        **figures,
        **{name: value for name, value in task.facts.items() if name.startswith("floor_")},
        "wall_seconds": ending.wall_seconds,
        "train_tokens_per_second": ending.tokens_per_second,
        **({"packed_runs": packed} if packed > 1 else {}),  # whose time this is
    }
    known = {name: _known(value) for name, value in results.items()}
    write_json(directory.results, known)
    conclude(directory, known)
    write_text(directory.done, "")
    return directory.read_results()


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
