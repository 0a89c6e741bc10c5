"""Many runs of one config: plans their points, packs those of one shape into one program, and trains them.

    python -m experiments.sweep --config=configs/char_lm.py:tiny --workdir=runs/cells
    python -m experiments.sweep --config=configs/char_lm.py:tiny --workdir=runs/rates \\
        --axis=model.cell=lstm,gru --axis=seed=0:5 --axis='optimizer.learning_rate=log(1e-3,1e-1,5)'
    python -m experiments.sweep --workdir=runs/rates

The points are those of the config's own sweep(), or the product of the axes, or
--random=N of it, or those of a search (--optuna=N). The same command goes on with
what is not DONE, as does --workdir alone; more values of an axis add points. Each
point leaves a run directory runs/NAME as experiments.train does, without sample and
page. A FAILED point stands until --retry_failed. Leaves sweep.json and results.json.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import ConfigDict, config_flags
from rich.console import Console

from experiments import launch, packs
from experiments.config_files import load_points
from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, at_least, counted
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory
from rnn_research.sweeps import axes, plan, points
from rnn_research.training import going_on, typed
from rnn_research.training.defaults import overridden
from rnn_research.training.progress import duration

CONFIG = launch.config_flag()
WORKDIR = launch.workdir_flag("the sweep's directory, made if it is missing")
AXIS = launch.define(
    flags.DEFINE_multi_string,
    "axis",
    [],
    "FIELD=a,b,c or FIELD=0:5 or FIELD=log(LOW,HIGH,N) or lin(LOW,HIGH,N); given often, their product is run",
)
ZIP = launch.define(flags.DEFINE_multi_string, "zip", [], "'FIELD=1,2;FIELD=x,y': axes that walk together")
RANDOM = launch.define(flags.DEFINE_integer, "random", 0, "draw this many points from the axes")
OPTUNA = launch.define(flags.DEFINE_integer, "optuna", 0, "search the axes for the least validation loss, in N trials")
SEED = launch.define(flags.DEFINE_integer, "sweep_seed", 0, "of --random and --optuna")
DRY_RUN = launch.define(flags.DEFINE_boolean, "dry_run", False, "show points, packs and time, and start nothing")
packs.define()
PACK = launch.define(flags.DEFINE_integer, "pack", -1, "run this pack of the stored sweep alone, as launchers do")


def main() -> int:
    """Plans, then runs what is left to do."""
    directory = launch.directory(WORKDIR.value).path
    check_numbers()
    owner.check(RunDirectory(directory), "sweep")
    stored = plan.read(directory)
    if PACK.value >= 0:
        return one_pack(directory, stored)
    if OPTUNA.value:
        return searched(directory, stored)
    if CONFIG.value is None and stored is not None:
        sweep = stored
        packs.share_cores(sweep)
    else:
        sweep = planned(directory, stored)
    packs.check_launcher()
    if DRY_RUN.value:
        show_plan(sweep)
        return 0
    owner.take(RunDirectory(directory), "sweep")
    if sweep != stored:
        plan.write(directory, sweep)
    status, seconds = packs.train(directory, sweep)
    return status if packs.only_begun() else conclude(directory, sweep, status, seconds)


def check_numbers() -> None:
    """Refuses flags whose value cannot be, or that do not go together.

    Raises:
      UserError: naming the flag.
    """
    packs.check()
    for name, flag in (("random", RANDOM), ("optuna", OPTUNA)):
        at_least(f"--{name}", flag.value, 0, points.MOST_POINTS)
    at_least("--pack", PACK.value, -1)
    at_least("--sweep_seed", SEED.value, 0)
    if RANDOM.value and OPTUNA.value:
        raise UserError(f"--random={RANDOM.value} and --optuna={OPTUNA.value} are both given: leave one out")
    if CONFIG.value is None and (AXIS.value or ZIP.value or RANDOM.value or OPTUNA.value):
        raise UserError("--config is missing: axes vary the fields of one, as in --config=configs/char_lm.py:tiny")


def planned(directory: Path, stored: plan.Sweep | None) -> plan.Sweep:
    """The sweep that the command line asks for."""
    wanted = wanted_sweep(stored)
    found = points_of(ConfigDict(wanted.base), wanted.config)
    packs.share_cores(wanted._replace(points=tuple(plan.Point("", point, 0) for point in found)))
    from rnn_research.sweeps import packing

    return packing.planned(stored, wanted, found, directory, flags.FLAGS.pack_size, flags.FLAGS.workers)


def searched(directory: Path, stored: plan.Sweep | None) -> int:
    """A search instead of a plan.

    Raises:
      UserError: without axes.
    """
    wanted, groups = wanted_sweep(stored), groups_of(launch.required_config(CONFIG))
    if not groups:
        raise UserError(f"--optuna={OPTUNA.value} searches axes: name some, as in --axis=seed=0:1000")
    if DRY_RUN.value:
        raise UserError("--dry_run shows a plan, and a search (--optuna) makes its plan as it goes: leave one out")
    packs.share_cores(wanted)
    from rnn_research.sweeps.search import search

    began = time.monotonic()
    with owner.taken(RunDirectory(directory), "sweep"):
        sweep, signal = search(directory, wanted, groups, OPTUNA.value, SEED.value, flags.FLAGS.pack_size)
    return conclude(directory, sweep, 0 if signal is None else 128 + signal, time.monotonic() - began)


def wanted_sweep(stored: plan.Sweep | None) -> plan.Sweep:
    """The config given, as a sweep that has no points yet; a stored one of an older version goes on as it began."""
    config = launch.required_config(CONFIG).copy_and_resolve_references()
    given = launch.config_argument(sys.argv) or ""
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    if stored is not None:
        going_on.keep(config, going_on.older_values(config, stored.base, overrides), print)
    return plan.Sweep(given, config.to_dict(), overrides, ())


def groups_of(base: ConfigDict) -> list[points.Group]:
    """The axes given; beside the fields of the config they may vary those of the tasks and models that they name."""
    defaults = flatten(base)
    parts = [*AXIS.value, *(part for text in ZIP.value for part in text.split(";"))]
    named = [axes.parse(text, defaults) for text in parts if text.startswith(tuple(f"{f}=" for f in typed.KINDS))]
    defaults = known(base, [{axis.field: value} for axis in named for value in axis.values])
    zipped = [axes.parse_zipped(text, defaults) for text in ZIP.value]
    return points.groups_of([axes.parse(text, defaults) for text in AXIS.value], zipped)


def known(base: ConfigDict, named: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields of a config, flat, and those of the tasks and models that points name.

    Raises:
      UserError: for an unknown task or model.
    """
    fields = flatten(base)
    for kinds in {tuple((f, point[f]) for f in typed.KINDS if f in point) for point in named}:
        fields = {**flatten(overridden(base, dict(kinds))), **fields}
    return fields


