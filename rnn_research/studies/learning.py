"""Can it learn? Many members trained to success as one compiled program a shape."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from rnn_research.models.recurrent import count
from rnn_research.runs.configs import changed
from rnn_research.training.population import FREE, Population
from rnn_research.training.step import hyper_of
from rnn_research.training.train import Built, build
from rnn_research.training.walk import score_split, totals

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
    built = build(base, batch_over=1)
    population, states_M, hypers_M = begin(base, members, built)
    data = {name: jax.tree.map(jnp.asarray, split.data) for name, split in built.task.splits.items()}

    def scorer(split: str) -> Any:
        part = built.task.splits[split]
        score = lambda data, params: score_split(built.task, built.model, params, data, part.batches, part.batch_size)  # noqa: E731
        return population.each(score)

    def figures(scored: Any, split: str, params_M: Any) -> list[dict[str, float]]:
        sums_M = population.to_host(scored(data[split], params_M))
        one = lambda m: jax.tree.map(lambda s: s[m], sums_M)  # noqa: E731
        facts = built.task.splits[split].facts
        return [built.model.figures(totals(one(m)), facts) for m in range(len(members))]

    evaluate = scorer("validation")
    objective, every = built.model.objective.figure, base.evaluation.every
    outcomes = [Outcome(dict(o), None, np.inf, np.inf, [], [], [], True, 0, {}) for o in members]
    for step in range(every, built.schedule.steps + 1, every):
        states_M, metrics = population.chunk(states_M, data["train"], hypers_M, every)
        for m, found in enumerate(figures(evaluate, "validation", states_M.params)):
            mine = {name: np.asarray(v[m]) for name, v in metrics.items()}
            outcomes[m] = _follow(outcomes[m], step, found[objective], mine, solved)
        done = sum(o.success_step is not None for o in outcomes)
        say(f"step {step:,}/{built.schedule.steps:,}  {objective} {_row(outcomes)}  solved {done}/{len(outcomes)}")
        if done == len(outcomes) or not any(o.finite for o in outcomes):
            break
    if tested:
        for m, found in enumerate(figures(scorer("test"), "test", states_M.params)):
            outcomes[m] = outcomes[m]._replace(test=found)
    params_M = jax.tree.map(lambda x: x[: len(members)], states_M.params)
    size = count(params_M) // len(members)
    return [o._replace(parameters=size) for o in outcomes], params_M, built


def begin(base: ConfigDict, members: Sequence[Overrides], built: Built) -> tuple[Population, Any, Any]:
    """The population of the members, their first states and their numbers."""
    configs = [changed(base, overrides) for overrides in members]
    if any(set(overrides) - set(FREE) for overrides in members):
        raise ValueError(f"members may differ in {', '.join(FREE)} alone")
    words = {name: value for name, value in base.model.init.items() if isinstance(value, str)}
    program = built.program._replace(
        init=lambda key, numbers, hyper: built.program.init(key, ConfigDict({**words, **numbers}), hyper)
    )
    numbers_M = _stack([{n: float(v) for n, v in c.model.init.items() if n not in words} for c in configs])
    hypers_M = _stack([hyper_of(c) for c in configs])
    keys_M = jax.vmap(jax.random.key)(jnp.array([c.seed for c in configs]))
    population = Population(program, len(configs))
    return population, population.init(keys_M, numbers_M, hypers_M), population.lay(hypers_M)


def initial_params(base: ConfigDict, members: Sequence[Overrides]) -> Any:
    """The stacked parameters ``[M, ...]`` that ``train_members`` begins with."""
    _, states_M, _ = begin(base, members, build(base, batch_over=1))
    return jax.tree.map(lambda x: x[: len(members)], states_M.params)


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


def _stack(trees: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.array(leaves, jnp.float32), *trees)
