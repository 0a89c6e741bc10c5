"""The gradient study: where the gradient goes, network beside network.

    python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/anatomy
    python -m experiments.gradient_flow --config=configs/gradient_flow.py:memory --workdir=runs/memory

Leaves results.json, figures and report.html. On a CPU the seeds of a network
are shared out over the cores.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from absl import flags
from ml_collections import ConfigDict, config_flags

from experiments import launch
from rnn_research.config import Field
from rnn_research.errors import UserError
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.runs.kept import Kept, refuse_another
from rnn_research.runs.migrations import read_config, read_stored
from rnn_research.runs.provenance import provenance
from rnn_research.training import continued


def own_fields(config: ConfigDict) -> Mapping[str, Field]:
    """Those of the study that a config names."""
    from rnn_research.studies import fields_of_config

    return fields_of_config(config)


CONFIG = launch.config_flag(own_fields)
RUN = launch.define(flags.DEFINE_string, "run", None, "a trained run, for configs/gradient_flow.py:trained")
WORKDIR = launch.workdir_flag("where the results go, made if it is missing")


def main() -> None:
    """Runs one study and writes its page."""
    config = launch.required_config(CONFIG)
    if RUN.value is not None:
        if "run" not in config.analysis:
            raise UserError(f"--run={RUN.value} belongs to --config=configs/gradient_flow.py:trained")
        config.analysis.run = str(Path(RUN.value).expanduser().absolute())
    directory = launch.directory(WORKDIR.value)
    owner.check(directory, "study")
    share_cores()
    from rnn_research.report.gradient.page import write_page
    from rnn_research.studies import check

    if "study" not in config.analysis:
        raise UserError("--config names no study: take configs/gradient_flow.py:anatomy")
    kind = check(config)
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    if directory.used():
        continued.keep(config, continued.older_values(config, read_stored(directory), overrides), print)
    refuse_another(directory, config)
    with owner.taken(directory, "study"):
        write_json(directory.config, config.to_dict())
        write_json(directory.overrides, overrides)
        write_json(directory.provenance, provenance(subject(config)))
        began = time.monotonic()
        results = kind.run(config, lambda line: print(line, flush=True), Kept(directory.path / "parts"))
        write_json(directory.results, {**results, "wall_seconds": time.monotonic() - began})
        write_page(directory)
        write_text(directory.done, "")
    print(f"report: {directory.report}")


def subject(config: ConfigDict) -> dict[str, Any]:
    """What is measured: the task of a study's own networks, or the run that was named and what that was trained on."""
    if not config.analysis.get("run"):
        return {"task": config.task.name}
    run = RunDirectory(config.analysis.run)
    run.trained("--run")
    return {"run": run.path.name, "task": read_config(run)["task"]["name"], **run.read_provenance()["corpus"]}


def share_cores() -> None:
    """One virtual device a core, where the CPU computes; must come before the first array."""
    jax.config.update("jax_num_cpu_devices", os.cpu_count() or 1)


if __name__ == "__main__":
    launch.run(main, __doc__)
