"""An image read as a sequence: test accuracy of each network, pixel by pixel, row by row and permuted.

Every network of ``config.analysis.networks`` is trained on every form of
``config.analysis.forms`` with every seed. Digits are scikit-learn's, or MNIST's
from ``config.task.path``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.config.flat import changed
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields
from rnn_research.studies.described import interval
from rnn_research.studies.learning import Parts, Runs, base_of, outcome_of, parameters_of, runs_of
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.study import Keep, Say
from rnn_research.training.build import build

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


def parts(config: ConfigDict) -> Parts:
    """The runs of every form and network, by the name of their part."""
    return {
        part: runs_of(config, part, point_of(config, form, name)) for part, (form, name) in points_of(config).items()
    }


def points_of(config: ConfigDict) -> dict[str, tuple[str, str]]:
    """Form and network of every point."""
    return {f"{form}-{name}": (form, name) for form in config.analysis.forms for name in config.analysis.networks}


def point_of(config: ConfigDict, form: str, network: str) -> ConfigDict:
    """The config of one network on one form."""
    rates = dict(config.analysis.rates)
    own = {"optimizer.learning_rate": rates[network]} if network in rates else {}
    return changed(base_of(config), {**FORMS[form], **NETWORKS[network], **own})


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Reads what became of all points.

    Returns:
      ``points``: one entry for each form and network, ready for JSON.
    """
    points = []
    for part, (form, name) in points_of(config).items():
        made = keep(part, partial(read_point, point_of(config, form, name), partial(runs, part)))
        accuracy = made["test_accuracy"]
        say(f"{form} {name}: test accuracy {'none' if accuracy is None else format(accuracy, '.3f')}")
        points.append({"network": name, "form": form, **made})
    return {"points": points}


def read_point(point: ConfigDict, runs: Callable[[], list[RunDirectory]]) -> dict[str, Any]:
    """All seeds of one point, ready for JSON; tested is the checkpoint that validates best."""
    built = build(point, batch_over=1)
    outcomes = [outcome_of(run, built.model.objective.figure) for run in runs()]
    accuracy_M = [o.results.get("test_accuracy") for o in outcomes]
    return {
        "source": built.task.facts["source"],
        "sequence_steps": built.task.length,
        "steps": point.training.steps,
        "seeds": len(outcomes),
        "parameters": parameters_of(outcomes),
        **interval("test_accuracy", np.array(accuracy_M, np.float64)),
        "test_accuracy_by_seed": accuracy_M,
        "curves": [o.curve for o in outcomes],
    }
