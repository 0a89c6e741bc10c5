"""Scores a trained language model on a split of its corpus, or on any text.

    python -m experiments.evaluate --workdir=runs/demo --split=test
    python -m experiments.evaluate --workdir=runs/demo --text=README.md

Prints nats, bits and perplexity with 95 % intervals over documents, or over long
stretches of the text where it has few; the last line is JSON. Symbols outside the
vocabulary are counted and reported; the model reads nothing in their place, and
they are not scored: the bits are then those of the bytes that are coded. Words
outside it are read and scored as <unk>, and counted too; words have no bits per
byte, since blanks and the spelling of <unk> are not coded.
"""

import json
import math
from collections.abc import Callable

import numpy as np
from absl import flags

from experiments import launch
from rnn_research.errors import UserError, counted
from rnn_research.models.perplexity import limits_of, perplexity
from rnn_research.restore import trained
from rnn_research.restore.run_text import Documents, read_text
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text import language_modelling as text_task
from rnn_research.tasks.text import streams
from rnn_research.tasks.text.coverage import coverage
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.tasks.text.words import UNKNOWN
from rnn_research.training import zero_start
from rnn_research.training.results import interval_of
from rnn_research.training.walk import totals, walker

WORKDIR = launch.workdir_flag("directory of a trained run")
SPLIT = launch.define(flags.DEFINE_string, "split", "test", "train, validation or test")
TEXT = launch.define(flags.DEFINE_string, "text", None, "a file or folder to score instead of a split")
MOST_BYTES = launch.define(
    flags.DEFINE_integer, "most_bytes", corpora.MOST_BYTES, "that --text may hold, unpacked; 0: no limit"
)
STEP = launch.define(flags.DEFINE_integer, "step", None, "which checkpoint; by default the best by validation")


UNITS: dict[str, tuple[str, Callable[[float, float | None], float]]] = {
    "nats_per_token": ("nats per symbol", lambda nats, size: nats),
    "bits_per_byte": ("bits per byte", lambda nats, size: nats / math.log(2) / (size or 1)),
    "bits_per_coded_byte": ("bits per coded byte", lambda nats, size: nats / math.log(2) / (size or 1)),
    "perplexity": ("perplexity", lambda nats, size: perplexity(nats)),
}
"""How each figure is called, and what nats per symbol are in it, given the bytes of a symbol."""


def main() -> None:
    """Scores and prints."""
    directory = launch.directory(WORKDIR.value)
    if TEXT.value:
        launch.refuse_idle("--text names what is scored", "split")
    else:
        launch.refuse_idle("it is a limit for --text", "most_bytes")
    run = trained.read(directory, STEP.value)
    documents, source = read_text(run.config, directory, TEXT.value, SPLIT.value, MOST_BYTES.value)
    tokens, ends, lengths = text_task.encode(documents, run.vocabulary, run.config.task.reset_at_documents)
    if len(tokens) < 2:
        raise UserError(f"{source}: {counted(len(tokens), 'symbol')} cannot be scored, at least 2 are needed")
    outside = outside_of(tokens, documents, run.vocabulary)
    if not (tokens[1:] >= 0).any():
        raise UserError(
            f"--{'text' if TEXT.value else 'split'}={TEXT.value or SPLIT.value}: of its {len(tokens):,} symbols none "
            "behind the first can be scored, all are outside the vocabulary of the run: give a text in its alphabet"
        )
    config = run.config
    part = streams.evaluation(tokens, ends, config.evaluation.batch_size, config.task.chunk_length)
    covered = coverage(tokens, run.vocabulary)
    kind = "streams" if not TEXT.value and config.task.split == "streams" else "documents"
    task = text_task.next_symbol(
        run.vocabulary,
        {"text": part},
        config.task.chunk_length,
        config.task.carry,
        config.evaluation.carry,
        {},
        0.0,
        {"text": streams.pieces_of(lengths, part, config.task.chunk_length, kind)},
    )
    walk = walker(task, run.model, config.training.dtype)
    sums, _ = walk(run.params, part.data, part.batches, part.batch_size)
    begun = zero_start.measured(walk, run.params, part.data, part.batches, part.batch_size) if task.goes_on else None
    figures = run.model.figures(totals(sums), covered)
    found = interval_of(task, run.model, "text", sums)
    results = {"text": source, "step": run.step, **figures}
    lines = []
    for name, (shown, converted) in UNITS.items():
        if name not in figures:
            continue
        low, high = (converted(nats, covered.bytes_per_token) for nats in (found.low, found.high))
        known = (None, None) if found.missing else (low, high if math.isfinite(high) else None)
        results[f"{name}_low95"], results[f"{name}_high95"] = known
        between = "" if found.missing else f"  [{low:.4f}, {high:.4f}]"
        lines.append(f"{shown:<16} {figures[name]:.4f}{between}")
    what = found.missing or f"95 % over {found.blocks:,} {found.over}"
    results |= {"blocks": found.blocks, "interval": what, "outside_vocabulary": outside}
    results |= begun.figures("text") if begun else {}
    print(f"{source}: {counted(int(figures['tokens']), 'symbol')} scored, {outside:,} outside the vocabulary")
    print(f"of {counted(len(tokens), 'symbol')} in all: the first is read only, with nothing before it")
    print("\n".join(lines))
    print("\n".join([what, *limits_of(figures)]))
    if begun and (warning := begun.warning(source)):
        print(warning)
    print(json.dumps(results))


def outside_of(tokens: np.ndarray, documents: Documents, words: Vocabulary) -> int:
    """How many symbols behind the first are not in the vocabulary; a written ``<unk>`` is a token like others."""
    outside = words.outside(tokens[1:])
    if words.level == "tokens":
        written = [word == UNKNOWN.encode() for _, text in documents for word in text.split()]
        outside -= sum(written) - (bool(words.outside(tokens[:1])) and written[0])
    return outside


if __name__ == "__main__":
    launch.run(main, __doc__)
