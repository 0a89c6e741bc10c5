"""Whether the language models of a sweep can begin to read: stuck streams, samples from nothing, the cost of the cure.

    python -m experiments.two_basins --runs=runs/basins --judge=runs/judge --workdir=runs/basins-read

The runs must be of one shape and one text (configs/two_basins.py makes them); the judge is a run of that text that was
trained longer. Leaves results.json and a figure; see docs/two_basins.md.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from experiments import launch
from rnn_research.errors import UserError, counted
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.runs.files import folder_fault
from rnn_research.sweeps import plan

if TYPE_CHECKING:
    from rnn_research.restore.trained import Trained

RUNS = launch.define(
    flags.DEFINE_multi_string, "runs", [], "a sweep of language models of one shape and text; more may be given"
)
JUDGE = launch.define(
    flags.DEFINE_string, "judge", None, "a run of the same text, trained longer, that says how probable samples are"
)
WORKDIR = launch.workdir_flag("where the results go")


def main() -> None:
    """Reads every finished run, and compares them."""
    judge = launch.directory(JUDGE.value, "--judge") if JUDGE.value else None
    out = launch.directory(WORKDIR.value)
    finished = [run for folder in RUNS.value for run in finished_runs(launch.directory(folder, "--runs").path)]
    if not finished:
        raise UserError("--runs is missing: name a sweep, as in --runs=runs/basins")
    from rnn_research.restore import trained

    first = trained.read(finished[0], flag="--runs")
    network = None if judge is None else trained.read(judge, flag="--judge")
    if network is not None and network.vocabulary != first.vocabulary:
        raise UserError(f"--judge={JUDGE.value} has another vocabulary than the runs: train one on their text")
    with owner.taken(out, "basins"):
        results = measured(finished, first, network)
        write_json(out.results, results)
        from rnn_research.report.stuck_streams import write_figure

        write_figure(out)
    print(json.dumps({name: value for name, value in results.items() if not isinstance(value, list)}))


def finished_runs(folder: Path) -> list[RunDirectory]:
    """The runs of a sweep that are DONE.

    Raises:
      UserError: if it is no sweep, or none is.
    """
    sweep = plan.read(folder)
    if sweep is None:
        raise UserError(f"--runs={folder} holds no sweep: make one with experiments.sweep")
    if fault := folder_fault(folder / "runs"):
        raise UserError(f"--runs={folder}: {fault}")
    finished = [run for run in (plan.run_directory(folder, p) for p in sweep.points) if run.done.exists()]
    if not finished:
        raise UserError(f"--runs={folder}: none of its {counted(len(sweep.points), 'run')} is finished")
    return finished


def measured(finished: list[RunDirectory], first: "Trained", network: "Trained | None") -> dict[str, Any]:
    """Every run's figures, and what they come to for each probability of a fresh start.

    Args:
      finished: the runs.
      first: the first of them, read.
      network: the judge, if there is one.
    """
    from rnn_research.restore import trained
    from rnn_research.restore.run_text import read_text
    from rnn_research.studies import two_basins
    from rnn_research.tasks.text import language_modelling as text_task
    from rnn_research.tasks.text import streams
    from rnn_research.training.walk import walker

    def symbols(split: str) -> np.ndarray:
        return text_task.encode(read_text(first.config, finished[0], None, split)[0], first.vocabulary, False)[0]

    held_against = two_basins.judge_of(network, first.vocabulary, symbols("train"), symbols("test"))
    chunk = first.config.task.chunk_length
    text = symbols("validation")
    splits = [streams.evaluation(text, None, B, chunk) for B in (first.config.evaluation.batch_size, 1)]
    task = text_task.next_symbol(first.vocabulary, {}, chunk, "stream", "stream", {})
    walk = walker(task, first.model, first.config.training.dtype)
    readings = []
    for directory in finished:
        run = trained.read(directory, flag="--runs")
        readings.append(two_basins.reading(run, first.model, walk, splits, held_against))
        shown = readings[-1]
        print(
            f"{directory.path.name}: {shown['streams_stuck']} of {shown['streams']} streams stuck, "
            f"{shown['nats_in_many_streams']:.3f} nats in many streams, {shown['nats_in_one_stream']:.3f} in one, "
            f"{shown['samples_stuck']} of {shown['samples']} samples stuck",
            flush=True,
        )
    real = {}
    if network is not None:
        real = two_basins.judged_figures(two_basins.judged(held_against, held_against.passages_NL))
    return {
        "corpus_sha256": json.loads(finished[0].provenance.read_text())["corpus"]["corpus_sha256"],
        "steps": first.step,
        **{f"passages_{name}": value for name, value in real.items()},
        **two_basins.summary(readings),
        "runs": readings,
    }


if __name__ == "__main__":
    launch.run(main, __doc__)
