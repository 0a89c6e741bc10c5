"""A sweep as it is written down: sweep.json, which every process that works on it reads.

{"config": FILE[:arg], "base": whole config, "overrides": of the command line,
 "fields": [swept fields], "points": [{"name", "overrides", "pack"}], "packs": how many}

Beside it stand ``runs/NAME``, an ordinary run directory for each point, and at the
end results.json.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from rnn_research.config.flat import difference, flatten
from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory, of_point, write_json
from rnn_research.runs.files import REMEDY, read_json, there
from rnn_research.runs.migrations import migrated
from rnn_research.sweeps import axes
from rnn_research.sweeps.names import names_of
from rnn_research.sweeps.points import key_of
from rnn_research.training import typed
from rnn_research.training.defaults import overridden

PLAN = {
    "config": str,
    "base": dict,
    "overrides": dict,
    "points": [{"name": str, "overrides": dict, "pack": int}],
}
SHOWN = 3  # points that an error names


class Point(NamedTuple):
    """One run of a sweep.

    Attributes:
      name: of its directory.
      overrides: fields that it changes of the base config.
      pack: the program that it is part of.
    """

    name: str
    overrides: dict[str, Any]
    pack: int


class Sweep(NamedTuple):
    """All that is known of a sweep before anything runs.

    Attributes:
      config: the config file, as given.
      base: the whole config that all points change, as it was written down.
      overrides: what the command line changed for all points, for the record.
      points: all runs.
    """

    config: str
    base: dict[str, Any]
    overrides: dict[str, Any]
    points: tuple[Point, ...]

    @property
    def packs(self) -> int:
        """How many packs there are, numbered from 0."""
        return 1 + max((point.pack for point in self.points), default=-1)

    @property
    def fields(self) -> list[str]:
        """The swept fields, in the order in which they first come."""
        return list(dict.fromkeys(field for point in self.points for field in point.overrides))

    def of_pack(self, pack: int) -> list[Point]:
        """The points of one pack."""
        return [point for point in self.points if point.pack == pack]

    def config_of(self, point: Point) -> ConfigDict:
        """The whole config of a point."""
        return overridden(ConfigDict(migrated(self.base)), point.overrides)


def run_directory(directory: Path, point: Point) -> RunDirectory:
    """Where a point's run is."""
    return RunDirectory(of_point(directory, point.name))


def with_names(stored: Sweep | None, points: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The points that are not in the stored sweep yet, each with its name.

    Raises:
      UserError: if the stored sweep has points that are not among them.
    """
    before = [] if stored is None else list(stored.points)
    given, known = set(map(key_of, points)), {key_of(p.overrides) for p in before}
    missing = [p.name for p in before if key_of(p.overrides) not in given]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise UserError(
            f"--workdir holds another sweep: {', '.join(missing[:SHOWN])}{more} is not among the points given: "
            "give the same axes (they may have more values), --workdir alone to go on with it, or another directory"
        )
    everything = [*(p.overrides for p in before), *(p for p in points if key_of(p) not in known)]
    return list(zip(names_of(everything), everything, strict=True))[len(before) :]


def refuse_another(stored: Sweep, base: Mapping[str, Any], directory: Path) -> None:
    """A directory keeps its base config: only points may be added.

    Raises:
      UserError: with the fields that differ.
    """
    if differing := difference(migrated(stored.base), base):
        raise UserError(
            f"--workdir={directory} belongs to a sweep of another config ({'; '.join(differing)}): "
            "choose another directory"
        )


def write(directory: Path, sweep: Sweep) -> None:
    """Writes sweep.json."""
    points = [point._asdict() for point in sweep.points]
    value = {**sweep._asdict(), "fields": sweep.fields, "points": points, "packs": sweep.packs}
    write_json(directory / "sweep.json", value)


def fields_of_kinds(base: Mapping[str, Any] | ConfigDict, overrides: Mapping[str, Any], shown: str) -> dict[str, Any]:
    """The fields of a base config, flat, with those of the task and the model that a point names.

    Args:
      base: the whole config.
      overrides: of the point.
      shown: what stands before an error.

    Raises:
      UserError: for an unknown task or model.
    """
    kinds = {field: value for field, value in overrides.items() if field in typed.KINDS}
    try:
        return (
            flatten(overridden(base if isinstance(base, ConfigDict) else ConfigDict(base), kinds))
            if kinds
            else flatten(base)
        )
    except UserError as error:
        raise UserError(f"{shown}: {error}") from error


def read(directory: Path) -> Sweep | None:
    """The sweep of a directory, or None if it has none.

    Raises:
      UserError: if its sweep.json cannot be used.
    """
    path = directory / "sweep.json"
    if not there(path):
        return None
    stored = read_json(path, PLAN)
    base = migrated(stored["base"])
    typed.check_stored(base, path)
    points = tuple(Point(p["name"], p["overrides"], p["pack"]) for p in stored["points"])
    for point in points:
        of_point(directory, point.name)
        shown = f"{path}: point {point.name}"
        if not 0 <= point.pack < len(points):
            raise UserError(f"{shown} is in pack {point.pack}, packs are numbered from 0: {REMEDY}")
        fields = fields_of_kinds(base, point.overrides, shown)
        for field, value in point.overrides.items():
            axes.typed(value, axes.default_of(field, fields, shown), f"{shown}, {field}")
    if len({point.name for point in points}) < len(points):
        raise UserError(f"{path} is damaged, two points have one name: {REMEDY}")
    return Sweep(stored["config"], stored["base"], stored["overrides"], points)
