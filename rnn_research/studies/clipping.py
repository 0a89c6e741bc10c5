"""Does clipping turn failures into successes? Temporal order against length, one rate of learning for all.

The setting of Pascanu, Mikolov and Bengio 2013, section 4.1: a tanh network of 50
units, plain SGD, batches of 20; success is an error below 1 % on fresh sequences.
Every kind of ``config.analysis.kinds`` (pairs of name and limit) begins with the
same seeds at every length of ``config.analysis.lengths``. The norms before and
after clipping are kept: where they leap, the error has a cliff.
"""

from functools import partial
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.studies import fields
from rnn_research.studies.learning import changed, headed, seeds_of, train_members
from rnn_research.studies.memory import describe
from rnn_research.studies.study import Keep, Say, made_anew
from rnn_research.tasks.synthetic.generated import LONGEST
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


def run(config: ConfigDict, say: Say, keep: Keep = made_anew) -> dict[str, Any]:
    """Trains every kind of clipping at every length.

    Returns:
      ``points``: an entry for each, with every seed's norms, ready for JSON.
    """
    points = []
    for length in config.analysis.lengths:
        for kind, limit in config.analysis.kinds:
            fields = {"task.length": length, "optimizer.clip.name": kind, "optimizer.clip.limit": limit}
            point, heading = changed(config, fields), f"T={length} {kind}"
            made = keep(f"{kind}-{limit:g}-{length}", partial(train_kind, point, headed(say, heading)))
            points.append({"clipping": kind, "limit": limit, "length": length, **made})
    return {"points": points, "task": config.task.name, "learning_rate": config.optimizer.learning_rate}


def train_kind(point: ConfigDict, say: Say) -> dict[str, Any]:
    """All seeds of one point, ready for JSON."""
    outcomes, _, _ = train_members(point, seeds_of(point), point.analysis.solved, say)
    return {
        "steps": point.training.steps,
        **describe(outcomes),
        "grad_norm_max_by_seed": [o.grad_norm for o in outcomes],
        "grad_norm_clipped_max_by_seed": [o.grad_norm_clipped for o in outcomes],
        "grad_norm_largest": max(max(o.grad_norm) for o in outcomes),
    }
