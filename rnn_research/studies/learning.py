"""Can it learn? Many members trained to success as one compiled program a shape."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config.flat import changed
from rnn_research.models.recurrent import count
from rnn_research.training.numbers import FREE, numbers_of
from rnn_research.training.placement import DealtMembers
from rnn_research.training.train import Built, build
from rnn_research.training.walk import totals

Overrides = dict[str, Any]


class Outcome(NamedTuple):
    """What became of one member.

    Attributes:
      overrides: what it changed of the base config.
      success_step: the first evaluation at which it had solved the task, or None.
      best: the least validation objective.
      final: the last one.
      curve: pairs of step and validation objective.
      grad_norm: largest gradient norm before clipping between evaluations.
      grad_norm_clipped: the same after clipping.
      finite: False once loss or gradient were not; it is then counted as a failure.
      parameters: how many numbers it trains.
      test: figures of the test split, after the last step; empty if it was not asked for.
    """

    overrides: Overrides
    success_step: int | None
    best: float
    final: float
    curve: list[tuple[int, float]]
    grad_norm: list[float]
    grad_norm_clipped: list[float]
    finite: bool
    parameters: int
    test: dict[str, float]


def train_members(
    base: ConfigDict,
    members: Sequence[Overrides],
    solved: float,
    say: Callable[[str], None] = lambda line: None,
    tested: bool = False,
) -> tuple[list[Outcome], Any, Built]:
    """Trains members that differ only in ``FREE`` numbers, until all are solved or the steps are over.

    Args:
      base: the config; ``evaluation.every`` steps lie between evaluations.
      members: what each changes of it.
      solved: a validation objective below this is a success.
      say: is told how it goes.
      tested: also scores the test split at the end.

    Returns:
      An outcome for each, the stacked parameters ``[M, ...]``, and the program.

    Raises:
      ValueError: if members differ in something else.
    """
    built, placement = placed(base, members)
    states_M = placement.init()
    everyone = range(len(members))

    def figures(split: str) -> list[dict[str, float]]:
        sums = placement.apart(placement.score(split, states_M.params, everyone))
        facts = built.task.splits[split].facts
        return [built.model.figures(totals(of_member), facts) for of_member in sums]

    objective, every = built.model.objective.figure, base.evaluation.every
    outcomes = [Outcome(dict(o), None, np.inf, np.inf, [], [], [], True, 0, {}) for o in members]
    for step in range(every, built.schedule.steps + 1, every):
        states_M, metrics_M = placement.chunk(states_M, everyone, every)
        metrics = placement.apart(metrics_M)
        for m, found in enumerate(figures("validation")):
            outcomes[m] = _follow(outcomes[m], step, found[objective], metrics[m], solved)
        done = sum(o.success_step is not None for o in outcomes)
        say(f"step {step:,}/{built.schedule.steps:,}  {objective} {_row(outcomes)}  solved {done}/{len(outcomes)}")
        if done == len(outcomes) or not any(o.finite for o in outcomes):
            break
    if tested:
        for m, found in enumerate(figures("test")):
            outcomes[m] = outcomes[m]._replace(test=found)
    params_M = placement.to_host(states_M.params)
    size = count(params_M) // len(members)
    return [o._replace(parameters=size) for o in outcomes], params_M, built


def placed(base: ConfigDict, members: Sequence[Overrides]) -> tuple[Built, DealtMembers]:
    """The program of the members, and themselves where it computes them.

    Raises:
      ValueError: if they differ in something that is none of the ``FREE`` numbers.
    """
    if any(set(overrides) - set(FREE) for overrides in members):
        raise ValueError(f"members may differ in {', '.join(FREE)} alone")
    built = build(base, batch_over=1)
    numbers = [numbers_of(changed(base, overrides)) for overrides in members]
    return built, DealtMembers(built.program, built.task, numbers)


def initial_params(base: ConfigDict, members: Sequence[Overrides]) -> Any:
    """The stacked parameters ``[M, ...]`` that ``train_members`` begins with."""
    _, placement = placed(base, members)
    return placement.to_host(placement.init().params)


def seeds_of(config: ConfigDict) -> list[Overrides]:
    """Members that differ in their seed alone, ``config.analysis.seeds`` of them."""
    return [{"seed": config.seed + s} for s in range(config.analysis.seeds)]


def headed(say: Callable[[str], None], heading: str) -> Callable[[str], None]:
    """``say`` with a heading before every line."""
    return lambda line: say(f"{heading}  {line}")


def _follow(outcome: Outcome, step: int, value: float, metrics: dict[str, np.ndarray], solved: float) -> Outcome:
    finite = outcome.finite and bool(np.isfinite(value) and np.isfinite(metrics["grad_norm"]).all())
    first = outcome.success_step
    if first is None and finite and value < solved:
        first = step
    return outcome._replace(
        success_step=first,
        best=min(outcome.best, value) if np.isfinite(value) else outcome.best,
        final=value,
        curve=[*outcome.curve, (step, value)],
        grad_norm=[*outcome.grad_norm, float(metrics["grad_norm"].max())],
        grad_norm_clipped=[*outcome.grad_norm_clipped, float(metrics["grad_norm_clipped"].max())],
        finite=finite,
    )


def _row(outcomes: list[Outcome]) -> str:
    return " ".join(f"{o.final:.3g}" for o in outcomes)
