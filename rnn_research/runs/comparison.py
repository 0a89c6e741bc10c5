"""What differs between two runs: config, corpus, versions, code, machine; then results."""

import math
from typing import Any

import pandas as pd

from rnn_research.config.flat import difference, flatten
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.files import read_json, there
from rnn_research.runs.migrations import read_config

CAUSED = {"corpus?": dict, "versions?": dict, "git?": dict}
CAUSES = ("config", "corpus", "versions", "code", "machine")


def differing(first: RunDirectory, second: RunDirectory) -> dict[str, list[str]]:
    """What could make two runs come out unlike.

    Returns:
      For each of ``CAUSES`` a line for every field that differs, ``field: first -> second``;
      where provenance.json is missing, that is the line.

    Raises:
      UserError: if a config.json is missing or damaged.
    """
    configs = [read_config(run) for run in (first, second)]
    found = {"config": difference(*configs)}
    missing = [run for run in (first, second) if not there(run.provenance)]
    if missing:
        unknown = f"not known: {missing[0].provenance} is missing"
        return found | {cause: [unknown] for cause in CAUSES[1:]}
    before, after = (_by_cause(read_json(run.provenance, CAUSED)) for run in (first, second))
    return found | {cause: difference(before[cause], after[cause]) for cause in CAUSES[1:]}


def results(first: RunDirectory, second: RunDirectory) -> pd.DataFrame:
    """The results of two runs side by side.

    Returns:
      ``result``, ``first`` and ``second`` with the ends of their intervals where they have
      them, ``difference`` (second minus first) and, of scores on the same text or task, ``per cent`` of the first.

    Raises:
      UserError: if a results.json is damaged. One that is missing has no figures.
    """
    sides = [
        flatten(read_json(run.results, dict)) if there(run.results) else {} for run in (first, second)
    ]
    alike, rows = same_corpus(first, second), []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        values = [side.get(name) for side in sides]
        if name.endswith(("_low95", "_high95")) or any(isinstance(value, list) for value in values):
            continue
        row: dict[str, Any] = {"result": name}
        for place, side in zip(("first", "second"), sides, strict=True):
            row |= {place + end: side.get(name + end) for end in ("", "_low95", "_high95")}
        row |= dict.fromkeys(("difference", "per cent"), math.nan)
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) == 2:
            row["difference"] = numbers[1] - numbers[0]
            score = name.startswith(("validation_", "test_")) and all(isinstance(v, float) for v in numbers)
            if score and alike and numbers[0]:  # of counts, seconds, and other texts' scores it says nothing
                row["per cent"] = 100 * row["difference"] / abs(numbers[0])
        rows.append(row)
    ends = ("first_low95", "first_high95", "second_low95", "second_high95")
    table = pd.DataFrame(rows, columns=["result", "first", "second", *ends, "difference", "per cent"])
    return table.astype(dict.fromkeys((*ends, "difference", "per cent"), float))


def same_corpus(first: RunDirectory, second: RunDirectory) -> bool:
    """Whether nothing says that two runs are scored on different texts."""
    known = [read_json(run.provenance, CAUSED) if there(run.provenance) else {} for run in (first, second)]
    before, after = (one.get("corpus", {}).get("corpus_sha256") for one in known)
    return None in (before, after) or before == after


def _by_cause(provenance: dict[str, Any]) -> dict[str, dict[str, Any]]:
    versions = {"python": provenance.get("python"), **provenance.get("versions", {})}
    machine = {name: provenance.get(name) for name in ("platform", "processor", "cores", "backend", "devices")}
    return {
        "corpus": provenance.get("corpus", {}),
        "versions": versions,
        "code": provenance.get("git", {}),
        "machine": machine,
    }

