"""An image read as a sequence: test accuracy of each network, pixel by pixel, row by row and permuted.

Every network of ``config.analysis.networks`` is trained on every form of
``config.analysis.forms`` with every seed. Digits are scikit-learn's, or MNIST's
from ``config.task.path``.
"""

from functools import partial
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.studies import fields
from rnn_research.studies.described import interval
from rnn_research.studies.learning import changed, headed, seeds_of, train_members
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.study import Keep, Say, made_anew

FORMS: dict[str, dict[str, Any]] = {
    "pixels": {"task.form": "pixels", "task.permuted": False},
    "permuted": {"task.form": "pixels", "task.permuted": True},
    "rows": {"task.form": "rows", "task.permuted": False},
}

FIELDS: Section = {
    **fields.seeds_of_each(5),
    **fields.networks("elman", "irnn", "lstm_forget_bias_1", "gru", rates=(("elman", 3e-4), ("irnn", 1e-4))),
    "forms": Field(("pixels", "permuted", "rows"), "in which an image is read", choices=FORMS),
}


def run(config: ConfigDict, say: Say, keep: Keep = made_anew) -> dict[str, Any]:
    """Trains all points.

    Returns:
      ``points``: one entry for each form and network, ready for JSON.
    """
    rates = dict(config.analysis.rates)
    points = []
    for form in config.analysis.forms:
        for name in config.analysis.networks:
            own = {"optimizer.learning_rate": rates[name]} if name in rates else {}
            point, heading = changed(config, {**FORMS[form], **NETWORKS[name], **own}), f"{form} {name}"
            made = keep(f"{form}-{name}", partial(train_point, point, headed(say, heading)))
            points.append({"network": name, "form": form, **made})
    return {"points": points}


def train_point(point: ConfigDict, say: Say) -> dict[str, Any]:
    """All seeds of one point, ready for JSON."""
    outcomes, _, built = train_members(point, seeds_of(point), -np.inf, say, tested=True)
    accuracy_M = [o.test["accuracy"] if o.finite else None for o in outcomes]
    return {
        "source": built.task.facts["source"],
        "sequence_steps": built.task.length,
        "steps": point.training.steps,
        "seeds": len(outcomes),
        "parameters": outcomes[0].parameters,
        **interval("test_accuracy", np.array(accuracy_M, np.float64)),
        "test_accuracy_by_seed": accuracy_M,
        "curves": [o.curve for o in outcomes],
    }
