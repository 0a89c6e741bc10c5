"""Every file of a sweep and of a study with a table of damages: one line that names it, or of no consequence."""

import sys
from pathlib import Path

import pytest
from damages import DAMAGES, copied
from in_process import command, fault, passed

from rnn_research.runs.directory import write_json
from rnn_research.runs.kept import Kept
from rnn_research.sweeps import launchers, plan
from rnn_research.training.defaults import defaults

FILES = ("sweep.json", "KIND", ".lock", "results.json", "runs", "runs/seed=0/DONE", "runs/seed=0/results.json")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two points, both DONE."""
    path = tmp_path_factory.mktemp("sweeps") / "whole"
    points = tuple(plan.Point(f"seed={s}", {"seed": s}, 0) for s in range(2))
    plan.write(path, plan.Sweep("configs/x.py", defaults("adding").to_dict(), {}, points))
    (path / "KIND").write_text("sweep\n")
    for point in points:
        run = plan.run_directory(path, point)
        results = {"objective": "mean_squared_error", "step": 2, "best_step": 2, "validation_mean_squared_error": 0.5}
        write_json(run.config, {**defaults("adding").to_dict(), "seed": point.overrides["seed"]})
        write_json(run.results, results)
        run.done.touch()
    write_json(path / "results.json", {"points": 2})
    return path


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("reader", ["sweep", "analyze", "two_basins"])
def test_a_damaged_file_of_a_sweep(sweep: Path, tmp_path: Path, file: str, reader: str):
    wrong = []
    with command(reader) as call, pytest.MonkeyPatch.context() as patch:
        out = cut_off(reader, patch)
        for damage, make in DAMAGES.items():
            if (file, damage) == ("runs", "folder"):  # as of a sweep that has not begun
                continue
            folder = copied(sweep, tmp_path / damage.replace(" ", "-"))
            make(folder / file)
            named = f"--workdir={folder}" if reader == "sweep" else f"--runs={folder}"
            ended = call(named, *([f"--workdir={tmp_path / out}"] if out else []))
            if found := fault(ended, str(folder / file)):
                wrong.append(f"{file} {damage}: {found}")
    assert not wrong, "\n".join(wrong)


def cut_off(reader: str, patch: pytest.MonkeyPatch) -> str:
    """Nothing is computed behind the reading; says where the results would go, if not there."""
    if reader == "sweep":
        patch.setattr(launchers, "run_pack", passed)
        patch.setattr(sys.modules["experiments.packs"], "share_cores", lambda sweep: None)
        return ""
    if reader == "analyze":
        from rnn_research.report.sweep import sweep_page

        patch.setattr(sweep_page, "analyse", passed)
        return "analysis"
    from rnn_research.restore import trained

    patch.setattr(trained, "read", passed)
    return "basins"


BASE = defaults("adding").to_dict()
POINT = {"name": "a", "overrides": {"seed": 0}, "pack": 0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base": {}}, "is missing"),
        ({"base": {**BASE, "model": 3}}, "is missing"),
        ({"base": {**BASE, "seed": "0"}}, "seed='0' must be a whole number"),
        ({"base": {**BASE, "task": {**BASE["task"], "length": [1]}}}, "length"),
        ({"points": [{**POINT, "overrides": {"sead": 0}}]}, "'sead' is no field"),
        ({"points": [{**POINT, "overrides": {"seed": None}}]}, "None must be a whole number"),
        ({"points": [{**POINT, "overrides": {"model": 3}}]}, "a section"),
        ({"points": [{**POINT, "pack": 7}]}, "pack 7"),
        ({"points": [{**POINT, "pack": -1}]}, "pack -1"),
        ({"points": [{**POINT, "pack": True}]}, "pack is true or false"),
        ({"points": [{"name": "a"}]}, "points[0].overrides is missing"),
    ],
)
def test_a_plan_of_the_wrong_shape(sweep: Path, tmp_path: Path, change: dict, words: str):
    folder = copied(sweep, tmp_path / "sweep")
    (folder / "sweep.json").unlink()
    write_json(folder / "sweep.json", {"config": "x", "base": BASE, "overrides": {}, "points": [POINT], **change})
    with command("sweep") as call, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["experiments.packs"], "share_cores", passed)
        ended = call(f"--workdir={folder}")
    assert ended.status == 2, ended
    assert not fault(ended, "sweep.json", words)


def test_a_damaged_part_of_a_study(tmp_path: Path):
    wrong = []
    for damage, make in DAMAGES.items():
        folder = tmp_path / damage.replace(" ", "-")
        folder.mkdir()
        make(folder / "part.json")
        try:
            taken = Kept(folder)("part", dict)
        except Exception as error:
            if type(error).__name__ != "UserError" or "part.json" not in str(error):
                wrong.append(f"{damage}: {error!r}")
        else:
            if damage not in ("list", "empty object", "strange object"):
                wrong.append(f"{damage}: {taken!r}")
    assert not wrong, "\n".join(wrong)
