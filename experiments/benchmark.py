"""Side-by-side speed on this machine: everything in one run, in turn, so that ratios hold where times drift.

    python -m experiments.benchmark --suite=all --workdir=runs/benchmark
    python -m experiments.benchmark --suite=cells --shapes=32x100x128,1x1000x128x3 --cells=lstm --workdir=runs/cells

Leaves results.json and benchmark.md. Ratios are taken within each round, between
neighbours in time; the range over the rounds stands beside every median. Suites:

    cells      recurrent layers beside flax, haiku, equinox and PyTorch
    train      whole steps of training beside the same
    sample     writing text, beside a loop in PyTorch
    memory     bytes that a backward pass needs
    precision  bfloat16 beside float32
    scaling    how cost grows, with a figure
    loop       the host loop against the bare jitted step
    units      scoring units against concepts
    parallel   all of time at once against the loop
    sweep      64 points as one program, against processes and PyTorch

Libraries that are not installed are left out: pip install -e .[benchmark]
brings them.
"""

import os
from typing import Any

from absl import flags

from experiments import launch
from experiments.benchmarks import (
    cells,
    comparison,
    loop,
    memory,
    parallel,
    precision,
    sample,
    scaling,
    sweep,
    train,
    units,
)
from experiments.benchmarks.case import BYTES, GATES, parse_shapes
from experiments.benchmarks.suite import Options, Suite, plain
from rnn_research.errors import UserError, at_least, one_of
from rnn_research.report import speed
from rnn_research.runs import owner
from rnn_research.runs.directory import read_json, write_json, write_text
from rnn_research.runs.files import there
from rnn_research.runs.provenance import provenance

SUITES: dict[str, Suite] = {
    "cells": Suite(cells.measure, comparison.shown),
    "train": Suite(train.measure, comparison.shown),
    "sample": plain(sample.measure),
    "memory": Suite(memory.measure, memory.shown),
    "precision": Suite(lambda options, say: precision.measure(options.rounds), precision.shown),
    "scaling": Suite(scaling.measure, scaling.shown, speed.scaling),
    "loop": plain(loop.measure),
    "units": plain(units.measure),
    "parallel": Suite(lambda options, say: parallel.measure(min(options.rounds, parallel.ROUNDS)), parallel.table),
    "sweep": plain(sweep.measure),
}
PAGE = "benchmark.md"

SUITE = launch.define(flags.DEFINE_string, "suite", "all", f"{', '.join(SUITES)} or all")
SHAPES = launch.define(flags.DEFINE_string, "shapes", None, "of cells and train: BxTxH or BxTxHxLAYERS, commas between")
CELLS = launch.define(flags.DEFINE_string, "cells", None, "of cells and train: lstm, gru, elman, commas between")
DTYPE = launch.define(flags.DEFINE_string, "dtype", "float32", "of cells: float32 or bfloat16")
ROUNDS = launch.define(flags.DEFINE_integer, "rounds", 15, "the most that a comparison makes")
WORKDIR = launch.workdir_flag("where the results go; suites measured earlier stay in it")


def main() -> None:
    """Measures, prints and writes."""
    one_of("--suite", SUITE.value, [*SUITES, "all"])
    options = options_of_flags()
    directory = launch.directory(WORKDIR.value)
    with owner.taken(directory, "benchmark"):
        results: dict[str, Any] = read_json(directory.results, {"*": dict}) if there(directory.results) else {}
        origin = {**provenance({}), "load_before": load()}
        for name, suite in SUITES.items():
            if SUITE.value not in (name, "all"):
                continue
            say(f"{name} ...")
            results[name] = {**suite.measure(options, say), "provenance": origin}
            if suite.draw is not None:
                suite.draw(results[name], directory.figures / f"{name}.png")
            write_json(directory.results, results)
            write_text(directory.path / PAGE, page(results))
            say(f"\n{suite.shown(results[name])}\n")
    print(f"tables: {directory.path / PAGE}")


def options_of_flags() -> Options:
    """The part that is asked for.

    Raises:
      UserError: for a value that cannot be, or a flag of another suite.
    """
    for flag, suites in ((SHAPES, ("cells", "train")), (CELLS, ("cells", "train")), (DTYPE, ("cells",))):
        if flag.value != flag.default and SUITE.value not in (*suites, "all"):
            raise UserError(f"--{flag.name}={flag.value} is for --suite={' or '.join(suites)}: leave it out")
    cells = None if CELLS.value is None else tuple(one_of("--cells", c, GATES) for c in CELLS.value.split(","))
    one_of("--dtype", DTYPE.value, BYTES)
    at_least("--rounds", ROUNDS.value, 1, 10_000)
    shapes = None if SHAPES.value is None else parse_shapes("--shapes", SHAPES.value)
    return Options(shapes, cells, DTYPE.value, ROUNDS.value)


def load() -> float:
    """Programs that ran here in the last minute; says so where they will be in the way."""
    running = os.getloadavg()[0]
    if running > 0.5 * (os.cpu_count() or 1):
        say(f"note: {running:.1f} programs ran here in the last minute: times will not hold (PyTorch's least of all)")
    return running


def say(line: str) -> None:
    """At once, also into a pipe."""
    print(line, flush=True)


def page(results: dict[str, Any]) -> str:
    """All suites measured so far, in Markdown."""
    parts = ["# Speed"]
    for name in SUITES:
        if name in results:
            parts.append(f"## {name}")
            if origin := results[name].get("provenance"):
                machine = f"{origin['cores']} cores of {origin['processor']}, {', '.join(origin['devices'])}"
                parts.append(f"`{origin['command']}` on {machine}")
            parts.append(SUITES[name].shown(results[name]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    launch.run(main, __doc__)
