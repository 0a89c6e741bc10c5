"""Which points run as one program: those of one shape, as many as the memory holds."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from ml_collections import ConfigDict

from rnn_research.errors import UserError
from rnn_research.models.recurrent import stack_of
from rnn_research.sweeps.plan import Point, Sweep, fields_of_kinds, refuse_another, with_names
from rnn_research.sweeps.points import Overrides
from rnn_research.training import typed
from rnn_research.training.added import label_noise, regularizer
from rnn_research.training.build import Built, build
from rnn_research.training.defaults import fields_of_config, overridden
from rnn_research.training.machines import devices
from rnn_research.training.numbers import FREE, FREE_ABOVE_ZERO, numbers_of

MOST = 128  # runs in a pack: each keeps three files open, and a process may have about a thousand
SHARE = 0.5  # of the memory: the rest is for the data, the compiler and for what is only estimated here
COPIES = 4  # of a member's state: as it is, as it becomes, as it is saved, and as the host writes it
KEPT = 24  # numbers that backpropagation keeps for each unit and time step: gates, their derivatives, their inputs


def packs_of(
    base: ConfigDict, points: Sequence[tuple[str, Overrides]], most: int = 0, workers: int = 1, first: int = 0
) -> list[int]:
    """The number of each point's pack.

    Every point is checked on the way, before any of them starts.

    Args:
      base: the config that all points change.
      points: names, and what each changes.
      most: points in a pack; 0 for as many as the memory holds.
      workers: processes that share the machine, so that each has something to do.
      first: number of the first pack.

    Raises:
      UserError: for a point whose config cannot be, naming it.
    """
    fields: dict[tuple[str, ...], dict[str, Any]] = {}  # of every task and model that points name
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, (name, overrides) in enumerate(points):
        kinds = tuple(overrides.get(field, "") for field in typed.KINDS)
        if kinds not in fields:
            fields[kinds] = fields_of_kinds(base, overrides, f"point {name}")
        own = fields[kinds]
        groups.setdefault((*(own[field] for field in typed.KINDS), *shape_of(own, overrides)), []).append(i)
    packs = [0] * len(points)
    for group in groups.values():
        built = checked(base, [points[i] for i in group])
        size = most or min(_fitting(built, overridden(base, points[group[0]][1]), workers), -(-len(group) // workers))
        # As even as can be: 5 points in packs of at most 4 are 3 and 2.
        size = -(-len(group) // -(-len(group) // size))
        for place, i in enumerate(group):
            packs[i] = first + place // size
        first = packs[group[-1]] + 1
    return packs


def shape_of(fields: Mapping[str, Any], overrides: Overrides) -> tuple[Any, ...]:
    """Equal for points that one program can train, as in ``training.pack``; looks at what a point changes alone."""
    fixed = {f: repr(value) for f, value in overrides.items() if f not in FREE and repr(value) != repr(fields.get(f))}
    return (*sorted(fixed.items()), *(bool(overrides.get(f, fields.get(f))) for f in FREE_ABOVE_ZERO))


def checked(base: ConfigDict, points: Sequence[tuple[str, Overrides]]) -> Built:
    """Builds the program of points of one shape, and checks the numbers of each.

    Args:
      base: the config that all points change.
      points: names, and what each changes.

    Raises:
      UserError: naming the point.
    """
    name, overrides = points[0]
    fields = fields_of_kinds(base, overrides, f"point {name}")
    free = sorted({field for _, point in points for field in point if field in FREE})
    seen = set()
    try:
        config = overridden(base, overrides)
        built, known = build(config, batch_over=1), fields_of_config(config)
        for name, overrides in points:  # noqa: B007 (the error below names the point at fault)
            numbers = {field: overrides.get(field, fields[field]) for field in free}
            for field, number in numbers.items():
                known[field].check(field, number)
            numbers.pop("seed", None)  # every seed is as good as another
            if (key := tuple(numbers.values())) in seen:
                continue
            seen.add(key)
            config.update_from_flattened_dict(numbers)
            numbers_of(config)
            stack_of(config.model)
            regularizer.penalty(config, built.model, built.task)
            label_noise.noise_of(config, built.task)
    except UserError as error:
        raise UserError(f"point {name}: {error}") from error
    return built


def _fitting(built: Built, config: ConfigDict, workers: int) -> int:
    """How many members a device's memory is sure to hold."""
    state = jax.eval_shape(lambda: built.program.init(built.numbers))
    sizes = [math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(state) if hasattr(x.dtype, "itemsize")]
    word = 8 if config.training.dtype == "float64" else 4
    model: Mapping[str, Any] = config.model
    rows = built.task.length * config.task.batch_size // config.training.accumulate
    kept = KEPT * word * rows * model["hidden"] * model["layers"]
    memory = SHARE * devices.memory() / workers
    if jax.default_backend() == "cpu":  # one after another on each device
        return _bounded((memory - jax.local_device_count() * kept) / (COPIES * sum(sizes)))
    return _bounded(memory / (COPIES * sum(sizes) + kept))


def _bounded(size: float) -> int:
    return int(min(MOST, max(1, size)))


def planned(
    stored: Sweep | None,
    wanted: Sweep,
    points: Sequence[dict[str, Any]],
    directory: Path,
    most: int = 0,
    workers: int = 1,
) -> Sweep:
    """The sweep of a directory with all these points: stored ones keep their packs, new ones get packs of their own.

    Args:
      stored: what the directory holds, or None.
      wanted: the sweep given, without its points.
      points: all that are given.
      directory: of the sweep, for errors.
      most: as in ``packs_of``.
      workers: as in ``packs_of``.

    Raises:
      UserError: for a point that cannot be, or a directory that belongs to another sweep.
    """
    if stored is not None:
        refuse_another(stored, wanted.base, directory)
    new = with_names(stored, points)
    sweep = wanted if stored is None else stored
    packs = packs_of(sweep.config_of(Point("", {}, 0)), new, most, workers, sweep.packs)
    added = (Point(name, overrides, pack) for (name, overrides), pack in zip(new, packs, strict=True))
    return sweep._replace(points=(*sweep.points, *added))
