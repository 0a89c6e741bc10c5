"""The cells of several runs that differ in their seed: in how many each verdict stands, and their cells side by side.

One network is an anecdote: another seed of the same config may keep a concept in one cell, in several or in none.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnn_research.errors import UserError
from rnn_research.runs.question import swept
from rnn_research.runs.statistics import mean_interval

CONTROLS = ("last_characters", "untrained", "untrained_probe", "probe_all")
"""What stands beside the best unit."""


class Studied(NamedTuple):
    """One run's study.

    Attributes:
      run: its name.
      seed: of the run.
      results: of ``study.run``.
      facts: more of the run, for the table.
    """

    run: str
    seed: int
    results: Mapping[str, Any]
    facts: Mapping[str, Any] = {}


def only_seeds_differ(runs: pd.DataFrame, flag: str) -> None:
    """Refuses runs of several settings, and two of one seed.

    Args:
      runs: rows of ``runs.frames.load``.
      flag: that named their folder, and its value.

    Raises:
      UserError: naming the first field that differs, or the seed that comes twice.
    """
    for field in swept(runs):
        values = sorted({str(value) for value in runs[field]})
        raise UserError(
            f"{flag}: its runs differ in more than their seed, {field} is {' and '.join(values[:3])}: "
            f"choose one setting, as in --where={field}={values[0]}"
        )
    seeds = runs["seed"].tolist()
    if twice := [seed for seed, times in Counter(seeds).items() if times > 1]:
        names = runs["run"][runs["seed"] == twice[0]].tolist()
        raise UserError(f"{flag}: seed {twice[0]} comes twice, in {' and '.join(names)}: take one of them out")


def side_by_side(studied: Sequence[Studied]) -> dict[str, Any]:
    """What the runs have in common.

    Args:
      studied: one run or more, of the same text and the same concepts.

    Returns:
      Ready for JSON. ``runs``: name and seed of each. ``concepts``, in the order of the first run: ``verdicts``, in how
      many runs each stands, the commonest first; ``most``, the score of knowing all; ``held_out``, the best unit's
      score; the controls; ``cells_that_follow``, how many; ``held``, in how many runs a unit was held and could be
      tested, ``proved``, in how many of these it is proved, and ``not_testable``, what was missing in the others;
      ``cells``, what each run has.
      ``share_of_cells``: as in one run. Each average over the runs is ``mean``, ``low`` and ``high`` (95 %, Student's
      t; None for one run) and ``runs``, of how many.
    """
    first = studied[0].results
    by_name = [{entry["concept"]: entry for entry in one.results["concepts"]} for one in studied]
    names = list(dict.fromkeys(name for entries in by_name for name in entries))
    return {
        "runs": [{"run": one.run, "seed": one.seed, **one.facts} for one in studied],
        "concepts": [_concept(name, studied, [entries.get(name) for entries in by_name]) for name in names],
        "share_of_cells": {
            name: averaged([one.results["share_of_cells"][name] for one in studied], least=0.0)
            for name in first["share_of_cells"]
        },
        "cells": first["cells"],
        "not_in_text": list(first["not_in_text"]),
    }


def _concept(name: str, studied: Sequence[Studied], entries: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    known = [entry for entry in entries if entry is not None]
    best = [entry["best"] for entry in known if entry["best"] is not None]
    effects = [entry["effect"] for entry in known if entry["effect"]]
    controls = [entry["controls"] for entry in known if entry["controls"]]
    unknown = None if known[0]["kind"] == "categorical" else 1.0  # of a study from before it was kept
    most = next((entry["most"] for entry in known if "most" in entry), unknown)
    ceiling = np.inf if most is None else most
    return {
        "concept": name,
        "kind": known[0]["kind"],
        "same_as": known[0].get("same_as"),
        "verdicts": dict(Counter(entry["verdict"] for entry in known).most_common()),
        "statistic": best[0]["statistic"] if best else None,
        "most": most,
        "held_out": averaged([found["confirm"] for found in best], most=ceiling),
        **{control: averaged([found.get(control) for found in controls], most=ceiling) for control in CONTROLS},
        "cells_that_follow": averaged([entry.get("cells_that_follow") for entry in known], least=0.0, most=np.inf),
        "held": sum(_missing(effect) is None for effect in effects),
        "proved": sum(bool(effect["proved"]) for effect in effects),
        "not_testable": [missing for missing in map(_missing, effects) if missing],
        "cells": [_cell(one, entry) for one, entry in zip(studied, entries, strict=True) if entry is not None],
    }


def _cell(one: Studied, entry: Mapping[str, Any]) -> dict[str, Any]:
    best, effect = entry["best"], entry["effect"]
    return {
        "run": one.run,
        "seed": one.seed,
        "verdict": entry["verdict"],
        "unit": None if best is None else best["unit"],
        "score": None if best is None else best["confirm"],
        "held_unit": effect["unit"] if effect else None,
        "proved": bool(effect["proved"]) if effect else None,
        "not_testable": _missing(effect) if effect else None,
        "changes_nothing": bool(effect.get("changes_nothing")) if effect else None,
    }


def _missing(effect: Mapping[str, Any]) -> str | None:
    """Why an effect could not be tested; None of a study from before it was kept."""
    missing: str | None = effect.get("not_testable")
    return missing


def averaged(values: Sequence[float | None], least: float = -np.inf, most: float = 1.0) -> dict[str, Any] | None:
    """The mean over runs with its interval; None where there is no value that is a number.

    Args:
      values: one a run.
      least, most: what a value can be; the interval ends there too.
    """
    numbers = [value for value in values if value is not None and np.isfinite(value)]
    if not numbers:
        return None
    mean, low, high = (float(x) for x in mean_interval(np.array(numbers)))
    several = len(numbers) > 1
    ends = (max(low, least), min(high, most)) if several else (None, None)
    return {"mean": mean, "low": ends[0], "high": ends[1], "runs": len(numbers)}
