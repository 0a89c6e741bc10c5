"""Side-by-side speed on this machine: everything in one run, in turn, so that ratios hold where times drift.

    python -m experiments.benchmark --suite=loop --workdir=runs/benchmark

Leaves results.json and a table. Suites: loop (the host loop against the bare
jitted step), sample (writing text), units (scoring units against concepts); all
runs every suite.
"""

import json
from typing import Any

from absl import flags

from experiments import launch
from experiments.benchmarks import loop, sample, units
from rnn_research.errors import one_of
from rnn_research.runs.directory import read_json, write_json
from rnn_research.runs.provenance import provenance

SUITES = {"loop": loop.measure, "sample": sample.measure, "units": units.measure}

SUITE = launch.define(flags.DEFINE_string, "suite", "all", f"{', '.join(SUITES)} or all")
WORKDIR = launch.workdir_flag("where results.json goes; suites measured earlier stay in it")


def main() -> None:
    """Measures, prints and writes."""
    one_of("--suite", SUITE.value, [*SUITES, "all"])
    directory = launch.directory(WORKDIR.value)
    directory.create()
    results: dict[str, Any] = read_json(directory.results) if directory.results.exists() else {}
    results["provenance"] = provenance({})
    for name, measure in SUITES.items():
        if SUITE.value in (name, "all"):
            results[name] = measure()
            write_json(directory.results, results)
            print(f"{name}\n" + "\n".join(f"  {key:<32} {value:.4g}" for key, value in results[name].items()))
    print(json.dumps({name: results[name] for name in SUITES if name in results}))


if __name__ == "__main__":
    launch.run(main, __doc__)
