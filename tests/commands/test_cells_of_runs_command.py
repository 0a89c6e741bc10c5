"""The cell study over a folder of runs that differ in their seed."""

import json
import shutil
from pathlib import Path

import pytest
from processes import WarmPython, refused
from test_cells_command import SMALL

TEXT = "".join(f"def f{n % 7}(x):\n    return g(x, 'a string') + [x]\n" for n in range(120))


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """Two runs of one network that say that they had two seeds."""
    for seed, name in enumerate(("a", "b")):
        shutil.copytree(trained, tmp_path / "runs" / name)
        change(tmp_path / "runs" / name, seed=seed)
    (tmp_path / "code.py").write_text(TEXT)
    return tmp_path / "runs"


def change(run: Path, **fields: object) -> None:
    config = json.loads((run / "config.json").read_text())
    for name, value in fields.items():
        section, _, field = name.rpartition("__")
        (config[section] if section else config)[field] = value
    (run / "config.json").write_text(json.dumps(config))


def flags(runs: Path) -> tuple[str, ...]:
    return (
        *SMALL,
        f"--workdir={runs}",
        f"--text={runs.parent / 'code.py'}",
        "--concepts=python.in_string,prose.digit,prose.in_quotes",
    )


def test_every_run_is_studied_once_and_one_page_speaks_of_all(call: WarmPython, runs: Path):
    ended = call("interpretable_cells", *flags(runs))
    assert ended.status == 0, ended.err
    assert ended.out.count("not in this text: prose.in_quotes\n") == 2
    results = json.loads((runs / "cells" / "results.json").read_text())
    assert [(run["run"], run["seed"]) for run in results["runs"]] == [("a", 0), ("b", 1)]
    assert results["missing"] == []
    for entry in results["concepts"]:
        assert sum(entry["verdicts"].values()) == len(entry["cells"]) == 2
        # The two are one network: what is measured on it is the same, whatever the untrained copy of each seed has.
        assert entry["cells"][0]["unit"] == entry["cells"][1]["unit"]
        assert entry["cells"][0]["score"] == entry["cells"][1]["score"]
        if entry["held_out"]:
            assert entry["held_out"]["low"] == entry["held_out"]["mean"] == entry["cells"][0]["score"]
    page = (runs / "cells" / "report.html").read_text()
    assert "../a/cells/report.html" in page
    written = (runs / "a" / "cells" / "results.json").stat().st_mtime_ns

    again = call("interpretable_cells", *flags(runs))
    assert again.status == 0, again.err
    assert again.out.count("is done") == 2
    assert (runs / "a" / "cells" / "results.json").stat().st_mtime_ns == written
    assert json.loads((runs / "cells" / "results.json").read_text()) == results

    (runs / "a" / "cells" / "arrays" / "shown.json").unlink()  # as older code left it: its pages cannot be made again
    assert call("interpretable_cells", *flags(runs)).out.count("is done") == 1
    assert (runs / "a" / "cells" / "arrays" / "shown.json").exists()


def test_a_damaged_run_is_named_and_the_others_go_on(call: WarmPython, runs: Path):
    shutil.copytree(runs / "a", runs / "c")
    change(runs / "c", seed=2)
    for file in (runs / "c" / "checkpoints").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    shutil.copytree(runs / "a", runs / "d")
    (runs / "d" / "config.json").write_text("{")
    shutil.rmtree(runs / "b")
    ended = call("interpretable_cells", *flags(runs))
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "2 of 3 runs are missing" in ended.err
    results = json.loads((runs / "cells" / "results.json").read_text())
    assert [run["run"] for run in results["runs"]] == ["a"]
    assert {one["run"] for one in results["missing"]} == {"c", "d"}
    assert all(entry["held_out"] is None or entry["held_out"]["low"] is None for entry in results["concepts"])


def test_runs_of_several_settings_are_refused_and_can_be_chosen_among(call: WarmPython, runs: Path):
    change(runs / "b", model__init="orthogonal")
    ended = call("interpretable_cells", *flags(runs))
    refused(ended, f"--workdir={runs}", "model.init", "--where=model.init=")
    change(runs / "b", seed=0)
    shutil.copyfile(runs / "a" / "config.json", runs / "b" / "config.json")
    refused(call("interpretable_cells", *flags(runs)), "seed 0 comes twice", "a and b")
    refused(call("interpretable_cells", *flags(runs / "a"), "--where=seed=0"), "--where")
    assert not (runs / "cells").exists()
