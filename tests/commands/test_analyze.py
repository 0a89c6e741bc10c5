"""The analysis as a command: what it leaves, what it says, and one line for every wrong call."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from processes import WarmPython, contents, refused
from written_runs import write_run, write_sweep

FIGURES = ("learning_curves", "against", "heat_map", "success", "pareto_parameters")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cells at three rates, three seeds each; only to be read."""
    return write_sweep(tmp_path_factory.mktemp("sweep"))


def test_a_sweep_becomes_tables_figures_and_a_page(call: WarmPython, sweep: Path, tmp_path: Path):
    own = shutil.copytree(sweep, tmp_path / "own")
    write_run(own / "runs" / "failed", {"model.cell": "gru", "seed": 5}, status="failed")
    (write_run(own / "runs" / "damaged") / "results.json").write_text("{")
    flags = ("--success=test_mean_squared_error<0.3", "--pair=model.cell=lstm:gru", "--where=model.cell=lstm,gru")
    ended = call("analyze", f"--runs={own}", *flags)
    assert (ended.status, ended.err) == (0, "")
    out = own / "analysis"
    assert f"report: {out / 'report.html'}" in ended.out
    assert "failed: runs/failed: step 7: the loss is nan" in ended.out
    assert f"damaged: runs/damaged: {own / 'runs' / 'damaged' / 'results.json'} is damaged" in ended.out
    results = json.loads(ended.out.splitlines()[-1])
    assert results == json.loads((out / "results.json").read_text())
    assert (results["runs"], results["counted"], results["done"]) == (20, 19, 18)
    assert results["best"][0]["model.cell"] == "gru"
    for name in ("best", "settings", "success", "pairs", "runs"):
        for end in ("md", "csv", "tex"):
            assert (out / "tables" / f"{name}.{end}").stat().st_size > 50
    for name in FIGURES:
        assert (out / "figures" / f"{name}.png").exists()
        assert (out / "figures" / f"{name}.pdf").exists()
    settings = pd.read_csv(out / "tables" / "settings.csv")
    row = settings[(settings["model.cell"] == "gru") & (settings["optimizer.learning_rate"] == 0.01)].iloc[0]
    assert row["mean"] == pytest.approx(0.112)


def test_given_again_it_writes_the_same(call: WarmPython, sweep: Path, tmp_path: Path):
    """Bootstrap and permutations have fixed seeds, and the analysis of a sweep is no run of it."""
    flags = (f"--runs={sweep}", f"--workdir={tmp_path / 'out'}", "--pair=model.cell=lstm:gru")
    assert call("analyze", *flags).status == 0
    before = contents(tmp_path / "out" / "tables")
    assert call("analyze", *flags).status == 0
    after = contents(tmp_path / "out" / "tables")
    assert {n: c for n, c in after.items() if n.endswith("csv")} == {
        n: c for n, c in before.items() if n.endswith("csv")
    }


def test_the_questions_may_be_narrowed(call: WarmPython, sweep: Path, tmp_path: Path):
    flags = ("--y=loss", "--x=model.cell", "--group=", "--where=optimizer.learning_rate<0.05", "--where=seed=0,1")
    folders = f"--runs={sweep / 'runs' / 'gru-0.01-0'},{sweep}"
    ended = call("analyze", folders, *flags, f"--workdir={tmp_path / 'out'}")
    assert (ended.status, ended.err) == (0, "")
    results = json.loads(ended.out.splitlines()[-1])
    assert (results["y"], results["x"], results["group"]) == ("loss", "model.cell", [])
    assert (results["runs"], results["counted"], results["settings"]) == (18, 8, 2)


def test_a_run_of_training(call: WarmPython, trained: Path, tmp_path: Path):
    ended = call("analyze", f"--runs={trained}", f"--workdir={tmp_path / 'out'}")
    assert (ended.status, ended.err) == (0, "")
    results = json.loads(ended.out.splitlines()[-1])
    assert (results["y"], results["done"]) == ("test_nats_per_token", 1)
    assert "../" in (tmp_path / "out" / "report.html").read_text()


