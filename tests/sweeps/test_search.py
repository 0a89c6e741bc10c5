"""The search: which trials go on, what is asked and told, and that a search goes on where it was stopped."""

import json
import sys

import pytest

from rnn_research.config.flat import changed
from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory
from rnn_research.sweeps import halving, plan, search
from rnn_research.sweeps.axes import parse, parse_zipped
from rnn_research.training.pack import PackEnded


def test_rungs_lie_at_powers_of_three():
    assert [step for step in range(0, 3000) if halving.is_rung(step, 100)] == [100, 300, 900, 2700]
    assert not any(halving.is_rung(step, 0) for step in range(100))


def test_the_best_third_goes_on_and_at_least_one():
    assert halving.bar_of([5.0, 1.0, 3.0, 2.0, 4.0, 6.0]) == (2.0, 2)
    assert halving.bar_of([5.0, 1.0, 3.0, 2.0]) == (2.0, 2)
    assert halving.bar_of([7.0]) == (7.0, 1)
    assert halving.bar_of([float("nan"), 3.0, 2.0, float("-inf")]) == (3.0, 2)  # what is not finite is no best


def write_validation(run: RunDirectory, step: int, value: float) -> None:
    run.create()
    run.metrics.write_text(json.dumps({"step": step, "kind": "validation", "loss": value}) + "\n")


def test_a_member_is_compared_with_all_that_reached_its_rung(tmp_path):
    others = [RunDirectory(tmp_path / name) for name in ("x", "y", "z", "member")]
    for run, step, value in zip(others, (100, 100, 300, 100), (0.1, 0.2, 0.0, 9.0), strict=True):
        write_validation(run, step, value)
    judge = halving.judge("loss", 100, lambda: others)
    # Of 0.1, 0.2, 0.15 and 0.3 the best two go on; z is at another rung, and a member's own record is not another's.
    assert judge(100, {"member": 0.15, "late": 0.3}) == {
        "late": "pruned at step 100: a validation loss of 0.3 is not among the best 2 of 4"
    }
    assert judge(200, {"member": 1e9}) == {}


@pytest.fixture
def wanted(small):
    return plan.Sweep("configs/x.py", small.to_dict(), {}, ())


@pytest.fixture
def groups(fields):
    rate = parse("optimizer.learning_rate=log(1e-4,1e-1)", fields)
    together = parse_zipped("model.init.forget_bias=0,1;model.init.input_scale=1,2", fields)
    return [(rate,), (parse("seed=lin(0,1000)", fields),), together]


class Stopped(Exception):
    """A search that is killed."""


@pytest.fixture
def fake(monkeypatch):
    """Packs that end at once: the error is the distance from a rate of 0.01, in decades; rates above 0.05 explode."""
    pytest.importorskip("optuna", reason="optuna is an extra: pip install -e .[sweep]")
    ran = []

    def run_pack(directory, sweep, pack, say, judge):
        for point in sweep.of_pack(pack):
            run = plan.run_directory(directory, point)
            if run.done.exists() or run.failed.exists():
                continue
            if len(ran) == fake.stop_after:
                raise Stopped
            ran.append(point.name)
            run.create()
            rate = point.overrides["optimizer.learning_rate"]
            if rate > 0.05:
                run.failed.write_text("step 3: the loss is nan\n")
                continue
            value = abs(rate - 0.01) / 0.01
            run.results.write_text(
                json.dumps({"objective": "loss", "step": 1, "validation_loss": value, "best_step": 1})
            )
            run.done.write_text("")
        return PackEnded([], [], [], [], None)

    fake.stop_after = None
    fake.ran = ran
    monkeypatch.setattr(search, "run_pack", run_pack)
    return fake


def told(directory, groups):
    """What the study knows: state, value and parameters of every trial."""
    study = search.study_of(directory, groups)
    return [(t.state.name, t.value, t.params) for t in study.get_trials()]


