"""What each study refuses before anything of it is computed or written, beside what its fields say."""

from ml_collections import ConfigDict

from rnn_research.cells import CELLS
from rnn_research.config.flat import changed
from rnn_research.errors import UserError, at_least
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields, memory
from rnn_research.studies.images import FORMS
from rnn_research.studies.measuring import SHORTEST, check_state, sequences_of
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.radius import CURVES
from rnn_research.training.build import build


def anatomy(config: ConfigDict) -> None:
    """Sequences, and training that is long enough to be looked at."""
    fields.seeds(config)
    names = config.analysis.networks
    for name in names:
        check_state(config.analysis.state, NETWORKS[name]["model.cell"])
    sequences_of(config)
    if config.training.steps:
        fields.cadence(config, config.training.steps)
    for name in names:
        build(changed(config, NETWORKS[name]), batch_over=1)


def trained(config: ConfigDict) -> None:
    """A run that is there, and sequences."""
    if not config.analysis.run:
        raise UserError("--run is missing: name the directory of a trained run, as in --run=runs/demo")
    try:
        RunDirectory(config.analysis.run).trained("--run")
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, the home of nobody
        raise UserError(f"--run={config.analysis.run!r} cannot be a directory ({error}): name another") from error
    if config.analysis.length:
        at_least("analysis.length", config.analysis.length, SHORTEST)


def radius(config: ConfigDict) -> None:
    """Lags within the sequences."""
    fields.seeds(config)
    at_least("analysis.length", config.analysis.length, SHORTEST)
    for lag in config.analysis.lags:
        at_least("analysis.lags", lag, SHORTEST, config.analysis.length)
    sequences_of(config)
    for curve in CURVES.values():
        build(changed(config, curve), batch_over=1)


def forget_bias(config: ConfigDict) -> None:
    """A cell that has a forget gate."""
    fields.seeds(config)
    at_least("analysis.length", config.analysis.length, SHORTEST)
    if not config.model.cell.startswith("lstm") or config.model.cell not in CELLS:
        raise UserError(f"model.cell={config.model.cell} has no forget gate to open: take lstm")
    check_state(config.analysis.state, config.model.cell)
    sequences_of(config)
    build(config, batch_over=1)


def clipping(config: ConfigDict) -> None:
    """Kinds of clipping with limits that they can have, and lengths that the task can have."""
    fields.seeds(config)
    fields.cadence(config, config.training.steps)
    with fields.within("analysis.lengths"):
        for length in config.analysis.lengths:
            build(changed(config, {"task.length": length}), batch_over=1)
    for kind, limit in config.analysis.kinds:
        build(changed(config, {"optimizer.clip.name": kind, "optimizer.clip.limit": limit}), batch_over=1)


def memory_of(config: ConfigDict) -> None:
    """Lengths that the tasks can have, and budgets that are looked at."""
    fields.seeds(config)
    names, tasks = config.analysis.networks, config.analysis.tasks
    for task in tasks:
        problem = config.analysis.problems[task]
        fields.cadence(config, problem.steps, f"analysis.problems.{task}.steps")
        with fields.within(f"analysis.problems.{task}.lengths"):
            for length in problem.lengths:
                build(memory.point_of(config, task, length, names[0]), batch_over=1)
    for name in names:
        build(memory.point_of(config, tasks[0], config.analysis.problems[tasks[0]].lengths[0], name), batch_over=1)


def images(config: ConfigDict) -> None:
    """Training that is long enough to be looked at, of networks that can be."""
    fields.seeds(config)
    fields.cadence(config, config.training.steps)
    names, forms = config.analysis.networks, config.analysis.forms
    for form in forms:
        build(changed(config, {**FORMS[form], **NETWORKS[names[0]]}), batch_over=1)
    for name in names[1:]:
        build(changed(config, {**FORMS[forms[0]], **NETWORKS[name]}), batch_over=1)
