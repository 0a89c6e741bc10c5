"""Does clipping turn failures into successes? Temporal order against length, one rate of learning for all.

The setting of Pascanu, Mikolov and Bengio 2013, section 4.1: a tanh network of 50
units, plain SGD, batches of 20; success is an error below 1 % on fresh sequences.
Every kind of ``config.analysis.kinds`` (pairs of name and limit) begins with the
same seeds at every length of ``config.analysis.lengths``. The norms before and
after clipping are kept: where they leap, the error has a cliff.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.config.flat import changed
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields
from rnn_research.studies.learning import Parts, Runs, base_of, outcome_of, runs_of
from rnn_research.studies.memory import describe
from rnn_research.studies.study import Keep, Say
from rnn_research.tasks.synthetic.generated import LONGEST
from rnn_research.training.build import build
from rnn_research.training.optimizer import CLIPPING

FIELDS: Section = {
    **fields.seeds_of_each(10),
    "kinds": Field(
        (("none", 1.0), ("value", 0.1), ("global_norm", 1.0), ("adaptive", 0.1)),
        "of clipping, each with its limit",
        choices=CLIPPING,
        pairs=True,
        low=0,
    ),
    "lengths": Field((20, 30, 50, 75, 100), "of the sequences", low=1, high=LONGEST),
    **fields.solved(0.01, "share of the sequences answered wrong, below which a network has learned the task"),
}


def parts(config: ConfigDict) -> Parts:
    """The runs of every kind at every length, by the name of their part."""
    return {part: runs_of(config, part, point_of(config, *point)) for part, point in points_of(config).items()}


def points_of(config: ConfigDict) -> dict[str, tuple[int, str, float]]:
    """Length, kind and limit of every point."""
    return {
        f"{kind}-{limit:g}-{length}": (length, kind, limit)
        for length in config.analysis.lengths
        for kind, limit in config.analysis.kinds
    }


def point_of(config: ConfigDict, length: int, kind: str, limit: float) -> ConfigDict:
    """The config of one kind at one length."""
    own = {"optimizer.clip.name": kind, "optimizer.clip.limit": limit, "training.stop_below": config.analysis.solved}
    return changed(base_of(config), {"task.length": length, **own})


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Reads what became of every kind of clipping at every length.

    Returns:
      ``points``: an entry for each, with every seed's norms, ready for JSON.
    """
    points = []
    for part, (length, kind, limit) in points_of(config).items():
        made = keep(part, partial(read_kind, point_of(config, length, kind, limit), partial(runs, part)))
        say(f"T={length} {kind}: {made['solved']} of {made['seeds']} solved")
        points.append({"clipping": kind, "limit": limit, "length": length, **made})
    return {"points": points, "task": config.task.name, "learning_rate": config.optimizer.learning_rate}


def read_kind(point: ConfigDict, runs: Callable[[], list[RunDirectory]]) -> dict[str, Any]:
    """All seeds of one point, ready for JSON."""
    objective = build(point, batch_over=1).model.objective.figure
    outcomes = [outcome_of(run, objective, point.training.stop_below) for run in runs()]
    return {
        "steps": point.training.steps,
        **describe(outcomes),
        "grad_norm_max_by_seed": [o.grad_norm for o in outcomes],
        "grad_norm_clipped_max_by_seed": [o.grad_norm_clipped for o in outcomes],
        "grad_norm_largest": max((norm for o in outcomes for norm in o.grad_norm), default=None),
    }
