"""The anatomy of a run that a user has: its gradient before training and at a checkpoint, on its own task.

The sequences are of the run's own task, or text from its own corpus, and by
default as long as those it was trained on. One network: intervals are over sequences.
"""

from functools import partial
from typing import Any

import jax
from ml_collections import ConfigDict

from rnn_research.config import Field, Section
from rnn_research.errors import UserError
from rnn_research.restore.trained import read_any
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields
from rnn_research.studies.described import described
from rnn_research.studies.learning import Runs
from rnn_research.studies.measuring import Measure, check_state, measuring, sequences_of
from rnn_research.studies.study import Keep, Say
from rnn_research.training.state import Purpose, purpose_key

FIELDS: Section = {
    **fields.sequences(0, 32),  # as long as those it was trained on
    "run": Field("", "the directory of a trained run"),
    "step": Field(0, "which checkpoint; 0: the best by validation", low=0),
}


def run(config: ConfigDict, say: Say, keep: Keep, runs: Runs) -> dict[str, Any]:
    """Measures the run of ``config.analysis.run``.

    Returns:
      As ``anatomy``, with one network, named after its cell.

    Raises:
      UserError: if there is no run, no checkpoint, a cell without the state that is asked
        for, or sequences that the memory cannot hold.
    """
    if not config.analysis.run:
        raise UserError("--run is missing: name the directory of a trained run, as in --run=runs/demo")
    directory = RunDirectory(config.analysis.run)
    restored = read_any(directory, config.analysis.step or None, flag="--run")
    check_state(config.analysis.state, restored.config.model.cell)
    point = restored.config
    with point.unlocked():
        point.analysis = config.analysis
    task = sequences_of(point, restored.vocabulary)
    measure = measuring(point, 1, restored.vocabulary)
    key = purpose_key(jax.random.key(point.seed), 0, Purpose.PARAMS)
    moments = {"initial": restored.model.init(key, point.model.init), "trained": restored.params}
    found = {}
    for moment, params in moments.items():
        params_M = jax.tree.map(lambda leaf: leaf[None], params)
        found[moment] = keep(moment, partial(measured, measure, params_M, point))
        say(f"measured {'at initialisation' if moment == 'initial' else f'at step {restored.step:,}'}")
    return {
        "networks": {point.model.cell: found},
        "run": directory.path.name,
        "task": point.task.name,
        "length": task.length,
        "step": restored.step,
        "layers": point.model.layers,
        "hidden": point.model.hidden,
    }


def measured(measure: Measure, params_M: Any, config: ConfigDict) -> dict[str, Any]:
    """One network, ready for JSON."""
    far, near = measure(params_M)
    return described(far, near, params_M, config)
