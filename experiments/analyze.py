"""Many runs as tables, figures and one page; two runs side by side; or a page made again.

    python -m experiments.analyze --runs=runs/sweep
    python -m experiments.analyze --runs=runs/sweep --x=optimizer.learning_rate --where=model.cell=lstm,gru
    python -m experiments.analyze --runs=runs/sweep --success='test_mean_squared_error<0.01' --pair=model.cell=lstm:gru
    python -m experiments.analyze --compare runs/first runs/second
    python -m experiments.analyze --page=runs/first

Leaves report.html, tables (Markdown, CSV, LaTeX, Parquet), figures and results.json
in --workdir, by default the folder analysis of the first --runs. --compare only prints.
--page makes the page and the figures of one directory again, from the files that stand in
it: of a run, a gradient study, a study of cells (of one run or several), two basins or an analysis.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from absl import flags

from experiments import launch
from rnn_research.errors import UserError
from rnn_research.quoting import listed
from rnn_research.runs import load, owner
from rnn_research.runs.directory import RunDirectory, read_json

RUNS = launch.define(flags.DEFINE_multi_string, "runs", [], "folders of runs, searched to the bottom; commas between")
Y = launch.define(flags.DEFINE_string, "y", None, "a result or a curve; by default the objective on test")
X = launch.define(flags.DEFINE_string, "x", None, "a field to draw it against; by default the one with most values")
GROUP = launch.define(
    flags.DEFINE_list,
    "group",
    None,
    "fields that tell lines apart; by default all swept but x; empty: none",
    may_be_empty=True,
)
WHERE = launch.define(
    flags.DEFINE_multi_string, "where", [], "which runs: FIELD=VALUE,VALUE, FIELD!=VALUE or FIELD<NUMBER; repeatable"
)
SELECT = launch.define(flags.DEFINE_string, "select", "validation", "what chooses the best setting; never a test score")
SUCCESS = launch.define(flags.DEFINE_string, "success", None, "what counts as success, RESULT<NUMBER")
PAIR = launch.define(flags.DEFINE_multi_string, "pair", [], "two values to compare seed by seed, FIELD=A:B; repeatable")
COMPARE = launch.define(
    flags.DEFINE_multi_string, "compare", [], "two run directories to set side by side", may_be_empty=True
)
PAGE = launch.define(
    flags.DEFINE_string, "page", None, "a directory whose page and figures are made again, from its files alone"
)
WORKDIR = launch.workdir_flag("where the results go; by default the folder analysis of the first --runs")

OWN = ("page", "debug")
"""What may be given together with --page."""


def main() -> None:
    """Analyses a sweep, compares two runs, or makes a page again."""
    if PAGE.value is not None:
        remake(PAGE.value)
    elif COMPARE.value:
        compare(COMPARE.value)
    else:
        analyze()


def analyze() -> None:
    """Loads, asks, writes."""
    folders = list(named(RUNS.value))
    if not folders:
        raise UserError("--runs is missing: name a folder of runs, as in --runs=runs/sweep")
    from rnn_research.report.sweep.sweep_page import analyse  # matplotlib is slow to import: only when needed
    from rnn_research.report.sweep.sweep_tables import Analysed
    from rnn_research.runs import conditions, pairs, question, tables

    where = [conditions.parse("--where", text) for text in WHERE.value]
    success = conditions.parse("--success", SUCCESS.value) if SUCCESS.value is not None else None
    compared = tuple(pairs.parse_pair("--pair", text) for text in PAIR.value)
    directory = launch.directory(WORKDIR.value or str(Path(folders[0]) / "analysis"))
    owner.check(directory, "analysis")
    runs = load(*folders)
    counted = conditions.counted(runs, where)
    asked, counted = question.ask(counted, Y.value, X.value, GROUP.value, SELECT.value, lengths=success is not None)
    analyse(directory, Analysed(runs, counted, asked, success, compared), command())
    for status in ("failed", "unfinished", "damaged"):
        for _, run in runs[runs["status"] == status].iterrows():
            print(f"{status}: {run['run']}: {' '.join(run['reason'].split())}")
    print((directory.path / "tables" / "best.md").read_text(encoding="utf-8"))
    if not tables.parquet_can_be_written():
        print(tables.NO_PARQUET)
    print(f"report: {directory.report}")
    print(json.dumps(read_json(directory.results)))


def compare(given: list[str]) -> None:
    """What differs between two runs, then what came of it.

    Raises:
      UserError: if there are not two, or one is no run.
    """
    folders = list(named(given))
    if len(folders) != 2:
        raise UserError(f"--compare={','.join(folders)} needs two run directories: --compare RUN_A RUN_B")
    from rnn_research.runs import comparison
    from rnn_research.runs.tables import markdown, readable

    first, second = (of_run(folder) for folder in folders)
    found = comparison.differing(first, second)
    for cause, lines in found.items():
        print(f"{cause}: " + ("the same" if not lines else ""))
        print("".join(f"  {line}\n" for line in lines), end="")
    table = comparison.results(first, second)
    alike = comparison.same_corpus(first, second)
    print(markdown(readable(table), "results:" if alike else "results (of different texts: no score says more):"))
    print(json.dumps({"differing": found, "results": json.loads(table.to_json(orient="records"))}))


def remake(folder: str) -> None:
    """Makes a page from the files of its directory.

    Raises:
      UserError: if there is no page to be made, or other flags ask for something else.
    """
    flag = f"--page={folder}"
    launch.refuse_idle(f"{flag} only makes again what is there", *(name for name in launch.OURS if name not in OWN))
    from rnn_research.report import pages

    for path in pages.write(launch.directory(folder, "--page"), flag):
        print(f"page: {path}")


def of_run(folder: str) -> RunDirectory:
    """The run directory that ``--compare`` names.

    Raises:
      UserError: if it holds no run.
    """
    directory = launch.directory(folder)
    if not directory.used():
        raise UserError(f"--compare={folder} holds no run: name a run directory")
    return directory


def named(given: Iterable[str]) -> Iterable[str]:
    """Every directory; a comma outside double quotes parts two, unless there is one of that very name."""
    for text in given:
        yield from [text] if os.path.isdir(os.path.expanduser(text)) else filter(None, listed(text))


def command() -> str:
    """The command line as one would type it."""
    return shlex.join(["python", "-m", "experiments.analyze", *sys.argv[1:]])


def spread(arguments: Sequence[str]) -> list[str]:
    """``--compare A B``, which absl does not know, as ``--compare=A --compare=B``."""
    found: list[str] = []
    wanted = 0
    for argument in arguments:
        if argument == "--compare":
            wanted = 2
        elif wanted and not argument.startswith("--"):
            found.append(f"--compare={argument}")
            wanted -= 1
        else:
            found += ["--compare="] * (wanted == 2) + [argument]
            wanted = 0
    return found + ["--compare="] * (wanted == 2)


if __name__ == "__main__":
    sys.argv[1:] = spread(sys.argv[1:])
    launch.run(main, __doc__)
