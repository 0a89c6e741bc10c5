"""Can it learn? The runs of a study, which are a sweep of its own in the folder ``sweep``, and what became of each.

A study says of every part of its results which runs it rests on. Runs of parts
that are kept already are not trained again.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config.flat import changed
from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory, of_point
from rnn_research.sweeps import packing, plan
from rnn_research.sweeps.plan import Sweep
from rnn_research.training import defaults
from rnn_research.training.build import Built, build
from rnn_research.training.defaults import overrides_of
from rnn_research.training.numbers import FREE, numbers_of
from rnn_research.training.placement import DealtMembers

Overrides = dict[str, Any]

Parts = Mapping[str, Mapping[str, Overrides]]
"""Of every part of a study the runs that it rests on: their names, and what each changes of ``base_of``."""

Runs = Callable[[str], list[RunDirectory]]
"""The runs of a part, in its own order, each of them DONE or FAILED."""


class Outcome(NamedTuple):
    """What became of a run.

    Attributes:
      success_step: the first evaluation at which it had solved the task, or None.
      best: the least validation objective.
      final: the last one.
      curve: pairs of step and validation objective.
      grad_norm: largest gradient norm before clipping between evaluations.
      grad_norm_clipped: the same after clipping.
      finite: whether loss and gradient were to the end; it has else FAILED.
      results: as it has written them; empty where it has FAILED.
    """

    success_step: int | None
    best: float
    final: float
    curve: list[tuple[int, float]]
    grad_norm: list[float]
    grad_norm_clipped: list[float]
    finite: bool
    results: dict[str, Any]


def base_of(config: ConfigDict) -> ConfigDict:
    """The config that the runs of a study change: its own, without what is the study's alone."""
    base = changed(config, {})
    with base.unlocked():
        base.analysis = defaults.defaults(config.task.name, config.model.name).analysis
    return base


def runs_of(config: ConfigDict, part: str, point: ConfigDict) -> dict[str, Overrides]:
    """The runs of one point: ``config.analysis.seeds`` of them, which differ in their seed alone.

    Args:
      config: of the study.
      part: its name.
      point: the whole config of one of them.
    """
    own = overrides_of(point, base_of(config))
    return {f"{part},seed={seed['seed']}": {**own, **seed} for seed in seeds_of(config)}


def planned(config: ConfigDict, given: str, parts: Parts, directory: Path, most: int = 0, workers: int = 1) -> Sweep:
    """The sweep of a study: what its folder holds, and what is missing of it.

    Args:
      config: of the study.
      given: the config file, as given.
      parts: those that are to be made.
      directory: of the sweep.
      most: points in a pack; 0 for as many as the memory holds.
      workers: processes that share the machine.

    Raises:
      UserError: for a run whose config cannot be, or a folder that is damaged.
    """
    stored = plan.read(directory)
    wanted = Sweep(given, base_of(config).to_dict(), {}, ())
    if stored is not None:
        plan.refuse_another(stored, wanted.base, directory)
    sweep = wanted if stored is None else stored
    there = {point.name for point in sweep.points}
    new = [(name, own) for runs in parts.values() for name, own in runs.items() if name not in there]
    packs = packing.packs_of(base_of(config), new, most, workers, sweep.packs)
    added = (plan.Point(name, own, pack) for (name, own), pack in zip(new, packs, strict=True))
    return sweep._replace(points=(*sweep.points, *added))


def runs_in(directory: Path, parts: Parts) -> Runs:
    """The runs of every part, where the sweep of the study has left them."""
    return lambda part: [RunDirectory(of_point(directory, name)) for name in parts[part]]


def outcome_of(run: RunDirectory, objective: str, solved: float = -np.inf) -> Outcome:
    """What became of a run, as it was written down.

    Args:
      run: that is DONE or FAILED.
      objective: the validation figure that is followed.
      solved: below this it is a success.

    Raises:
      UserError: if a file of it is damaged.
    """
    curve: list[tuple[int, float]] = []
    norms: dict[str, list[float]] = {"grad_norm": [], "grad_norm_clipped": []}
    since = dict.fromkeys(norms, 0.0)
    for record in metrics.read(run.metrics):
        if record["kind"] == "train":
            since = {name: max(value, record[f"{name}_max"]) for name, value in since.items()}
        elif record["kind"] == "validation" and np.isfinite(record[objective]):
            curve.append((record["step"], record[objective]))
            for name, value in since.items():
                norms[name].append(value)
            since = dict.fromkeys(norms, 0.0)
    return Outcome(
        success_step=next((step for step, value in curve if value < solved), None),
        best=min((value for _, value in curve), default=np.inf),
        final=curve[-1][1] if curve else np.inf,
        curve=curve,
        **norms,
        finite=not run.failed.exists(),
        results=run.read_results() if run.done.exists() else {},
    )


def parameters_of(outcomes: Sequence[Outcome]) -> int | None:
    """How many numbers the runs of a point train; None if all have FAILED."""
    return next((o.results["parameters"] for o in outcomes if o.results), None)


def placed(base: ConfigDict, members: Sequence[Overrides]) -> tuple[Built, DealtMembers]:
    """The program of members that are not trained, and themselves where it computes them.

    Raises:
      ValueError: if they differ in something that is none of the ``FREE`` numbers.
    """
    if any(set(overrides) - set(FREE) for overrides in members):
        raise ValueError(f"members may differ in {', '.join(FREE)} alone")
    built = build(base, batch_over=1)
    numbers = [numbers_of(changed(base, overrides)) for overrides in members]
    return built, DealtMembers(built.program, built.task, numbers)


def initial_params(base: ConfigDict, members: Sequence[Overrides]) -> Any:
    """The stacked parameters ``[M, ...]`` that members begin with."""
    _, placement = placed(base, members)
    return placement.to_host(placement.init().params)


def seeds_of(config: ConfigDict) -> list[Overrides]:
    """Members that differ in their seed alone, ``config.analysis.seeds`` of them."""
    return [{"seed": config.seed + s} for s in range(config.analysis.seeds)]


def headed(say: Callable[[str], None], heading: str) -> Callable[[str], None]:
    """``say`` with a heading before every line."""
    return lambda line: say(f"{heading}  {line}")
