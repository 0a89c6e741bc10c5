"""What each study refuses before anything of it is computed or written; ``CHECKS`` has the names of ``STUDIES``."""

from collections.abc import Callable

from ml_collections import ConfigDict

from rnn_research.cells import CELLS
from rnn_research.errors import UserError, at_least
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies import fields, memory
from rnn_research.studies.clipping import CLIPPING
from rnn_research.studies.images import FORMS
from rnn_research.studies.learning import changed
from rnn_research.studies.measuring import check_state, sequences_of
from rnn_research.studies.networks import NETWORKS
from rnn_research.studies.radius import CURVES
from rnn_research.tasks.synthetic.generated import LONGEST
from rnn_research.training import typed
from rnn_research.training.train import build

FLAG = fields.FLAG
SHORTEST = 10  # steps over which a slope can be fitted


def check(study: str, config: ConfigDict) -> None:
    """Refuses a config that the study cannot be made of.

    Raises:
      UserError: naming a field, its value and what would be right.
    """
    typed.check(config)
    CHECKS[study](config)


def anatomy(config: ConfigDict) -> None:
    """Networks, sequences, and training that is long enough to be looked at."""
    names = fields.networks(config)
    fields.seeds(config)
    fields.measured(config)
    fields.need(config, "rates", "solved")
    fields.pairs(f"{FLAG}rates", config.analysis.rates, NETWORKS)
    fields.share(f"{FLAG}solved", config.analysis.solved)
    for name in names:
        check_state(config.analysis.state, NETWORKS[name]["model.cell"])
    sequences_of(config)
    if config.training.steps:
        fields.cadence(config, config.training.steps)
    for name in names:
        build(changed(config, NETWORKS[name]), batch_over=1)


def trained(config: ConfigDict) -> None:
    """A run that is there, and sequences."""
    fields.measured(config)
    fields.whole(config, "step", 0, 2**31 - 1)
    fields.need(config, "run")
    typed.check_value(f"{FLAG}run", config.analysis.run, "")
    if not config.analysis.run:
        raise UserError("--run is missing: name the directory of a trained run, as in --run=runs/demo")
    try:
        RunDirectory(config.analysis.run).trained("--run")
    except (OSError, ValueError, RuntimeError) as error:  # too long, a zero byte, the home of nobody
        raise UserError(f"--run={config.analysis.run!r} cannot be a directory ({error}): name another") from error
    if config.analysis.length:
        at_least(f"{FLAG}length", config.analysis.length, SHORTEST)


def radius(config: ConfigDict) -> None:
    """Gains, and lags within the sequences."""
    fields.measured(config)
    fields.seeds(config)
    fields.need(config, "gains", "lags")
    # At a gain of zero nothing reaches back, and its logarithm is no number.
    fields.numbers(f"{FLAG}gains", config.analysis.gains, 1e-6, 1e6)
    at_least(f"{FLAG}length", config.analysis.length, SHORTEST)
    fields.wholes(f"{FLAG}lags", config.analysis.lags, SHORTEST, config.analysis.length)
    sequences_of(config)
    for curve in CURVES.values():
        build(changed(config, curve), batch_over=1)


def forget_bias(config: ConfigDict) -> None:
    """Biases and scales, of a cell that has a forget gate."""
    fields.measured(config)
    fields.seeds(config)
    fields.need(config, "biases", "scales")
    fields.numbers(f"{FLAG}biases", config.analysis.biases, -100, 100)
    fields.numbers(f"{FLAG}scales", config.analysis.scales, 0, 1e6)
    at_least(f"{FLAG}length", config.analysis.length, SHORTEST)
    if not config.model.cell.startswith("lstm") or config.model.cell not in CELLS:
        raise UserError(f"--config.model.cell={config.model.cell} has no forget gate to open: take lstm")
    check_state(config.analysis.state, config.model.cell)
    sequences_of(config)
    build(config, batch_over=1)


def clipping(config: ConfigDict) -> None:
    """Kinds of clipping with their limits, and lengths."""
    fields.seeds(config)
    fields.need(config, "kinds", "lengths", "solved")
    kinds = fields.pairs(f"{FLAG}kinds", config.analysis.kinds, CLIPPING)
    if not kinds:
        raise UserError(f"{FLAG}kinds=() is empty: give at least one, as in {FLAG}kinds=(('global_norm', 1.0),)")
    lengths = fields.wholes(f"{FLAG}lengths", config.analysis.lengths, 1)
    fields.share(f"{FLAG}solved", config.analysis.solved)
    fields.cadence(config, config.training.steps)
    with fields.within(f"{FLAG}lengths"):
        for length in lengths:
            build(changed(config, {"task.length": length}), batch_over=1)
    for kind, limit in kinds.items():
        build(changed(config, {"optimizer.clip.name": kind, "optimizer.clip.limit": limit}), batch_over=1)


def memory_of(config: ConfigDict) -> None:
    """Networks, tasks with their lengths, budgets that are looked at, rates."""
    names = fields.networks(config)
    fields.seeds(config)
    fields.need(config, "tasks", "problems", "rates")
    fields.pairs(f"{FLAG}rates", config.analysis.rates, NETWORKS)
    tasks = fields.names(f"{FLAG}tasks", config.analysis.tasks, tuple(config.analysis.problems))
    for task in tasks:
        problem, flag = config.analysis.problems[task], f"{FLAG}problems.{task}."
        if lacking := [name for name in ("lengths", "solved", "steps") if name not in problem]:
            raise UserError(f"{flag[:-1]} lacks {', '.join(lacking)}: give it what the other problems have")
        lengths = fields.wholes(f"{flag}lengths", problem.lengths, 1, LONGEST)
        fields.share(f"{flag}solved", problem.solved)
        typed.check_value(f"{flag}steps", problem.steps, 1)
        fields.cadence(config, problem.steps, f"{flag}steps")
        with fields.within(f"{flag}lengths"):
            for length in lengths:
                build(memory.point_of(config, task, length, names[0]), batch_over=1)
    for name in names:
        build(memory.point_of(config, tasks[0], config.analysis.problems[tasks[0]].lengths[0], name), batch_over=1)


def images(config: ConfigDict) -> None:
    """Networks, forms and rates."""
    names = fields.networks(config)
    fields.seeds(config)
    fields.need(config, "forms", "rates")
    forms = fields.names(f"{FLAG}forms", config.analysis.forms, FORMS)
    fields.pairs(f"{FLAG}rates", config.analysis.rates, NETWORKS)
    fields.cadence(config, config.training.steps)
    for form in forms:
        build(changed(config, {**FORMS[form], **NETWORKS[names[0]]}), batch_over=1)
    for name in names[1:]:
        build(changed(config, {**FORMS[forms[0]], **NETWORKS[name]}), batch_over=1)


CHECKS: dict[str, Callable[[ConfigDict], None]] = {
    "anatomy": anatomy,
    "trained": trained,
    "radius": radius,
    "forget_bias": forget_bias,
    "clipping": clipping,
    "memory": memory_of,
    "images": images,
}
