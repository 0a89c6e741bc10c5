"""The gradient study: where the gradient goes, network beside network.

    python -m experiments.gradient_flow --config=configs/gradient_flow.py:anatomy --workdir=runs/anatomy
    python -m experiments.gradient_flow --config=configs/gradient_flow.py:memory --workdir=runs/memory

Leaves results.json, figures and report.html. On a CPU the seeds of a network
are shared out over the cores.
"""

import os
import time

import jax
from absl import flags
from ml_collections import config_flags

from experiments import launch
from rnn_research.errors import UserError, one_of
from rnn_research.runs.directory import write_json, write_text
from rnn_research.runs.provenance import provenance

CONFIG = launch.config_flag()
WORKDIR = launch.workdir_flag("where the results go, made if it is missing")


def main() -> None:
    """Runs one study and writes its page."""
    config = launch.required_config(CONFIG)
    directory = launch.directory(WORKDIR.value)
    share_cores()
    from rnn_research.report.study_page import write_page
    from rnn_research.studies import STUDIES

    if "study" not in config.analysis:
        raise UserError("--config names no study: take configs/gradient_flow.py:anatomy")
    study = one_of("--config.analysis.study", config.analysis.study, STUDIES)
    directory.create()
    if directory.used():
        raise UserError(f"--workdir={directory.path} is used: choose another directory for a study")
    with directory.locked():
        write_json(directory.config, config.to_dict())
        write_json(directory.overrides, config_flags.get_override_values(flags.FLAGS["config"]))
        write_json(directory.provenance, provenance({"task": config.task.name}))
        began = time.monotonic()
        results = STUDIES[study](config, lambda line: print(line, flush=True))
        write_json(directory.results, {**results, "wall_seconds": time.monotonic() - began})
        write_page(directory)
        write_text(directory.done, "")
    print(f"report: {directory.report}")


def share_cores() -> None:
    """One virtual device a core, where the CPU computes; must come before the first array."""
    jax.config.update("jax_num_cpu_devices", os.cpu_count() or 1)


if __name__ == "__main__":
    launch.run(main, __doc__)
