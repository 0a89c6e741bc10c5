"""``analyze --page``: every page again, byte for byte, from what its command has left; what is damaged is one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from one_of_each import FOLDERS, of_kind
from processes import WarmPython, contents, refused
from test_cells_command import SMALL
from written_runs import write_run, write_sweep

from rnn_research.errors import UserError
from rnn_research.report import pages
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory
from rnn_research.sweeps import plan

CODE = "".join(f"def f{n % 7}(x):\n    return g(x, 'a string') + [x]\n" for n in range(120))
CONCEPTS = "--concepts=python.in_string,prose.digit,prose.in_quotes"
NEEDED = {
    "run": ("results.json", "config.json", "provenance.json", "metrics.jsonl"),
    "study": ("results.json", "config.json", "provenance.json"),
    "cells": ("results.json", "config.json", "provenance.json", "arrays/shown.npz", "arrays/shown.json"),
    "cells_of_runs": ("results.json", "config.json", "provenance.json"),
    "analysis": ("analysed.json",),
    "basins": ("results.json",),
}
"""The files that a page cannot be made without."""
BESIDE = ("checkpoints", "tensorboard", "parts", "vocabulary.json", "DONE")
"""What none is made from."""


@pytest.fixture(scope="module")
def made(call: WarmPython, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A directory of every kind that has a page, as its command leaves it."""
    place = tmp_path_factory.mktemp("pages")
    (place / "code.py").write_text(CODE)
    run = shutil.copytree(trained, place / "run")
    point = plan.Point("a", {"seed": 0}, 0)
    plan.write(place / "sweep", plan.Sweep("given.py", json.loads((run / "config.json").read_text()), {}, (point,)))
    shutil.copytree(run, plan.run_directory(place / "sweep", point).path)
    grid = write_sweep(place / "grid")
    write_run(grid / "runs" / "failed", {"model.cell": "gru", "seed": 5}, status="failed")
    (write_run(grid / "runs" / "damaged") / "results.json").write_text("{")
    folders = {kind: place / kind for kind in NEEDED}
    for seed, name in enumerate(("a", "b")):
        own = shutil.copytree(run, place / "runs" / name)
        config = json.loads((own / "config.json").read_text())
        (own / "config.json").write_text(json.dumps({**config, "seed": seed}))
    text = (f"--text={place / 'code.py'}", CONCEPTS)
    small = ("--config.analysis.length=20", "--config.analysis.sequences=2")
    asked = ("--success=test_mean_squared_error<0.3", "--pair=model.cell=lstm:gru", "--where=model.cell=lstm,gru")
    for flags in (
        ("gradient_flow", "--config=configs/gradient_flow.py:trained", f"--run={run}", *small, "--workdir={study}"),
        ("interpretable_cells", *SMALL, f"--workdir={run}", *text, "--out={cells}"),
        ("interpretable_cells", *SMALL, f"--workdir={place / 'runs'}", *text, "--out={cells_of_runs}"),
        ("analyze", f"--runs={grid}", *asked, "--workdir={analysis}"),
        ("two_basins", f"--runs={place / 'sweep'}", "--workdir={basins}"),
    ):
        ended = call(*(flag.format(**folders) for flag in flags))
        assert ended.status == 0, ended.err
    for gone in ("sweep", "grid", "runs"):
        shutil.rmtree(place / gone)
    return folders


