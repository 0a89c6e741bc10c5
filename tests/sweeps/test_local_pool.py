"""The pool of local processes: its bounds, its exit status, its signals, and what it says of those that break."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from fake_sweep import command, log, write_sweep

from rnn_research.errors import UserError
from rnn_research.sweeps import local, worker_memory

ROOT = Path(__file__).parents[2]


def test_all_packs_run_and_the_status_is_0(tmp_path, capsys):
    write_sweep(tmp_path, ["p0a", "p0bb"], ["p1"], ["p2"])
    assert local.launch(tmp_path, [0, 1, 2], command(tmp_path), workers=2) == 0
    assert len(list(tmp_path.glob("runs/*/DONE"))) == 4
    assert log(tmp_path, 2) == "pack 2 from step 0\n"
    said = capsys.readouterr().err
    assert said.splitlines()[-1] == "4 done; best validation nats 2 (p1)"


def test_only_the_packs_asked_for_run(tmp_path):
    write_sweep(tmp_path, ["p0"], ["p1"], ["p2"])
    assert local.launch(tmp_path, [2, 0], command(tmp_path), workers=1) == 0
    assert sorted(path.parent.name for path in tmp_path.glob("runs/*/DONE")) == ["p0", "p2"]


@pytest.mark.parametrize("workers", [1, 2])
def test_never_more_workers_than_allowed(tmp_path, workers, monkeypatch):
    write_sweep(tmp_path, *([f"p{k}"] for k in range(4)))
    most = []
    turn = local.Pool.turn

    def counted(pool):
        turn(pool)
        most.append(len(pool.running))

    monkeypatch.setattr(local.Pool, "turn", counted)
    slow = {k: {"seconds": 0.03} for k in range(4)}
    assert local.launch(tmp_path, range(4), command(tmp_path, slow), workers=workers) == 0
    assert max(most) == workers


def test_a_worker_that_crashes_is_named_and_the_others_go_on(tmp_path, capsys):
    write_sweep(tmp_path, ["p0"], ["p1"], ["p2"])
    behaviours = {0: {"crash": 3}, 1: {"fail": ["p1"]}}
    assert local.launch(tmp_path, [0, 1, 2], command(tmp_path, behaviours), workers=1) == 1
    said = capsys.readouterr().err
    assert "pack 0 ended with status 1: RuntimeError: the fake has crashed" in said
    assert str(tmp_path / "logs" / "pack-0.log") in said
    assert said.splitlines()[-1].startswith("1 done, 1 failed, 1 unfinished")


def test_a_worker_that_is_killed_is_named(tmp_path, capsys):
    write_sweep(tmp_path, ["p0"])
    suicide = [sys.executable, "-S", "-c", "import os; print('last words', flush=True); os.kill(os.getpid(), 9)"]
    assert local.launch(tmp_path, [0], lambda pack: suicide, workers=1) == 1
    assert "pack 0 was ended by SIGKILL: last words" in capsys.readouterr().err


def test_given_again_it_goes_on_and_keeps_the_log(tmp_path):
    write_sweep(tmp_path, ["p0"])
    assert local.launch(tmp_path, [0], command(tmp_path, {0: {"crash": 4}}), workers=1) == 1
    assert local.launch(tmp_path, [0], command(tmp_path), workers=1) == 0
    assert "pack 0 from step 0\n" in log(tmp_path, 0)
    assert log(tmp_path, 0).endswith("pack 0 from step 4\n")
    steps = [json.loads(line)["step"] for line in (tmp_path / "runs/p0/metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 11))


LAUNCHER = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from fake_sweep import command
from rnn_research.sweeps import local
from rnn_research.training.machines.stop import end_on_signals
end_on_signals()
slow = {{k: {{"steps": 1000, "seconds": 0.01, "deaf": {deaf}}} for k in range(3)}}
sys.exit(local.launch(Path({directory!r}), range(3), command(Path({directory!r}), slow), workers=2))
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_is_handed_on_once_and_the_workers_save(tmp_path, number, status):
    """As Ctrl-C comes from a terminal: to the whole group of processes."""
    write_sweep(tmp_path, *([f"p{k}"] for k in range(3)), steps=1000)
    code = LAUNCHER.format(root=str(ROOT), tests=str(Path(__file__).parent), directory=str(tmp_path), deaf=False)
    launcher = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    limit = time.monotonic() + 60
    while len(list(tmp_path.glob("runs/*/metrics.jsonl"))) < 2:
        assert time.monotonic() < limit
        assert launcher.poll() is None
        time.sleep(0.02)
    os.killpg(launcher.pid, number)
    said = launcher.communicate(timeout=60)[1]
    assert launcher.returncode == status, said
    assert "2 workers saving" in said
    for pack in (0, 1):
        assert log(tmp_path, pack).splitlines()[-1].startswith("saved at step ")
    assert not (tmp_path / "runs" / "p2").exists()
    assert "Traceback" not in said


def test_a_second_signal_leaves_no_worker_alive(tmp_path):
    """Also where they hear nothing: the terminal hangs up, and somebody loses patience."""
    write_sweep(tmp_path, *([f"p{k}"] for k in range(3)), steps=1000)
    code = LAUNCHER.format(root=str(ROOT), tests=str(Path(__file__).parent), directory=str(tmp_path), deaf=True)
    launcher = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    limit = time.monotonic() + 60
    while len(list(tmp_path.glob("runs/*/metrics.jsonl"))) < 2:
        assert time.monotonic() < limit
        time.sleep(0.02)
    workers = psutil.Process(launcher.pid).children()
    assert len(workers) == 2
    launcher.send_signal(signal.SIGHUP)
    assert launcher.stderr is not None
    while "2 workers saving" not in launcher.stderr.readline():
        assert launcher.poll() is None
    launcher.send_signal(signal.SIGHUP)
    assert "Stopped: SIGHUP" in launcher.communicate(timeout=60)[1]
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]


def test_over_the_bound_the_newest_waits_for_room(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(local, "MEMORY_SECONDS", 0.05)
    write_sweep(tmp_path, ["p0"], ["p1"])
    large = {k: {"gib": 0.2, "steps": 60, "seconds": 0.02} for k in range(2)}
    assert local.launch(tmp_path, [0, 1], command(tmp_path, large), workers=2, memory_gb=0.3) == 0
    said = capsys.readouterr().err
    assert said.count("is stopped") == 1
    assert "pack 1 is stopped" in said
    assert "it goes on when there is room" in said
    first, second = log(tmp_path, 0), log(tmp_path, 1)
    assert first == "pack 0 from step 0\n"  # never touched
    assert second.count("pack 1 from step") == 2
    assert len(list(tmp_path.glob("runs/*/DONE"))) == 2


def test_one_alone_over_the_bound_is_stopped_for_good(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(local, "MEMORY_SECONDS", 0.05)
    write_sweep(tmp_path, ["p0"], ["p1"])
    large = {0: {"gib": 0.2, "steps": 1000, "seconds": 0.02}}
    assert local.launch(tmp_path, [0, 1], command(tmp_path, large), workers=1, memory_gb=0.15) == 1
    assert "raise the bound to go on with it" in capsys.readouterr().err
    assert log(tmp_path, 0).splitlines()[-1].startswith("saved at step ")
    assert (tmp_path / "runs" / "p1" / "DONE").exists()


def test_room_is_judged_by_the_largest_so_far():
    bound = worker_memory.Bound(4.0)
    assert bound.has_room([], 100.0)  # the first is always tried
    assert bound.has_room([1.0, 1.0], 1.0)
    assert not bound.has_room([1.0, 0.1], 1.5)  # the second is taken to grow too
    assert not worker_memory.Bound(None).has_room([1.0], 1e6)
    assert worker_memory.Bound(None).has_room([1.0], 0.0)


def test_memory_is_that_of_the_process():
    before = worker_memory.held(os.getpid())
    assert 0.01 < before < 20
    block = bytearray(2**28)
    block[:: 2**12] = b"x" * len(block[:: 2**12])
    assert worker_memory.held(os.getpid()) - before == pytest.approx(0.25, abs=0.05)
    assert worker_memory.held(2**22 + 1) == 0.0


@pytest.mark.parametrize(("bounds", "word"), [({"workers": 0}, "--workers=0"), ({"memory_gb": 0.0}, "--memory_gb=0.0")])
def test_bounds_that_cannot_be(tmp_path, bounds, word):
    write_sweep(tmp_path, ["p0"])
    with pytest.raises(UserError, match=word):
        local.launch(tmp_path, [0], command(tmp_path), **{"workers": 1, **bounds})
