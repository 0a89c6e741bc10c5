"""The cell study of one language model: which units follow which concepts, whether it uses them, and what to show.

Scores and verdicts come first (``statistics``), then what the network does without the
units that were found (``causes``), how far its gates are stuck (``saturation``), which of its
errors a better memory would mend (``breakdown``), and last a stretch of the text with
every activation, to be looked at.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from rnn_research.analysis.gates import SIGMOIDAL
from rnn_research.analysis.units.unit import Unit
from rnn_research.analysis.units.verdict import CELLS
from rnn_research.concepts import Concept
from rnn_research.restore.trained import Trained
from rnn_research.studies.cells.breakdown import breakdown
from rnn_research.studies.cells.causes import closing, effect
from rnn_research.studies.cells.cell_statistics import score_concepts
from rnn_research.studies.cells.closing_symbols import closing_symbols
from rnn_research.studies.cells.intervened import Interventions
from rnn_research.studies.cells.parallel_reading import WARM_UP, cut_of
from rnn_research.studies.cells.probabilities import probabilities
from rnn_research.studies.cells.proofs import proofs
from rnn_research.studies.cells.reading import quantities_of, read, reader
from rnn_research.studies.cells.same import same_as
from rnn_research.studies.cells.saturation import saturation
from rnn_research.studies.study import Say
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training.state import Purpose, purpose_key

EDITABLE = ("h", "c")


class Stretch(NamedTuple):
    """A part of the text with everything that the network held while it read it.

    Attributes:
      text: N characters, one for each symbol.
      activations: by layer and quantity, ``[N, H]``.
      p_NV: the network's distribution over the next symbol.
      labels: of every concept, ``[N]`` each.
    """

    text: str
    activations: dict[tuple[int, str], np.ndarray]
    p_NV: np.ndarray
    labels: dict[str, Concept]


def run(
    model: Trained,
    text: bytes,
    symbols_N: np.ndarray,
    concepts: Sequence[Concept],
    config: ConfigDict,
    say: Say,
    *,
    training: bytes | None = None,
) -> tuple[dict[str, Any], Stretch]:
    """Studies one model.

    Args:
      model: of which the units are.
      text: that it was not trained on.
      symbols_N: the same as its vocabulary numbers it.
      concepts: with a label for every symbol.
      config: ``config.analysis`` says how much of everything.
      say: is told how it goes.
      training: what the model was trained on, for the error breakdown; None leaves it out.

    Returns:
      Results ready for JSON, and the stretch to be shown.
    """
    analysis, shape = config.analysis, model.model.stack
    untrained = model.model.init(
        purpose_key(jax.random.key(model.config.seed), 0, Purpose.PARAMS), model.config.model.init
    )
    results = score_concepts(
        model.model,
        model.params,
        untrained,
        symbols_N,
        concepts,
        window=model.config.task.chunk_length,
        shifts=analysis.shifts,
        sample=analysis.sample,
        say=say,
    )
    by_name, twins = {concept.name: concept for concept in concepts}, same_as(concepts)
    shown = stretch(model, characters_of(text, model.vocabulary), symbols_N, concepts, analysis.shown)
    say(f"kept {len(shown.text):,} characters to show")
    # The half that chose the units is not asked again.
    middle = len(symbols_N) // 2
    options = {"streams": cut_of(len(symbols_N) - middle, analysis.streams).B, "steps": analysis.steps}
    interventions = Interventions(model.model, model.params, symbols_N[middle:], "mean", **options)
    for entry in results["concepts"]:
        entry["effect"], entry["closing"], entry["same_as"] = None, None, twins.get(entry["concept"])
        unit = unit_to_edit(entry)
        if unit is None or entry["verdict"] not in CELLS:
            continue
        concept = by_name[entry["concept"]]
        there = concept._replace(labels_N=concept.labels_N[middle:])
        entry["effect"] = effect(interventions, there, unit, controls=analysis.controls)
        closes = closing_symbols(concept, text, model.vocabulary)
        if closes is not None and entry["effect"] is not None:
            # As it was held for the loss: what it says where the concept does not hold.
            held = entry["effect"]["value"]
            entry["closing"] = closing(
                model.model, model.params, symbols_N, closes, unit, "clamp", value=held, **options
            )
        say(f"{entry['concept']}: {entry['verdict']}" + (f", {unit} held" if entry["effect"] else ""))
    proofs([entry["effect"] for entry in results["concepts"]])
    results["saturation"] = None
    if any(name in SIGMOIDAL for _, name in quantities_of(shape)):
        results["saturation"] = saturation(model.model, model.params, symbols_N, steps=analysis.steps)
    results["breakdown"] = None
    if training is not None:
        read_text = text[: analysis.breakdown_characters]
        p_N = probabilities(model.model, model.params, symbols_N[: len(read_text)], len(model.vocabulary))
        results["breakdown"] = breakdown(p_N, read_text, training, order=analysis.order)
        say("errors taken apart")
    return results, shown


def unit_to_edit(entry: dict[str, Any]) -> Unit | None:
    """The best unit of a concept that can be held in the running network: an h or a c, not a gate."""
    if entry["best"] is None:
        return None
    for found in (entry["best"], *entry["ranking"]):
        unit = Unit.parse(found["unit"])
        if unit.quantity in EDITABLE:
            return unit
    return None


def characters_of(text: bytes, vocabulary: Vocabulary) -> str:
    """One character for each symbol; a byte that is no ASCII character is a lone surrogate (PEP 383)."""
    return text.decode() if vocabulary.level == "codepoints" else text.decode("ascii", "surrogateescape")


def stretch(model: Trained, text: str, symbols_N: np.ndarray, concepts: Sequence[Concept], count: int) -> Stretch:
    """The first ``count`` characters of the half that confirms, read in one stream after some to warm up."""
    shape = model.model.stack
    middle = len(symbols_N) // 2
    part = symbols_N[middle : middle + count + WARM_UP]
    quantities = quantities_of(shape)
    read_chunk = reader(model.model, quantities, logits=True)
    chunks = list(read(read_chunk, model.model, model.params, part, cut_of(len(part), most=1)))
    a_NU = np.concatenate([chunk.kept[:, 0] for chunk in chunks])
    logits_NV = np.concatenate([chunk.logits_TBV[:, 0] for chunk in chunks])
    positions_N = middle + np.concatenate([chunk.positions_TB[:, 0] for chunk in chunks])
    place, H = slice(int(positions_N[0]), int(positions_N[-1]) + 1), shape.hidden
    return Stretch(
        text=text[place],
        activations={q: a_NU[:, i * H : (i + 1) * H] for i, q in enumerate(quantities)},
        p_NV=np.asarray(jax.nn.softmax(logits_NV, axis=-1)),
        labels={c.name: c._replace(labels_N=c.labels_N[place]) for c in concepts},
    )