@pytest.fixture
def copied(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Such a directory somewhere else."""
    return lambda kind: shutil.copytree(made[kind], tmp_path / kind)


def test_every_kind_of_folder_has_a_page_or_says_why_not():
    assert pages.PAGES.keys() | pages.WITHOUT.keys() == owner.KINDS.keys() == set(FOLDERS)
    assert not pages.PAGES.keys() & pages.WITHOUT.keys()
    assert pages.PAGES.keys() == NEEDED.keys()


@pytest.mark.parametrize("kind", NEEDED)
def test_a_page_is_made_again_to_the_byte(call: WarmPython, copied: Callable[[str], Path], kind: str):
    """Somewhere else, with neither the runs that it speaks of nor the parameters of a network."""
    folder = copied(kind)
    before = contents(folder)
    drawn = [name for name in before if name.endswith((".html", ".png", ".pdf"))]
    assert drawn
    for name in drawn:
        (folder / name).unlink()
    shutil.rmtree(folder / "figures")
    for name in BESIDE:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    before = {name: content for name, content in before.items() if name.split("/")[0] not in BESIDE}
    ended = call("analyze", f"--page={folder}")
    assert (ended.status, ended.err) == (0, "")
    for line in ended.out.splitlines():
        assert Path(line.removeprefix("page: ")).is_file()
    after = contents(folder)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


def test_what_was_found_is_drawn_from_what_is_stored(copied: Callable[[str], Path]):
    """The text coloured by a unit, which so small a network has none for."""
    folder = copied("cells")
    results = json.loads((folder / "results.json").read_text())
    entry = next(entry for entry in results["concepts"] if entry["best"])
    entry["verdict"] = "single cell"
    (folder / "results.json").write_text(json.dumps(results))
    pages.write(RunDirectory(folder), f"--page={folder}")
    before = contents(folder)
    assert f"figures/text_{entry['concept']}.png" in before
    assert "figures/scores.png" in before
    pages.write(RunDirectory(folder), f"--page={folder}")
    assert contents(folder) == before


def refusal(folder: Path) -> str:
    """The one line in which the page of a folder is refused."""
    with pytest.raises(UserError) as refused:
        pages.write(RunDirectory(folder), f"--page={folder}")
    line = str(refused.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NEEDED.items() for name in names])
def test_what_is_missing_or_damaged_is_named(
    made: dict[str, Path], copied: Callable[[str], Path], kind: str, name: str
):
    folder = copied(kind)
    path = folder / name
    path.unlink()
    assert f"{path} is missing" in refusal(folder) or name == "metrics.jsonl"
    for damage in (b"", b"{", b'{"a": 1}', b"[]", b"\xff"):
        path.write_bytes(damage)
        assert str(path) in refusal(folder) or f"--page={folder}" in refusal(folder)
    whole = (made[kind] / name).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    if name != "metrics.jsonl":  # of which half is a run that has not come as far
        assert str(path) in refusal(folder)


@pytest.mark.parametrize("kind", ["run", "study", "cells", "cells_of_runs", "analysis", "basins"])
def test_a_missing_file_is_one_line_of_the_command(call: WarmPython, copied: Callable[[str], Path], kind: str):
    folder, name = copied(kind), NEEDED[kind][-1]
    (folder / name).unlink()
    refused(call("analyze", f"--page={folder}"), str(folder), name)


def test_what_older_code_has_not_stored_is_named_with_the_command_that_makes_it(copied: Callable[[str], Path]):
    cells = copied("cells")
    (cells / "arrays" / "shown.json").unlink()
    command = json.loads((cells / "provenance.json").read_text())["command"]
    assert f"shown.json is missing, and the pages are made from it: {command} makes it" in refusal(cells)
    analysis = copied("analysis")
    (analysis / "analysed.json").unlink()
    assert f"experiments.analyze --runs=RUNS --workdir={analysis} makes it" in refusal(analysis)


@pytest.mark.parametrize("kind", list(pages.WITHOUT))
def test_a_folder_without_a_page_is_refused(call: WarmPython, tmp_path: Path, kind: str):
    folder = of_kind(kind, tmp_path / kind, named=True)
    before = contents(folder)
    refused(call("analyze", f"--page={folder}"), f"--page={folder} holds {owner.KINDS[kind]}, which has no page")
    assert contents(folder) == before


def test_labels_without_a_meaning_have_no_page(tmp_path: Path):
    folder = of_kind("cells", tmp_path / "null", named=True)
    (folder / "results.json").write_text('{"null_tables": {}}')
    assert "(--null)" in refusal(folder)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--page=",), ("--page= is empty",)),
        (("--page=nowhere",), ("--page=nowhere is nothing that a command here has left",)),
        (("--page={run}", "--runs=x"), ("--runs=", "--page={run} only makes again", "leave it out")),
        (("--page={run}", "--compare", "a", "b"), ("--compare=", "--page={run} only makes again")),
        (("--page={run}", "--y=loss"), ("--y=loss", "--page={run} only makes again")),
        (("--page={run}", "--workdir=x"), ("--workdir=x", "--page={run} only makes again")),
        (("--page={run}", "--select=validation"), ("--select=validation", "--page={run} only makes again")),
        (("--page={run}", "--group="), ("--group=", "--page={run} only makes again")),
    ],
)
def test_wrong_calls_get_one_line(call: WarmPython, trained: Path, flags: tuple[str, ...], words: tuple[str, ...]):
    refused(call("analyze", *(f.format(run=trained) for f in flags)), *(w.format(run=trained) for w in words))