def test_two_runs_side_by_side(call: WarmPython, sweep: Path):
    first, second = sweep / "runs" / "lstm-0.01-0", sweep / "runs" / "gru-0.001-0"
    ended = call("analyze", "--compare", str(first), str(second))
    assert (ended.status, ended.err) == (0, "")
    said = ended.out.splitlines()
    place = said.index("config: ")
    assert said[place + 1 : place + 3] == [
        "  model.cell: 'lstm' -> 'gru'",
        "  optimizer.learning_rate: 0.01 -> 0.001",
    ]
    assert "versions: the same" in said
    assert said.index("config: ") < said.index("code: the same") < said.index("results:")
    assert "| test_mean_squared_error | 0.202 | 0.402 | 0.2 | 99.01 |" in said
    found = json.loads(said[-1])
    assert found["differing"]["config"] == ["model.cell: 'lstm' -> 'gru'", "optimizer.learning_rate: 0.01 -> 0.001"]
    assert call("analyze", f"--compare={first}", f"--compare={second}").out == ended.out
    assert call("analyze", f"--compare={first},{second}").out == ended.out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), ("--runs is missing", "--runs=runs/sweep")),
        (("--runs=nowhere",), ("--runs=nowhere", "no such directory")),
        (("--runs={empty}",), ("--runs=", "holds no run", "experiments.train")),
        (("--runs={runs}", "--y=test_mean_squared_eror"), ("--y=", "did you mean 'test_mean_squared_error'")),
        (("--runs={runs}", "--x=learning_rate"), ("--x=", "did you mean 'optimizer.learning_rate'")),
        (("--runs={runs}", "--group=model.cel"), ("--group=", "did you mean 'model.cell'")),
        (("--runs={runs}", "--where=model.cel=gru"), ("--where=", "did you mean 'model.cell'")),
        (("--runs={runs}", "--where=model.cell=grru"), ("--where=", "did you mean 'gru'")),
        (("--runs={runs}", "--where=optimizer.learning_rate>7"), ("--where=", "leaves none of 18 runs")),
        (("--runs={runs}", "--where=gru"), ("--where='gru'", "FIELD=VALUE")),
        (("--runs={runs}", "--where=seed<few"), ("--where=", "needs a number")),
        (("--runs={runs}", "--success=good"), ("--success='good'", "FIELD<NUMBER")),
        (("--runs={runs}", "--success=test_error<1"), ("--success='test_error'", "did you mean")),
        (("--runs={runs}", "--pair=model.cell"), ("--pair=", "FIELD=A:B")),
        (("--runs={runs}", "--pair=model.cell=gru:lstmm"), ("--pair=", "did you mean 'lstm'")),
        (("--runs={runs}", "--select=test_mean_squared_error"), ("--select=test", "use validation")),
        (("--runs={runs}", "--workdir={file}/x"), ("--workdir=", "cannot be written")),
        (("--compare", "{runs}/runs/gru-0.01-0"), ("--compare=", "RUN_A RUN_B")),
        (("--compare",), ("--compare=", "RUN_A RUN_B")),
        (("--compare", "--runs={runs}"), ("--compare=", "RUN_A RUN_B")),
        (("--compare", "{runs}/runs/gru-0.01-0", "{empty}"), ("--compare=", "holds no run")),
        (("--compare", "{runs}/runs/gru-0.01-0", "nowhere", "x"), ("'x' is not a flag",)),
        (("--rums=x",), ("--rums is no flag", "'runs'")),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else None,
)
def test_a_wrong_call_gets_one_line(
    call: WarmPython, sweep: Path, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    given = [flag.format(runs=sweep, empty=tmp_path / "empty", file=tmp_path / "file") for flag in flags]
    refused(call("analyze", *given), *words)
    assert not (sweep / "analysis").exists()


def test_what_has_not_ended_is_no_table(call: WarmPython, tmp_path: Path):
    write_run(tmp_path / "a", status="unfinished")
    refused(call("analyze", f"--runs={tmp_path}"), "none of these runs has ended (1 unfinished)")
    ended = call("analyze", f"--runs={tmp_path}", "--where=status=unfinished", "--y=loss")
    assert (ended.status, ended.err) == (0, "")


def test_help_shows_every_flag(call: WarmPython):
    ended = call("analyze", "--help")
    assert ended.status == 0
    for flag in (
        "runs",
        "y",
        "x",
        "group",
        "where",
        "select",
        "success",
        "pair",
        "compare",
        "page",
        "workdir",
        "debug",
    ):
        assert f"  --{flag} " in ended.out
