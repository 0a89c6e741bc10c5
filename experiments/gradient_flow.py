"""The gradient study: where the gradient goes, network beside network.

    python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/anatomy
    python -m experiments.gradient_flow --config=configs/gradient_flow.py:memory --workdir=runs/memory
    python -m experiments.gradient_flow --config=configs/gradient_flow.py:memory --workdir=runs/memory --launcher=slurm

Leaves results.json, figures and report.html. Networks that are trained are runs of
a sweep in the folder sweep, resumed, packed and launched like any other; the same
command goes on with what is missing. On a CPU they are shared out over the cores.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags

from experiments import launch, packs
from rnn_research.config import Field
from rnn_research.errors import RunFailed, UserError, counted
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.runs.kept import Kept, refuse_another
from rnn_research.runs.migrations import read_config, read_stored
from rnn_research.runs.provenance import provenance
from rnn_research.training import going_on

if TYPE_CHECKING:
    from rnn_research.studies import learning


def own_fields(config: ConfigDict) -> Mapping[str, Field]:
    """Those of the study that a config names."""
    from rnn_research.studies import fields_of_config

    return fields_of_config(config)


CONFIG = launch.config_flag(own_fields)
RUN = launch.define(flags.DEFINE_string, "run", None, "a trained run, for configs/gradient_flow.py:trained")
WORKDIR = launch.workdir_flag("where the results go, made if it is missing")
packs.define()


def main() -> int:
    """Runs one study and writes its page."""
    config = launch.required_config(CONFIG)
    if RUN.value is not None:
        if "run" not in config.analysis:
            raise UserError(f"--run={RUN.value} belongs to --config=configs/gradient_flow.py:trained")
        config.analysis.run = str(Path(RUN.value).expanduser().absolute())
    directory = launch.directory(WORKDIR.value)
    packs.check()
    owner.check(directory, "study")
    share_cores()
    from rnn_research.report.gradient.study_page import write_page
    from rnn_research.studies import check, learning

    if "study" not in config.analysis:
        raise UserError("--config names no study: take configs/gradient_flow.py:anatomy")
    kind = check(config)
    packs.check_launcher()
    if not kind.parts(config):
        launch.refuse_idle("this study trains nothing", *packs.NAMES)
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    if directory.used():
        going_on.keep(config, going_on.older_values(config, read_stored(directory), overrides), print)
    refuse_another(directory, config)
    with owner.taken(directory, "study"):
        write_json(directory.config, config.to_dict())
        write_json(directory.overrides, overrides)
        write_json(directory.provenance, provenance(subject(config)))
        began, kept, parts = time.monotonic(), Kept(directory.path / "parts"), kind.parts(config)
        if missing := {part: runs for part, runs in parts.items() if not kept.has(part)}:
            kind.begin(config, aloud, Kept(directory.path / "parts"))
            status = trained(config, directory.path / "sweep", missing)
            if status is not None:
                return status
        runs = learning.runs_in(directory.path / "sweep", parts)
        results = kind.run(config, aloud, kept, runs)
        write_json(directory.results, {**results, "wall_seconds": time.monotonic() - began})
        write_page(directory)
        write_text(directory.done, "")
    print(f"report: {directory.report}")
    return 0


def trained(config: ConfigDict, directory: Path, parts: "learning.Parts") -> int | None:
    """Trains the runs of a study that are missing.

    Args:
      config: of the study.
      directory: of its sweep.
      parts: that the runs are of.

    Returns:
      The exit status, where there is nothing to be measured yet; None where all runs have ended.

    Raises:
      RunFailed: if some have not, though nothing has stopped them.
    """
    from rnn_research.studies import learning
    from rnn_research.sweeps import plan, summary

    given = launch.config_argument(sys.argv) or ""
    most, workers = flags.FLAGS.pack_size, flags.FLAGS.workers
    sweep = learning.planned(config, given, parts, directory, most, workers)
    owner.take(RunDirectory(directory), "sweep", part_of="study")
    plan.write(directory, sweep)
    status, seconds = packs.train(directory, sweep)
    if packs.only_begun():
        print("the same command measures the runs once their jobs have ended")
        return status
    _, found = summary.write_results(directory, sweep, seconds)
    if status > 128:
        print("stopped by a signal; the same command goes on from there")
        return status
    if found["unfinished"]:
        raise RunFailed(
            f"{found['unfinished']} of {counted(found['points'], 'run')} have not ended, see {directory}: "
            "the same command goes on with them"
        )
    return None


def aloud(line: str) -> None:
    """Says a line at once."""
    print(line, flush=True)


def subject(config: ConfigDict) -> dict[str, Any]:
    """What is measured: the task of a study's own networks, or the run that was named and what that was trained on."""
    if not config.analysis.get("run"):
        return {"task": config.task.name}
    run = RunDirectory(config.analysis.run)
    run.trained("--run")
    return {"run": run.path.name, "task": read_config(run)["task"]["name"], **run.read_provenance()["corpus"]}


def share_cores() -> None:
    """One virtual device a core, where the CPU computes; must come before the first array."""
    jax.config.update("jax_num_cpu_devices", max(1, packs.cores() // flags.FLAGS.workers))


if __name__ == "__main__":
    launch.run(main, __doc__)
