"""Which units of a trained language model follow which concepts: scores, controls, verdicts.

The first half of the text chooses units, thresholds and probes; the second half measures them. Each half is
streamed once through the trained network and once through its untrained copy. Of all positions, one table
of sums by bin is kept (see ``analysis.units.histograms``); of evenly spaced positions, the activations
themselves, for the probes and the turned labels.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.units import probes
from rnn_research.analysis.units.columns import columns_of
from rnn_research.analysis.units.delays import delayed, delays
from rnn_research.analysis.units.histograms import Bins, bins_of, quantised
from rnn_research.analysis.units.recent import Contexts
from rnn_research.concepts import Concept
from rnn_research.errors import UserError, counted
from rnn_research.models import Model
from rnn_research.studies.cells.gathering import Halves, half_of
from rnn_research.studies.cells.judging import judged
from rnn_research.studies.cells.parallel_reading import cut_of
from rnn_research.studies.cells.reading import Chunk, Quantity, quantities_of, read, reader, units_of
from rnn_research.studies.cells.searching import Recent
from rnn_research.types import Params

LAST = 5
"""How many of the last characters the control's probe sees."""
SHIFTS = 200
SAMPLE = 32_768
"""Positions of each half whose activations are kept, at most."""
DELAY_SAMPLE = 16_384
"""Positions from which it is told whether units follow a concept late."""
STEPS = 256

Say = Callable[[str], None]


class Text:
    """A text in two halves, to be read by networks of one shape."""

    def __init__(
        self, model: Model, quantities: Sequence[Quantity], symbols_N: np.ndarray, streams: int = 32, steps: int = STEPS
    ) -> None:
        """Compiles the reading; arguments as of ``score_concepts``."""
        self.model, self.steps = model, steps
        middle = len(symbols_N) // 2
        self.places = slice(0, middle), slice(middle, None)
        self.parts = symbols_N[:middle], symbols_N[middle:]
        self.cut = cut_of(middle, streams)
        self._floats = reader(model, quantities)
        self._coded = reader(model, quantities, keep=lambda a, bins: quantised(a, *bins))

    def bins(self, params: Params) -> Bins:
        """Of the first chunk.

        Raises:
          UserError: for activations that are not finite.
        """
        first = next(read(self._floats, self.model, params, self.parts[0], self.cut, steps=self.steps)).kept
        try:
            return bins_of(first.reshape(-1, first.shape[-1]))
        except ValueError as error:
            raise UserError(f"--workdir holds a network whose {error} on this text: take another one") from error

    def _chunks(self, params: Params, bins: Bins, part: np.ndarray) -> Iterator[Chunk]:
        return read(self._coded, self.model, params, part, self.cut, steps=self.steps, extra=tuple(bins))

    def beginning(self, params: Params, bins: Bins) -> tuple[np.ndarray, np.ndarray]:
        """Bins and positions of the first chunks of the first half."""
        count = max(1, DELAY_SAMPLE // (self.cut.B * self.steps))
        chunks = list(itertools.islice(self._chunks(params, bins, self.parts[0]), count))
        codes_NU = np.concatenate([chunk.kept.reshape(-1, chunk.kept.shape[-1]) for chunk in chunks])
        return codes_NU, np.concatenate([chunk.positions_TB.ravel() for chunk in chunks])

    def halves(self, params: Params, bins: Bins, concepts: Sequence[Concept], window: int, sample: int) -> Halves:
        """Sums and samples of one network."""
        found = []
        for place, part in zip(self.places, self.parts, strict=True):
            labels = [concept._replace(labels_N=concept.labels_N[place]) for concept in concepts]
            columns = columns_of(labels, self.cut.counted(len(part)), window)
            pairs = ((chunk.positions_TB, chunk.kept) for chunk in self._chunks(params, bins, part))
            found.append(half_of(pairs, columns, sample))
        return Halves(found[0], found[1], bins)

    def recent(self, sampled: Halves) -> Recent:
        """The last characters at the sampled positions."""
        V = int(max(part.max() for part in self.parts)) + 1
        places = sampled.select.positions_N, sampled.confirm.positions_N
        one_hot = [probes.last_characters(part, at_N, LAST, V) for part, at_N in zip(self.parts, places, strict=True)]
        counted_N = self.cut.counted(len(self.parts[0]))
        return Recent(probes.features_of(*one_hot), Contexts(*self.parts, LAST), counted_N)


def score_concepts(
    model: Model,
    params: Params,
    untrained_params: Params,
    symbols_N: np.ndarray,
    concepts: Sequence[Concept],
    *,
    window: int,
    quantities: Sequence[Quantity] | None = None,
    streams: int = 32,
    steps: int = STEPS,
    shifts: int = SHIFTS,
    sample: int = SAMPLE,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Scores every unit against every concept and judges each concept.

    Args:
      model, params: the trained language model.
      untrained_params: of its copy before training.
      symbols_N: the text as the model's vocabulary numbers it.
      concepts: with a label for every symbol.
      window: symbols over which the network was trained at once (BPTT); positions
        deeper than that in a run of a concept are also scored apart.
      quantities: which units; by default h and c (if the cell has it) and all gates of all layers.
      streams: read side by side.
      steps: of the chunks in which they are read; the first one sets the bins.
      shifts: turns of the labels, for the share of units that follow something.
      sample: positions of each half for probes and turned labels, at most.
      say: told what is done.

    Returns:
      Ready for JSON: ``concepts``, an entry each, and ``share_of_cells`` of which a unit
      are beyond chance, follow it, or stand alone (see ``analysis.units.verdict``).

    Raises:
      UserError: for a text too short to be read in halves, labels that do not fit it, no concepts, or
        activations that are not finite.
    """
    if not concepts:
        raise UserError("--concepts names none: name at least one, as in --concepts=python")
    for concept in concepts:
        if len(concept.labels_N) != len(symbols_N):
            raise UserError(
                f"--concepts: {concept.name} has {counted(len(concept.labels_N), 'label')} for "
                f"{counted(len(symbols_N), 'symbol')} of --text"
            )
    quantities = tuple(quantities_of(model.stack) if quantities is None else quantities)
    symbols_N = np.asarray(symbols_N)
    text = Text(model, quantities, symbols_N, streams, steps)
    bins = text.bins(params)
    late = delays(*text.beginning(params, bins), concepts)
    concepts = [delayed(concept, lag) for concept, lag in zip(concepts, late, strict=True)]
    trained = text.halves(params, bins, concepts, window, sample)
    say(f"read {2 * trained.select.columns.counted:,} positions")
    untrained = text.halves(untrained_params, text.bins(untrained_params), concepts, window, sample)
    say("read them with the untrained network")
    recent = text.recent(trained)
    found = judged(trained, untrained, recent, units_of(model.stack, quantities), shifts) | {"last_characters": LAST}
    for entry, lag in zip(found["concepts"], late, strict=True):
        entry["delay"] = lag
        if lag and entry["best"] is not None:
            how_late = counted(lag, "symbol")
            entry["reason"] += f" Units follow it {how_late} late: all is measured against the labels of then."
    return found
