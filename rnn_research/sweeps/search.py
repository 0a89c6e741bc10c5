"""A search over the axes for the least validation loss: optuna's TPE, in rounds of packs, with successive halving.

A span (log, lin) is searched as numbers, any other axis as a choice. Each round
asks for some trials, adds them to the sweep as points, and runs them; a trial that
is stopped early is FAILED with the reason "pruned at step ...". What is asked for
and told stands in optuna.log: a search that is killed goes on with its open round.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rnn_research.errors import UserError
from rnn_research.sweeps import halving, packing, plan
from rnn_research.sweeps.axes import rounded
from rnn_research.sweeps.launchers import waiting
from rnn_research.sweeps.plan import Sweep, run_directory
from rnn_research.sweeps.points import Group, Overrides
from rnn_research.sweeps.summary import outcomes_of
from rnn_research.sweeps.work import Say, aloud, run_pack
from rnn_research.training.build import build

ROUND = 8  # trials that are asked for at once


def search(
    directory: Path,
    wanted: Sweep,
    groups: Sequence[Group],
    trials: int,
    seed: int,
    most: int = 0,
    say: Say = aloud,
) -> tuple[Sweep, int | None]:
    """Goes on until there are ``trials`` trials.

    Args:
      directory: of the sweep.
      wanted: config and overrides, without points.
      groups: the axes.
      trials: in all, over all starts.
      seed: of the proposals.
      most: trials in a round; 0 for ``ROUND``.
      say: is told how it goes.

    Returns:
      The sweep with all its points, and the signal that stopped it, or None.

    Raises:
      UserError: without optuna or a validation split, or for a directory that holds another search.
    """
    base = wanted.config_of(plan.Point("", {}, 0))
    built = build(base, batch_over=1)
    if "validation" not in built.task.splits:
        raise UserError("--optuna has nothing to go by: set task.validation_fraction above 0")
    study = study_of(directory, groups)
    stored = plan.read(directory)
    sweep = wanted if stored is None else stored
    runs = lambda: (run_directory(directory, point) for point in sweep.points)  # noqa: E731
    judge = halving.judge(built.model.objective.figure, base.evaluation.every, runs)
    while opened := open_trials(study, groups) or ask(study, groups, min(most or ROUND, trials - counted(study)), seed):
        known = [point.overrides for point in sweep.points]
        new = [p for i, p in enumerate(opened.values()) if p not in known and p not in list(opened.values())[:i]]
        sweep = packing.planned(sweep, wanted, [*known, *new], directory, most)
        plan.write(directory, sweep)
        say(f"trials {min(opened)} to {max(opened)} of {trials}")
        for pack in waiting(directory, sweep):
            if (signal := run_pack(directory, sweep, pack, say, judge).signal) is not None:
                return sweep, signal
        tell(study, opened, directory, sweep)
    return sweep, None


def study_of(directory: Path, groups: Sequence[Group]) -> Any:
    """The study of a directory.

    Raises:
      UserError: if optuna is missing, or the directory's study has other axes.
    """
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise UserError("--optuna needs optuna: pip install -e .[sweep]") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(directory / "optuna.log")))
    study = optuna.create_study(study_name="sweep", storage=storage, direction="minimize", load_if_exists=True)
    axes = [[str(axis) for axis in group] for group in groups]
    before = study.user_attrs.get("axes", axes)
    if before != axes:
        raise UserError(f"--workdir={directory} holds a search over other axes: choose another directory")
    study.set_user_attr("axes", axes)
    return study


def counted(study: Any) -> int:
    """Trials so far."""
    return len(study.get_trials(deepcopy=False))


def open_trials(study: Any, groups: Sequence[Group]) -> dict[int, Overrides]:
    """Trials that were asked for and not told of: those of a search that was stopped."""
    import optuna

    running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    whole = [trial for trial in running if len(trial.params) == len(groups)]
    for trial in running:  # killed while it was asked for
        if trial not in whole:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return {trial.number: overrides_of(groups, trial.params.__getitem__) for trial in whole}


def ask(study: Any, groups: Sequence[Group], count: int, seed: int) -> dict[int, Overrides]:
    """New trials, if there are any to come."""
    import optuna

    # Seeded anew in each round, so that a search that was stopped asks the same.
    study.sampler = optuna.samplers.TPESampler(seed=seed + counted(study), constant_liar=True)
    found = {}
    for _ in range(count):
        trial = study.ask()
        found[trial.number] = overrides_of(groups, suggester(trial, groups))
    return found


def suggester(trial: Any, groups: Sequence[Group]) -> Callable[[str], Any]:
    """Asks a trial for the parameter of that name."""
    by_name = {name_of(group): group for group in groups}

    def suggest(name: str) -> Any:
        group = by_name[name]
        if len(group) == 1 and (span := group[0].span) is not None:
            if group[0].whole:
                return trial.suggest_int(name, round(span.low), round(span.high), log=span.scale == "log")
            return trial.suggest_float(name, span.low, span.high, log=span.scale == "log")
        return trial.suggest_categorical(name, list(range(len(group[0].values))))

    return suggest


def name_of(group: Group) -> str:
    """What a group is called in the study."""
    return ";".join(axis.field for axis in group)


def overrides_of(groups: Sequence[Group], value_of: Callable[[str], Any]) -> Overrides:
    """The point of a trial, from its parameters: a number of a span, or which choice."""
    point: Overrides = {}
    for group in groups:
        value = value_of(name_of(group))
        if len(group) == 1 and group[0].span is not None:
            point[group[0].field] = value if group[0].whole else rounded(value)
        else:
            point |= {axis.field: axis.values[value] for axis in group}
    return point


def tell(study: Any, opened: dict[int, Overrides], directory: Path, sweep: Sweep) -> None:
    """Tells the study what became of its open trials.

    Raises:
      UserError: if another process holds one of them.
    """
    import optuna

    states = optuna.trial.TrialState
    outcomes = outcomes_of(directory, sweep)
    for number, overrides in opened.items():
        outcome = next(o for o in outcomes if o.point.overrides == overrides)
        if outcome.status == "unfinished":
            raise UserError(
                f"--workdir={directory}: {outcome.point.name} is held by another process: "
                "wait for it, then give the same command again"
            )
        if outcome.value is not None:
            study.tell(number, outcome.value)
        else:
            study.tell(number, state=states.PRUNED if outcome.status == "pruned" else states.FAIL)