def test_a_search_asks_runs_and_tells(fake, wanted, groups, tmp_path):
    sweep, signal = search.search(tmp_path, wanted, groups, 20, seed=3, say=lambda line: None)
    assert signal is None
    assert plan.read(tmp_path) == sweep
    assert len(sweep.points) == 20
    trials = told(tmp_path, groups)
    assert {state for state, _, _ in trials} == {"COMPLETE", "FAIL"}
    for point, (state, value, params) in zip(sweep.points, trials, strict=True):
        rate = point.overrides["optimizer.learning_rate"]
        assert rate == pytest.approx(params["optimizer.learning_rate"], rel=1e-5)
        assert 1e-4 <= rate <= 1e-1
        assert type(point.overrides["seed"]) is int
        assert point.overrides["model.init.input_scale"] == point.overrides["model.init.forget_bias"] + 1
        assert state == ("FAIL" if rate > 0.05 else "COMPLETE")
        if value is not None:
            assert value == pytest.approx(abs(rate - 0.01) / 0.01)


def test_a_search_that_is_killed_goes_on_with_its_open_trials(fake, wanted, groups, tmp_path):
    for name in ("whole", "killed"):
        RunDirectory(tmp_path / name).create()
    whole, _ = search.search(tmp_path / "whole", wanted, groups, 12, seed=3, say=lambda line: None)
    fake.ran.clear()
    fake.stop_after = 10
    with pytest.raises(Stopped):
        search.search(tmp_path / "killed", wanted, groups, 12, seed=3, say=lambda line: None)
    fake.stop_after = None
    sweep, _ = search.search(tmp_path / "killed", wanted, groups, 12, seed=3, say=lambda line: None)
    assert sweep == whole
    assert told(tmp_path / "killed", groups) == told(tmp_path / "whole", groups)
    assert len(fake.ran) == len(set(fake.ran)) == 12
    more, _ = search.search(tmp_path / "killed", wanted, groups, 13, seed=3, say=lambda line: None)
    assert more.points[:12] == sweep.points


def test_points_that_come_twice_are_run_once(fake, wanted, fields, tmp_path):
    groups = [(parse("optimizer.learning_rate=0.01,0.02", fields),)]
    sweep, _ = search.search(tmp_path, wanted, groups, 9, seed=0, say=lambda line: None)
    assert len(sweep.points) == 2
    assert sorted(fake.ran) == ["learning_rate=0.01", "learning_rate=0.02"]
    assert len(told(tmp_path, groups)) == 9


def test_other_axes_are_another_search(fake, wanted, groups, tmp_path):
    search.search(tmp_path, wanted, groups, 1, seed=0, say=lambda line: None)
    with pytest.raises(UserError, match="holds a search over other axes"):
        search.search(tmp_path, wanted, groups[:1], 2, seed=0)


def test_a_search_without_optuna(monkeypatch, groups, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"--optuna needs optuna: pip install -e .\[sweep\]"):
        search.study_of(tmp_path, groups)


def test_a_search_needs_a_validation_split(wanted, groups, tmp_path):
    from rnn_research.training.defaults import defaults

    text = {"text": "abc " * 2000, "validation_fraction": 0.0}
    base = changed(defaults(), {f"task.{name}": value for name, value in text.items()})
    with pytest.raises(UserError, match=r"task\.validation_fraction above 0"):
        search.search(tmp_path, wanted._replace(base=base.to_dict()), groups, 2, seed=0)


@pytest.mark.usefixtures("quick_compilation")
def test_a_real_search_prunes(wanted, fields, tmp_path):
    """Rates that learn nothing beside one that does: at the first evaluation one of three goes on."""
    pytest.importorskip("optuna", reason="optuna is an extra: pip install -e .[sweep]")
    groups = [(parse("optimizer.learning_rate=1e-6,2e-6,1e-2", fields),)]
    sweep, _ = search.search(tmp_path, wanted, groups, 6, seed=1, say=lambda line: None)
    reasons = {p.name: plan.run_directory(tmp_path, p) for p in sweep.points}
    assert set(reasons) == {"learning_rate=1e-06", "learning_rate=2e-06", "learning_rate=0.01"}
    assert reasons["learning_rate=0.01"].done.exists()
    for name in ("learning_rate=1e-06", "learning_rate=2e-06"):
        assert reasons[name].failed.read_text().startswith("pruned at step 4: a validation mean_squared_error of")
    assert sorted({state for state, _, _ in told(tmp_path, groups)}) == ["COMPLETE", "PRUNED"]
