"""Scores a trained language model on a split of its corpus, or on any text.

    python -m experiments.evaluate --workdir=runs/demo --split=test
    python -m experiments.evaluate --workdir=runs/demo --text=README.md

Prints nats, bits and perplexity with 95 % bootstrap intervals over chunks of
the text; the last line is JSON. Symbols outside the vocabulary are counted and
reported; the model reads nothing in their place and they are not scored. Words
outside it are read and scored as <unk>, and counted too.
"""

import json
import math

import jax
import numpy as np
from absl import flags

from experiments import launch
from rnn_research.errors import UserError
from rnn_research.runs.statistics import bootstrap_ratio
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text import language_modelling as text_task
from rnn_research.tasks.text import streams
from rnn_research.training import trained
from rnn_research.training.run_text import read_text
from rnn_research.training.state import cast
from rnn_research.training.step import score_split

WORKDIR = launch.workdir_flag("directory of a trained run")
SPLIT = launch.define(flags.DEFINE_string, "split", "test", "train, validation or test")
TEXT = launch.define(flags.DEFINE_string, "text", None, "a file or folder to score instead of a split")
MOST_BYTES = launch.define(
    flags.DEFINE_integer, "most_bytes", corpora.MOST_BYTES, "that --text may hold, unpacked; 0: no limit"
)
STEP = launch.define(flags.DEFINE_integer, "step", None, "which checkpoint; by default the best by validation")


def main() -> None:
    """Scores and prints."""
    directory = launch.directory(WORKDIR.value)
    run = trained.read(directory, STEP.value)
    documents, source = read_text(run.config, directory, TEXT.value, SPLIT.value, MOST_BYTES.value)
    tokens, ends = text_task.encode(documents, run.vocabulary, run.config.task.reset_at_documents)
    if len(tokens) < 2:
        raise UserError(f"{source}: {len(tokens)} symbols are too few to score, at least 2 are needed")
    outside = run.vocabulary.outside(tokens)
    if not (tokens[1:] >= 0).any():
        raise UserError(
            f"{source}: none of its {len(tokens):,} symbols can be scored, they are outside the vocabulary of the run"
        )
    size = sum(len(text) for _, text in documents)
    config = run.config
    part = streams.evaluation(tokens, ends, config.evaluation.batch_size, config.task.chunk_length)
    task = text_task.next_symbol(
        run.vocabulary,
        {"text": part},
        config.task.chunk_length,
        config.task.carry,
        config.evaluation.carry,
        {"bytes_per_token": {"text": size / len(tokens)}},
    )
    score = jax.jit(lambda params, data: score_split(task, run.model, params, data, part.batches, part.batch_size))
    sums = score(cast(run.params, config.training.dtype), part.data)
    figures = task.summary(sums, "text")
    low, high = bootstrap_ratio(np.asarray(sums["nats"]), np.asarray(sums["tokens"]))
    to_bits = 1 / math.log(2) / (size / len(tokens))
    results = {
        "text": source,
        "step": run.step,
        **figures,
        "nats_per_token_low95": low,
        "nats_per_token_high95": high,
        "bits_per_byte_low95": low * to_bits,
        "bits_per_byte_high95": high * to_bits,
        "perplexity_low95": math.exp(low),
        "perplexity_high95": math.exp(high),
        "outside_vocabulary": outside,
    }
    print(f"{source}: {figures['tokens']:,} symbols scored, {outside:,} outside the vocabulary")
    print(f"nats per symbol  {figures['nats_per_token']:.4f}  [{low:.4f}, {high:.4f}]")
    print(f"bits per byte    {figures['bits_per_byte']:.4f}  [{low * to_bits:.4f}, {high * to_bits:.4f}]")
    print(f"perplexity       {figures['perplexity']:.3f}  [{math.exp(low):.3f}, {math.exp(high):.3f}]")
    print(json.dumps(results))


if __name__ == "__main__":
    launch.run(main, __doc__)
