"""What the live table says of a sweep, and that asking is cheap."""

import io
import json
import time
from pathlib import Path

import pytest
from fake_sweep import write_sweep
from rich.console import Console

from rnn_research.errors import UserError
from rnn_research.sweeps import plan, standing, table
from rnn_research.sweeps.standing import Best, Watch
from rnn_research.sweeps.summary import outcomes_of, ranking, with_earlier_time


def append(directory: Path, name: str, *records: dict, end: str = "\n") -> None:
    run = directory / "runs" / name
    run.mkdir(parents=True, exist_ok=True)
    with (run / "metrics.jsonl").open("a") as file:
        file.write("\n".join(json.dumps(record) for record in records) + end)


def train(step: int) -> dict:
    return {"step": step, "kind": "train", "loss": 10 / step}


def validation(step: int, value: float) -> dict:
    return {"step": step, "kind": "validation", "nats": value, "accuracy": 0.1, "wall_seconds": 1.0}


def finish(directory: Path, name: str, value: float | None, step: int = 100) -> None:
    run = directory / "runs" / name
    run.mkdir(parents=True, exist_ok=True)
    (run / "results.json").write_text(json.dumps({"objective": "nats", "step": step, "validation_nats": value}))
    (run / "DONE").touch()


def test_points_are_counted_by_what_their_directories_hold(tmp_path):
    write_sweep(tmp_path, ["a", "b"], ["c"], ["d"], steps=100)
    finish(tmp_path, "a", 1.5)
    (tmp_path / "runs" / "c").mkdir()
    (tmp_path / "runs" / "c" / "FAILED").write_text("not finite")
    append(tmp_path, "b", train(40))
    now = Watch(tmp_path).standing([0])
    assert (now.done, now.failed, [p.name for p in now.running], now.waiting) == (1, 1, ["b"], 1)
    assert now.running[0].step == 40
    assert now.running[0].steps == 100
    assert now.best == Best("nats", 1.5, "a")


def test_the_best_may_be_one_that_still_runs(tmp_path):
    write_sweep(tmp_path, ["a"], ["b"], steps=100)
    finish(tmp_path, "a", 1.5)
    append(tmp_path, "b", validation(10, 1.2), validation(20, 1.4))
    assert Watch(tmp_path).standing([1]).best == Best("nats", 1.2, "b")


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), None])
def test_what_ended_without_a_finite_figure_has_failed_and_is_never_the_best(tmp_path, value):
    write_sweep(tmp_path, ["a"], ["b"], steps=100)
    append(tmp_path, "a", validation(10, float("nan")))
    finish(tmp_path, "a", value)
    finish(tmp_path, "b", 7.5)
    assert Watch(tmp_path).standing([]).best == Best("nats", 7.5, "b")
    found = outcomes_of(tmp_path, plan.read(tmp_path))
    assert [(o.status, o.value) for o in found] == [("failed", None), ("done", 7.5)]
    assert found[0].reason == "it has ended and its validation_nats is not finite"
    assert [o.point.name for o in ranking(found)] == ["b"]


def test_only_what_is_new_is_read(tmp_path):
    write_sweep(tmp_path, ["a"], steps=100)
    sweep = Watch(tmp_path)
    append(tmp_path, "a", train(10), validation(10, 2.0), {"step": 20, "kind": "train", "loss": 0.5}, end="")
    sweep.look()
    (point,) = sweep.points
    assert (point.step, point.found) == (10, 2.0)  # the last line is still being written
    append(tmp_path, "a", end="\n")
    append(tmp_path, "a", validation(20, 1.0))
    sweep.look()
    assert (point.step, point.loss, point.found) == (20, 0.5, 1.0)


def test_a_run_that_resumes_is_read_anew(tmp_path):
    write_sweep(tmp_path, ["a"], steps=100)
    append(tmp_path, "a", train(10), train(20), train(30))
    sweep = Watch(tmp_path)
    assert sweep.points[0].step == 30
    (tmp_path / "runs" / "a" / "metrics.jsonl").write_text(json.dumps(train(10)) + "\n")
    sweep.look()
    assert sweep.points[0].step == 10


def test_the_time_left_is_told_by_the_share_of_the_steps(tmp_path, monkeypatch):
    write_sweep(tmp_path, ["a", "b"], ["c", "d"], steps=100)
    finish(tmp_path, "a", 1.5)  # long ago: it does not count
    clock = [1000.0]
    monkeypatch.setattr(standing.time, "monotonic", lambda: clock[0])
    sweep = Watch(tmp_path)
    assert sweep.standing([0]).seconds_left is None
    clock[0] += 60
    append(tmp_path, "b", train(50))
    sweep.look()
    # Half a point in a minute, two and a half to go.
    assert sweep.standing([0]).seconds_left == pytest.approx(300)


def test_steps_that_the_plan_does_not_tell_are_taken_from_a_run_that_is_done(tmp_path):
    write_sweep(tmp_path, ["a"], ["b"], steps=0)
    sweep = Watch(tmp_path)
    append(tmp_path, "b", train(100))
    finish(tmp_path, "a", 1.5, step=400)
    sweep.look()
    assert sweep.points[1].share(400) == 0.25
    assert sweep.standing([1]).seconds_left is not None


def test_elsewhere_than_on_a_terminal_a_plain_line(tmp_path, monkeypatch):
    write_sweep(tmp_path, ["a"], ["b"], steps=100)
    finish(tmp_path, "a", 1.5)
    out = io.StringIO()
    with table.LiveTable(tmp_path, console=Console(file=out, width=200)) as live:
        for _ in range(3):
            live.update([1])
        live.update([1], last=True)
    line = "1 done, 1 running; best validation nats 1.5 (a)"
    assert out.getvalue().splitlines() == [line, line]  # the first, and the last in any case


def test_on_a_terminal_a_row_for_each_that_runs(tmp_path):
    names = [f"seed={k}" for k in range(20)]
    write_sweep(tmp_path, names, steps=1000)
    for name in names:
        append(tmp_path, name, train(500), validation(500, 1.25))
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=True, no_color=True).print(table.drawn(Watch(tmp_path).standing([0])))
    drawn = out.getvalue()
    assert "best nats" in drawn
    assert drawn.count("500/1,000") == table.ROWS
    assert "... and 4 more" in drawn
    assert "0 done, 20 running" in drawn


def test_a_thousand_runs_are_asked_for_in_no_time(tmp_path):
    names = [f"n{k}" for k in range(1000)]
    write_sweep(tmp_path, names, steps=10_000)
    for name in names:
        append(tmp_path, name, *(train(step) for step in range(1, 21)))
    sweep = Watch(tmp_path)
    for name in names[:500]:
        finish(tmp_path, name, 1.0)
    sweep.look()
    began = time.process_time()
    sweep.look()
    sweep.standing([0])
    assert time.process_time() - began < 0.5  # measured: 0.01


def test_a_directory_without_a_plan_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"sweep.json is missing"):
        Watch(tmp_path)


def test_times_of_all_starts_add_up_and_a_start_with_nothing_to_do_took_none(tmp_path):
    file = tmp_path / "results.json"
    done = {"points": 2, "done": 1, "failed": 0, "pruned": 0, "unfinished": 1, "wall_seconds": 21.0}
    assert with_earlier_time(done, file) == done
    file.write_text(json.dumps(done))
    assert with_earlier_time({**done, "wall_seconds": 0.002}, file)["wall_seconds"] == 21.0
    further = {**done, "done": 2, "unfinished": 0, "wall_seconds": 4.0}
    assert with_earlier_time(further, file)["wall_seconds"] == 25.0
