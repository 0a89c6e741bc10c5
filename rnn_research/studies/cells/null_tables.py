"""What the cell study says of labels that have nothing to do with the text: nothing, in 19 of 20 tables.

Labels that come and go by themselves, in runs of a given mean length, are judged in tables of a few, as concepts
are. A table with any verdict that says that a network has a concept is a false one. Networks are read once;
their activations serve all tables.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.units.columns import columns_of
from rnn_research.analysis.units.verdict import CELLS, LEVEL, UNTRAINED, verdict
from rnn_research.concepts.concept import Concept, binary
from rnn_research.errors import counted
from rnn_research.models import Model
from rnn_research.studies.cells.cell_statistics import Text
from rnn_research.studies.cells.gathering import Half, Halves, half_of
from rnn_research.studies.cells.judging import evidence
from rnn_research.studies.cells.reading import quantities_of, units_of
from rnn_research.studies.cells.searching import searched
from rnn_research.types import Params

RUNS = (30, 300, 3000)
"""Mean lengths of runs, in symbols."""
LABELS = 4
"""Of a table."""
AT_ONCE = 20
"""Tables that are scored in one pass over the activations."""
FOUND = (*CELLS, UNTRAINED)


def null_tables(
    model: Model,
    networks: Mapping[str, Params],
    untrained: Params,
    symbols_N: np.ndarray,
    tables: int,
    *,
    runs: Sequence[int] = RUNS,
    labels: int = LABELS,
    sample: int = 32_768,
    streams: int = 32,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Judges ``tables`` tables of independent labels for every network and mean length of runs.

    Args:
      model: of the networks.
      networks: parameters by name.
      untrained: of the control.
      symbols_N: the text.
      tables: of each kind.
      runs: mean lengths.
      labels: of a table.
      sample, streams: as of ``score_concepts``.
      seed: of the labels.
      say: told how it goes.

    Returns:
      Ready for JSON: ``allowed``, the share of tables with a finding that lies within two standard errors of 5 %;
      ``rows``, for each network and mean length the ``tables``, how many have a ``found``, and the ``verdicts``.
    """
    quantities = quantities_of(model.stack)
    text, units = Text(model, quantities, np.asarray(symbols_N), streams), units_of(model.stack, quantities)
    blank = [binary("", np.zeros(len(symbols_N), bool))]
    control = text.halves(untrained, text.bins(untrained), blank, 100, sample)
    recent = text.recent(control)
    rows = []
    for name, params in networks.items():
        network = text.halves(params, text.bins(params), blank, 100, sample)
        for mean in runs:
            rng = np.random.default_rng((seed, mean))
            said: Counter[str] = Counter()
            found = 0
            for first in range(0, tables, AT_ONCE):
                count = min(AT_ONCE, tables - first)
                concepts = [in_runs(len(symbols_N), mean, rng) for _ in range(count * labels)]
                halves = [_labelled(part, concepts, text) for part in (network, control)]
                known = searched(halves[0], halves[1], recent, units)
                for t in range(count):
                    table = [verdict(one)[0] for one in evidence(known[t * labels : (t + 1) * labels])]
                    said.update(table)
                    found += any(one in FOUND for one in table)
            say(f"{name}, runs of {mean}: {found} of {counted(tables, 'table')} with a finding")
            rows.append({"network": name, "runs": mean, "tables": tables, "found": found, "verdicts": dict(said)})
    allowed = LEVEL + 2 * (LEVEL * (1 - LEVEL) / tables) ** 0.5
    return {"labels": labels, "symbols": len(symbols_N), "allowed": allowed, "rows": rows}


def in_runs(N: int, mean: int, rng: np.random.Generator) -> Concept:
    """A label that comes and goes, both for times of this mean (exponential), whatever the text says."""
    ends = np.cumsum(np.ceil(rng.exponential(mean, 20 + 3 * N // mean)))
    return binary("independent", (np.searchsorted(ends, np.arange(N), "right") + rng.integers(2)) % 2 == 1)


def _labelled(read: Halves, concepts: Sequence[Concept], text: Text) -> Halves:
    """The same activations with other labels, at the sampled positions."""

    def half(part: Half, place: slice) -> Half:
        labels = [concept._replace(labels_N=concept.labels_N[place]) for concept in concepts]
        counted_N = np.zeros(len(labels[0].labels_N), bool)
        counted_N[part.positions_N] = True
        columns = columns_of(labels, counted_N, len(counted_N))
        return half_of([(part.positions_N[:, None], part.codes_NU[:, None])], columns, len(counted_N))

    return Halves(half(read.select, text.places[0]), half(read.confirm, text.places[1]), read.bins)


def table_of(results: Mapping[str, Any]) -> str:
    """The rows in Markdown."""
    lines = [
        "| network | mean run of the labels | tables | with a finding | labels, by verdict |",
        "|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        said = ", ".join(f"{verdict}: {count}" for verdict, count in sorted(row["verdicts"].items()))
        lines.append(f"| {row['network']} | {row['runs']:,} | {row['tables']} | {row['found']} | {said} |")
    return "\n".join(lines)
