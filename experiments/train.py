"""Trains any config; given again, goes on from where its run directory stands.

    python -m experiments.train --config=configs/char_lm.py:tiny --workdir=runs/tiny
    python -m experiments.train --config=configs/char_lm.py:tiny --workdir=runs/more --config.model.hidden=256

    One run over two hosts: the same command on both, with --process_id=0 and --process_id=1 (Slurm: srun tells them)
    python -m experiments.train --config=... --workdir=... --coordinator=node1:5000 --num_processes=2 --process_id=0

Leaves a run directory: config, provenance, metrics, TensorBoard, checkpoints,
results.json, a sample and report.html.
"""

import json

from absl import flags
from ml_collections import config_flags

from experiments import launch
from rnn_research.decoding import writing
from rnn_research.models.perplexity import limits_of
from rnn_research.restore import step_scores, trained
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.training.machines import distributed
from rnn_research.training.train import train

CONFIG = launch.config_flag()
WORKDIR = launch.workdir_flag("the run directory, made if it is missing")
RESUME = launch.define(
    flags.DEFINE_string,
    "resume",
    "auto",
    "auto: go on if the directory holds the same config; never: refuse a used directory; "
    "changed: go on although the config differs",
)
DISTRIBUTED = launch.define(
    flags.DEFINE_string,
    "distributed",
    "auto",
    "auto: one of several processes if the three flags below say so, or as a task of a Slurm job step of several "
    "(one a device: srun --ntasks-per-node=GPUS); off: alone, whatever Slurm says",
)
COORDINATOR = launch.define(
    flags.DEFINE_string, "coordinator", None, "HOST:PORT of process 0, where the processes of one run meet"
)
NUM_PROCESSES = launch.define(flags.DEFINE_integer, "num_processes", None, "how many processes train this run together")
PROCESS_ID = launch.define(
    flags.DEFINE_integer, "process_id", None, "which one this is, from 0; only process 0 needs and writes the workdir"
)


def main() -> int:
    """Trains, then writes a sample and the report."""
    config = launch.required_config(CONFIG)
    directory = launch.directory(WORKDIR.value)
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    group = distributed.group_of(DISTRIBUTED.value, COORDINATOR.value, NUM_PROCESSES.value, PROCESS_ID.value)
    with distributed.joined(group):
        results = train(config, directory, overrides, RESUME.value)
    if "stopped_by_signal" in results:
        print(f"stopped by a signal at step {results['step']:,}; the same command goes on from there")
        return 128 + results["stopped_by_signal"]
    if not distributed.first():
        return 0

    from rnn_research.report.run_page import write_page  # matplotlib is slow to import: only when needed

    if directory.vocabulary.exists():  # what it writes is text
        show_text(trained.read(directory), directory)
    write_page(directory)
    print_results(results)
    print(f"report: {directory.report}")
    return 0


def show_text(run: trained.Trained, directory: RunDirectory) -> None:
    """What the config asks to see of a language model: scores of every step, a sample."""
    evaluation = run.config.evaluation
    if evaluation.show_scores:
        print(step_scores.table(run, run.config.task.text))
    if evaluation.sample_length:
        text = sample(run)
        write_text(directory.sample, text)
        print(f"--- a sample at temperature {evaluation.sample_temperature:g}\n{text}\n---")


def sample(run: trained.Trained) -> str:
    """The text that the config asks for."""
    evaluation = run.config.evaluation
    pieces = writing.write(
        run.model,
        run.params,
        run.vocabulary,
        writing.sample_key(run.config.seed),
        length=evaluation.sample_length,
        priming=evaluation.sample_prime,
        choice=writing.Choice(temperature=evaluation.sample_temperature),
        start=run.start,
    )
    return evaluation.sample_prime + "".join(piece[0] for piece in pieces)


def with_ends(results: dict, name: str, form: str, unit: str = "") -> str:
    """A figure and its interval, where it has them."""
    value, low, high = (results.get(name + end) for end in ("", "_low95", "_high95"))
    if value is None:
        return "is not finite"
    ends = "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"
    return f"{value:{form}}{unit}{ends}"


def print_results(results: dict) -> None:
    """The headline in words, then everything as one line of JSON."""
    for split in ("validation", "test"):
        if f"{split}_nats_per_token" in results:
            parts = [f"{split}: {with_ends(results, f'{split}_nats_per_token', '.4f', ' nats')}"]
            if (bits := results.get(f"{split}_bits_per_byte")) is not None:
                parts.append(f"{bits:.4f} bits per byte")
            if (perplexity := results.get(f"{split}_perplexity")) is not None:
                parts.append(f"perplexity {perplexity:.3f}")
            print(", ".join(parts))
            print("".join(f"{split}: {sentence}\n" for sentence in limits_of(results, split)), end="")
        elif f"{split}_{results['objective']}" in results:
            name = f"{split}_{results['objective']}"
            print(f"{name} {with_ends(results, name, '.4g')}")
        if over := results.get(f"interval_of_{split}"):
            print(f"{split}: {over if over.startswith('no') else f'95 % interval {over}'}")
    print(json.dumps(results))


if __name__ == "__main__":
    launch.run(main, __doc__)
