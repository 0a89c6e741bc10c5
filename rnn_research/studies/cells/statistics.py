"""Which units of a trained language model follow which concepts: scores, controls, verdicts.

The first half of the text chooses units, thresholds and probes; the second half measures them. Each half is
streamed once through the trained network and once through its untrained copy. Of all positions, one table
of sums by bin is kept (see ``analysis.units.histograms``); of evenly spaced chunks of the text, the activations
themselves, for the probes and the shifted labels.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rnn_research.analysis.units import probes
from rnn_research.analysis.units.columns import columns_of
from rnn_research.analysis.units.histograms import bins_of, quantised
from rnn_research.concepts import Concept
from rnn_research.errors import UserError
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.studies.cells.gathering import Halves, half_of
from rnn_research.studies.cells.judging import judged
from rnn_research.studies.cells.reading import Quantity, quantities_of, read, reader, units_of
from rnn_research.studies.cells.streams import cut_of
from rnn_research.unroll import Stack

LAST = 5
"""How many of the last characters the control's probe sees."""
SHIFTS = 200
SAMPLE = 32_768
"""Positions of each half whose activations are kept."""
STEPS = 256

Say = Callable[[str], None]


def score_concepts(
    shape: Stack,
    params: LanguageModelParams,
    untrained_params: LanguageModelParams,
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
      shape, params: of the trained language model.
      untrained_params: of its copy before training.
      symbols_N: the text as the model's vocabulary numbers it.
      concepts: with a label for every symbol.
      window: symbols over which the network was trained at once (BPTT); positions
        deeper than that in a run of a concept are also scored apart.
      quantities: which units; by default h and c (if the cell has it) and all gates of all layers.
      streams: read side by side.
      steps: of the chunks in which they are read; the first one sets the bins.
      shifts: of the labels in time.
      sample: positions of each half for probes and shifts.
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
                f"--concepts: {concept.name} has {len(concept.labels_N)} labels for {len(symbols_N)} symbols of --text"
            )
    quantities = tuple(quantities_of(shape) if quantities is None else quantities)
    symbols_N = np.asarray(symbols_N)
    middle = len(symbols_N) // 2
    parts = slice(0, middle), slice(middle, None)
    cut = cut_of(middle, streams)
    floats, coded = reader(shape, quantities), reader(shape, quantities, keep=lambda a, bins: quantised(a, *bins))

    def halves(params: LanguageModelParams) -> Halves:
        first = next(read(floats, shape, params, symbols_N[parts[0]], cut, steps=steps)).kept
        try:
            bins = bins_of(first.reshape(-1, first.shape[-1]))
        except ValueError as error:
            raise UserError(f"--workdir: the network's {error}; choose another checkpoint by --step") from error
        found = []
        for part in parts:
            chunks = read(coded, shape, params, symbols_N[part], cut, steps=steps, extra=tuple(bins))
            labels = [concept._replace(labels_N=concept.labels_N[part]) for concept in concepts]
            counted_N = cut.counted(len(symbols_N[part]))
            columns = columns_of(labels, counted_N, window)
            pairs = ((chunk.positions_TB, chunk.kept) for chunk in chunks)
            found.append(half_of(pairs, columns, sample))
        return Halves(found[0], found[1], bins)

    trained = halves(params)
    say(f"read {2 * trained.select.columns.counted:,} positions")
    untrained = halves(untrained_params)
    say("read them with the untrained network")
    texts = symbols_N[parts[0]], symbols_N[parts[1]]
    V = int(symbols_N.max()) + 1
    recent = (
        probes.last_characters(texts[0], trained.select.positions_N, LAST, V),
        probes.last_characters(texts[1], trained.confirm.positions_N, LAST, V),
    )
    return judged(trained, untrained, recent, units_of(shape, quantities), shifts) | {"last_characters": LAST}
