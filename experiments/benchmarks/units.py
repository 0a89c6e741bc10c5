"""Characters per second of the bare forward pass, and of the same with every unit scored against 20 concepts."""

import time
from typing import Any

import jax
import numpy as np

from rnn_research.analysis.units.columns import columns_of
from rnn_research.analysis.units.histograms import bins_of, quantised
from rnn_research.concepts import Concept
from rnn_research.models import MODELS
from rnn_research.studies.cells.gathering import half_of
from rnn_research.studies.cells.parallel_reading import cut_of
from rnn_research.studies.cells.reading import read, reader
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.training.defaults import defaults

V, UNITS, CONCEPTS = 100, 512, 20
CHARACTERS = 60_000
ROUNDS = 5


def measure(rounds: int = ROUNDS, characters: int = CHARACTERS) -> dict[str, Any]:
    """Both in turn; the median of the ratios, and their range."""
    config = defaults()
    config.model.hidden = UNITS
    model = MODELS["language_model"].build(config.model, interface(V))
    params = model.init(jax.random.key(0), config.model.init)
    rng = np.random.default_rng(0)
    symbols_N = rng.integers(0, V, characters)
    concepts = [Concept(f"c{n}", "binary", rng.random(characters) < 0.2) for n in range(CONCEPTS)]
    cut = cut_of(characters)
    cells = tuple((layer, "c") for layer in range(config.model.layers))
    bare = reader(model, cells, keep=lambda a, _: a[:, :, :0])
    coded = reader(model, cells, keep=lambda a, bins: quantised(a, *bins))
    first = next(read(reader(model, cells), model, params, symbols_N, cut)).kept
    bins = bins_of(first.reshape(-1, first.shape[-1]))
    columns = columns_of(concepts, cut.counted(characters), window=100)

    def forward() -> None:
        for _ in read(bare, model, params, symbols_N, cut):
            pass

    def scored() -> None:
        chunks = read(coded, model, params, symbols_N, cut, extra=tuple(bins))
        half_of(((chunk.positions_TB, chunk.kept) for chunk in chunks), columns, 1000)

    forward()
    scored()
    times: dict[str, list[float]] = {"forward": [], "scored": []}
    for _ in range(rounds):
        for name, run in (("forward", forward), ("scored", scored)):
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    ratio = np.array(times["forward"]) / np.array(times["scored"])
    return {
        "units": UNITS,
        "concepts": CONCEPTS,
        "scored_speed_over_forward_median": float(np.median(ratio)),
        "scored_speed_over_forward_least": float(ratio.min()),
        "scored_speed_over_forward_most": float(ratio.max()),
        "forward_characters_per_second_median": float(characters / np.median(times["forward"])),
    }
