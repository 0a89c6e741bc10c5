"""What became of a sweep: counts, the best points by validation, results.json."""

import math
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.runs.files import NUMBER, read_json, there
from rnn_research.sweeps.halving import PRUNED
from rnn_research.sweeps.plan import Point, Sweep, run_directory

BEST = 10  # points in the table
STATUSES = ("done", "failed", "pruned", "unfinished")


class Outcome(NamedTuple):
    """What became of one point.

    Attributes:
      point: which one.
      status: done, failed (also where it ended and its validation objective is not finite),
        pruned (FAILED because a search stopped it early) or unfinished.
      results: its results.json, where it is done.
      reason: why it failed or was stopped.
    """

    point: Point
    status: str
    results: dict[str, Any]
    reason: str

    @property
    def value(self) -> float | None:
        """The validation objective of its best checkpoint, where it has one and it is finite."""
        found = self.results.get(f"validation_{self.results.get('objective')}")
        return found if found is not None and math.isfinite(found) else None


def outcomes_of(directory: Path, sweep: Sweep) -> list[Outcome]:
    """Of every point, in the order of the sweep."""
    return [_outcome(point, run_directory(directory, point)) for point in sweep.points]


def _outcome(point: Point, run: RunDirectory) -> Outcome:
    if run.done.exists():
        outcome = Outcome(point, "done", run.read_results(), "")
        name = f"validation_{outcome.results['objective']}"
        if name in outcome.results and outcome.value is None:
            return outcome._replace(status="failed", reason=f"it has ended and its {name} is not finite")
        return outcome
    if run.failed.exists():
        reason = run.reason()
        return Outcome(point, "pruned" if reason.startswith(PRUNED) else "failed", {}, reason)
    return Outcome(point, "unfinished", {}, "")


def results_of(sweep: Sweep, outcomes: list[Outcome], wall_seconds: float) -> dict[str, Any]:
    """The headline figures, ready for JSON."""
    counts = {s: sum(o.status == s for o in outcomes) for s in STATUSES}
    results: dict[str, Any] = {"config": sweep.config, "points": len(outcomes), "packs": sweep.packs, **counts}
    if ranked := ranking(outcomes):
        best = ranked[0]
        results |= {
            "objective": best.results["objective"],
            "best": best.point.name,
            "best_overrides": best.point.overrides,
        }
        results |= {n: v for n, v in best.results.items() if n.startswith(("validation_", "test_"))}
    return {**results, "wall_seconds": wall_seconds}


def write_results(directory: Path, sweep: Sweep, seconds: float) -> tuple[list[Outcome], dict[str, Any]]:
    """Writes results.json of a sweep as it stands; its outcomes and what was written.

    Args:
      directory: of the sweep.
      sweep: its plan.
      seconds: that this start has taken.
    """
    outcomes = outcomes_of(directory, sweep)
    results = with_earlier_time(results_of(sweep, outcomes, seconds), directory / "results.json")
    write_json(directory / "results.json", results)
    return outcomes, results


def with_earlier_time(results: dict[str, Any], file: Path) -> dict[str, Any]:
    """Results whose time is that of all starts of a sweep; a start that found nothing to do took none.

    The file is written anew each time: one that cannot be read, or knows no time, is of no earlier start.
    """
    try:
        before = read_json(file, {"wall_seconds": NUMBER}) if there(file) else None
    except UserError:
        before = None
    if before is None:
        return results
    idle = all(before.get(name) == results[name] for name in ("points", *STATUSES))
    return {**results, "wall_seconds": before["wall_seconds"] + (0 if idle else results["wall_seconds"])}


def ranking(outcomes: list[Outcome]) -> list[Outcome]:
    """Those that have a validation objective, the least first; none where they are of several figures."""
    found = [o for o in outcomes if o.value is not None]
    alike = len({o.results["objective"] for o in found}) == 1
    return sorted(found, key=lambda o: o.value or 0.0) if alike else []


def table(outcomes: list[Outcome]) -> Table:
    """The best points, by the validation objective."""
    ranked = ranking(outcomes)
    objective = ranked[0].results["objective"] if ranked else "objective"
    shown = Table(box=None, pad_edge=False)
    shown.add_column("point", overflow="fold")
    for heading in ("validation", "test", "best step"):
        shown.add_column(heading, justify="right")
    for o in ranked[:BEST]:
        test = o.results.get(f"test_{objective}")
        figures = [f"{o.value:.4g}", "-" if test is None else f"{test:.4g}", f"{o.results['best_step']:,}"]
        shown.add_row(Text(o.point.name), *figures)
    return shown