def points_of(base: ConfigDict, given: str) -> list[dict[str, Any]]:
    """From the axes, or where there are none, from the config's own ``sweep()``.

    Raises:
      UserError: for axes that cannot be, or points that are the same.
    """
    groups, defaults = groups_of(base), flatten(base)
    if RANDOM.value and not groups:
        raise UserError(f"--random={RANDOM.value} draws from axes: name some, as in --axis=seed=0:1000")
    if RANDOM.value:
        found = points.drawn(groups, RANDOM.value, SEED.value)
    elif groups:
        found = points.product(groups)
    else:
        yielded = load_points(given)
        found = points.checked(yielded, known(base, yielded), f"--config={given}, sweep()")
    points.refuse_duplicates(found, defaults)
    return found


def one_pack(directory: Path, sweep: plan.Sweep | None) -> int:
    """What a launcher starts.

    Raises:
      UserError: if there is no sweep.
    """
    if sweep is None:
        raise UserError(f"--pack={PACK.value}: --workdir={directory} holds no sweep: plan one with --config")
    packs.share_cores(sweep)
    from rnn_research.sweeps.work import run_pack, status_of

    return status_of(run_pack(directory, sweep, PACK.value, retry_failed=flags.FLAGS.retry_failed))


def show_plan(sweep: plan.Sweep) -> None:
    """The points, how they are packed, and how long their steps take."""
    from rnn_research.sweeps import estimate

    print(f"{counted(len(sweep.points), 'point')} in {counted(sweep.packs, 'pack')}")
    Console().print(estimate.table(sweep))
    found = estimate.estimate(sweep)
    print(
        f"about {duration(found.seconds)} of training steps, timed on a member of {found.timed} of "
        f"{counted(sweep.packs, 'pack')}; compiling, evaluating and saving come on top"
    )
    print(json.dumps({"points": len(sweep.points), "packs": sweep.packs, "estimated_seconds": found.seconds}))


def conclude(directory: Path, sweep: plan.Sweep, status: int, seconds: float) -> int:
    """Shows the best points and writes results.json."""
    from rnn_research.sweeps import summary

    outcomes, results = summary.write_results(directory, sweep, seconds)
    if "objective" in results:
        print(f"best points by validation {results['objective']}")
        Console().print(summary.table(outcomes))
    for outcome in outcomes:
        if outcome.status == "failed":
            print(f"FAILED {outcome.point.name}: {outcome.reason}")
    print(", ".join(f"{results[name]} {name}" for name in summary.STATUSES if name == "done" or results[name]))
    if status > 128:
        print("stopped by a signal; the same command goes on from there")
    print(json.dumps(results))
    return status or int(results["failed"] > 0)


if __name__ == "__main__":
    launch.run(main, __doc__)
