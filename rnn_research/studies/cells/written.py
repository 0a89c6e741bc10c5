"""What a cell study leaves beside its results, and by what it knows itself when it is asked the same again."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config.flat import normal
from rnn_research.errors import UserError
from rnn_research.runs import shown
from rnn_research.runs.directory import RunDirectory, read_json, written_whole
from rnn_research.runs.files import there
from rnn_research.studies.cells.asked import Asked
from rnn_research.tasks.text.vocabulary import Vocabulary

RULES = 5
"""Grows whenever the same question gets another answer; results of other rules are made anew."""


def fingerprint(asked: Asked, step: int, config: ConfigDict) -> dict[str, Any]:
    """All that decides what a study of one run finds, ready for JSON.

    Args:
      asked: the text and its concepts.
      step: of the checkpoint.
      config: of the study.
    """
    labels = hashlib.sha256()
    for concept in asked.concepts:
        labels.update(concept.name.encode() + b"\0" + concept.labels_N.tobytes())
    return {
        "rules": RULES,
        "step": step,
        "text_sha256": hashlib.sha256(asked.text).hexdigest(),
        "labels_sha256": labels.hexdigest(),
        "analysis": normal(config.analysis),
    }


def config_of(config: ConfigDict, network: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into a study's config.json: what was asked, and what was read.

    The other sections of the study's own config are defaults of a network that it did not read.

    Args:
      config: of the study.
      network: of the run, or of a PyTorch model what is known of it.
    """
    return {"analysis": normal(config.analysis), "run": normal(network)}


def asked_before(out: RunDirectory, mark: dict[str, Any]) -> bool:
    """Whether a folder holds a finished study of just this, with all that its pages are made from."""
    if not out.done.exists() or not there(shown.facts_file(out)):
        return False
    try:
        results = read_json(out.results)
    except UserError:
        return False
    return isinstance(results, dict) and results.get("fingerprint") == mark


def write_table(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """A row for every concept and ranked unit."""
    with written_whole(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["concept", "kind", "verdict", "rank", "unit", "statistic", "confirm"])
        for entry in entries:
            common = [entry["concept"], entry["kind"], entry["verdict"]]
            statistic = (entry["best"] or {}).get("statistic", "")
            for rank, found in enumerate(entry["ranking"], 1):
                writer.writerow([*common, rank, found["unit"], statistic, found["confirm"]])


def write_shown(out: RunDirectory, stretch: Any, vocabulary: Vocabulary, facts: dict[str, Any]) -> None:
    """The stretch that is shown, with all that the pages need to show it.

    Args:
      out: where the study lies.
      stretch: a ``study.Stretch``.
      vocabulary: of the model.
      facts: what the explorer says of itself.
    """
    labels = {name: shown.Labels(of.kind, of.labels_N, of.classes) for name, of in stretch.labels.items()}
    symbols = symbols_as_text(vocabulary)
    shown.write(out, shown.Shown(stretch.text, stretch.activations, stretch.p_NV, labels, symbols, facts))


def symbols_as_text(vocabulary: Vocabulary) -> list[str]:
    """Every symbol as one character that can be shown."""
    if vocabulary.level == "codepoints":
        return list(vocabulary.symbols)
    return [s.encode("latin-1").decode("ascii", "surrogateescape") for s in vocabulary.symbols]
