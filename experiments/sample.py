"""Writes text with a trained language model.

    python -m experiments.sample --workdir=runs/demo --prime="def " --length=1000 --temperature=0.7
    python -m experiments.sample --workdir=runs/demo --feedback=argmax      why one samples: the text repeats itself
    python -m experiments.sample --workdir=runs/demo --feedback=softmax     the softmax vector itself fed back
    python -m experiments.sample --workdir=runs/demo --clamp=layer1.c[37]=-1 a cell held: the text without it

The text goes to stdout as it is made; with --num_samples=N the samples follow one another.
"""

import sys
import time

from absl import flags

from experiments import launch
from rnn_research.analysis.clamps import clamps_of
from rnn_research.analysis.interventions import edit_of
from rnn_research.decoding import writing
from rnn_research.decoding.generate import FEEDBACK, Choice
from rnn_research.errors import UserError, at_least, one_of
from rnn_research.models.recurrent import stack_of
from rnn_research.restore import trained

WORKDIR = launch.workdir_flag("directory of a trained run")
PRIME = launch.define(flags.DEFINE_string, "prime", "", "text that the model reads first")
LENGTH = launch.define(flags.DEFINE_integer, "length", 1000, "symbols to write")
TEMPERATURE = launch.define(flags.DEFINE_float, "temperature", 1.0, "divides the scores; 0 takes the best symbol")
TOP_K = launch.define(flags.DEFINE_integer, "top_k", 0, "only the k most probable symbols; 0: all")
TOP_P = launch.define(flags.DEFINE_float, "top_p", 1.0, "only the most probable symbols that reach p; 1: all")
FEEDBACK_FLAG = launch.define(
    flags.DEFINE_string, "feedback", "sample", f"what the model reads next: {', '.join(FEEDBACK)}"
)
SAMPLES = launch.define(flags.DEFINE_integer, "num_samples", 1, "how many texts, made side by side")
SEED = launch.define(flags.DEFINE_integer, "seed", 0, "of the draws: the same seed gives the same text")
CLAMP = launch.define(
    flags.DEFINE_string,
    "clamp",
    "",
    "units held at a value, UNIT=VALUE as in layer1.c[37]=-1, commas between several",
)
STEP = launch.define(flags.DEFINE_integer, "step", None, "which checkpoint; by default the best by validation")

MOST_SAMPLES = 100_000  # made side by side
HOTTEST = 1e6  # all symbols are alike long before
MOST_SYMBOLS = 100_000_000


def main() -> None:
    """Streams one text, or prints several."""
    at_least("--length", LENGTH.value, 1, MOST_SYMBOLS)
    at_least("--temperature", TEMPERATURE.value, 0, HOTTEST)
    at_least("--top_k", TOP_K.value, 0)
    at_least("--num_samples", SAMPLES.value, 1, MOST_SAMPLES)
    if SAMPLES.value > 1 and SAMPLES.value * LENGTH.value > MOST_SYMBOLS:  # they are held until all are written
        raise UserError(
            f"--num_samples={SAMPLES.value} of --length={LENGTH.value} are more than {MOST_SYMBOLS:,} symbols: "
            "lower one of them"
        )
    one_of("--feedback", FEEDBACK_FLAG.value, FEEDBACK)
    if not 0 < TOP_P.value <= 1:
        raise UserError(f"--top_p={TOP_P.value} must be above 0 and at most 1")
    run = trained.read(launch.directory(WORKDIR.value), STEP.value)
    clamps = clamps_of(CLAMP.value, stack_of(run.config.model))
    if unknown := writing.unknown_words(run.vocabulary, PRIME.value):
        print(f"--prime: read as <unk>: {', '.join(unknown[:5])}", file=sys.stderr)
    pieces = writing.write(
        run.model,
        run.params,
        run.vocabulary,
        writing.sample_key(SEED.value),
        length=LENGTH.value,
        samples=SAMPLES.value,
        priming=PRIME.value,
        choice=Choice(TEMPERATURE.value, TOP_K.value, TOP_P.value, FEEDBACK_FLAG.value),
        edit=edit_of(*clamps) if clamps else None,
        start=run.start,
    )
    if run.start is not None:
        print(trained.MEAN_CARRY, file=sys.stderr)
    if SAMPLES.value == 1:
        first = next(pieces)  # compiles
        began, symbols = time.monotonic(), 0
        print(PRIME.value + first[0], end="", flush=True)
        for piece in pieces:
            symbols += len(piece[0])
            print(piece[0], end="", flush=True)
        print()
        if symbols:
            print(f"{symbols / (time.monotonic() - began):,.0f} symbols/s", file=sys.stderr)
        return
    texts = ["".join(parts) for parts in zip(*pieces, strict=True)]
    for number, text in enumerate(texts, 1):
        print(f"--- sample {number} of {len(texts)}\n{PRIME.value}{text}")


if __name__ == "__main__":
    launch.run(main, __doc__, ends_unread=True)
