"""The points of a sweep: each is a flat dictionary of the fields that it changes."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.errors import UserError, counted
from rnn_research.sweeps.axes import Axis, default_of, typed

Overrides = dict[str, Any]
Key = tuple[tuple[str, str], ...]
Group = tuple[Axis, ...]
"""Axes that walk together; of one axis where it walks alone."""

MOST_POINTS = 100_000  # of a sweep: each has a folder of its own
TRIES = 100  # draws for each point before there are held to be no more


def key_of(point: Overrides) -> Key:
    """Equal for equal points, and can be counted: twenty thousand are told apart in a moment."""
    return tuple(sorted((field, repr(value)) for field, value in point.items()))


def groups_of(axes: Sequence[Axis], zipped: Sequence[Group]) -> list[Group]:
    """Every axis by itself, and those that walk together.

    Raises:
      UserError: if a field is given twice.
    """
    groups = [(axis,) for axis in axes] + list(zipped)
    fields = [axis.field for group in groups for axis in group]
    for field in fields:
        if fields.count(field) > 1:
            raise UserError(f"--axis={field} is given twice: put all its values in one")
    return groups


def product(groups: Sequence[Group]) -> list[Overrides]:
    """Every combination, the last group fastest.

    Raises:
      UserError: for a span that does not say how many values.
    """
    for group in groups:
        for axis in group:
            if not axis.values:
                assert axis.span is not None
                low, high = f"{axis.span.low:g}", f"{axis.span.high:g}"
                raise UserError(
                    f"--axis={axis.field}={axis.span.scale}({low},{high}) does not say how many values: "
                    f"give {axis.span.scale}({low},{high},5), or draw points with --random=N"
                )
    if (count := math.prod(len(group[0].values) for group in groups)) > MOST_POINTS:
        raise UserError(
            f"--axis: the product of the axes has {count:,} points, at most {MOST_POINTS:,} are planned: "
            "give fewer values, or draw some with --random=N"
        )
    walks = [[{axis.field: axis.values[i] for axis in group} for i in range(len(group[0].values))] for group in groups]
    return [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*walks)]


def drawn(groups: Sequence[Group], count: int, seed: int) -> list[Overrides]:
    """``count`` different points, drawn at random; a span gives any number in it. More points begin with the same.

    Raises:
      UserError: if there are not so many.
    """
    rng = np.random.default_rng(seed)
    points: dict[Key, Overrides] = {}
    for _ in range(count * TRIES):
        point = {field: value for group in groups for field, value in _draw(group, rng).items()}
        points.setdefault(key_of(point), point)
        if len(points) == count:
            return list(points.values())
    raise UserError(f"--random={count}: the axes have only {counted(len(points), 'different point')}: lower it")


def _draw(group: Group, rng: np.random.Generator) -> Overrides:
    if len(group) == 1 and (span := group[0].span) is not None:
        value = span.at(rng.random())
        return {group[0].field: round(value) if group[0].whole else value}
    i = int(rng.integers(len(group[0].values)))
    return {axis.field: axis.values[i] for axis in group}


def checked(points: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any], shown: str) -> list[Overrides]:
    """The points that a config's own ``sweep()`` yields, in the types of their fields.

    Args:
      points: as they come.
      defaults: the config's fields, flat.
      shown: where they come from, for errors.

    Raises:
      UserError: for a field that is none, or a value of another type.
    """
    return [
        {field: typed(value, default_of(field, defaults, shown), f"{shown}, {field}") for field, value in point.items()}
        for point in points
    ]


def refuse_duplicates(points: Sequence[Overrides], defaults: Mapping[str, Any]) -> None:
    """No two points may make the same config.

    Raises:
      UserError: for two that do, or if there is no point at all.
    """
    if not points:
        raise UserError("there is no point to run: the product of the axes is empty")
    if len(points) > MOST_POINTS:
        raise UserError(f"there are {len(points):,} points, at most {MOST_POINTS:,} are planned: leave some out")
    seen: dict[Key, Overrides] = {}
    for point in points:
        # What a point leaves as it is tells it from no other.
        key = key_of({f: v for f, v in point.items() if f not in defaults or repr(v) != repr(defaults[f])})
        if key in seen:
            raise UserError(f"two points are the same ({_shown(seen[key])} and {_shown(point)}): leave one out")
        seen[key] = point


def _shown(point: Overrides) -> str:
    return ", ".join(f"{field}={value}" for field, value in point.items()) or "nothing changed"
