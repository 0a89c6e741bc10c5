"""How the processes of one run are named and find each other, before JAX joins them."""

import socket
import threading

import pytest

from rnn_research.errors import UserError
from rnn_research.training.machines import rendezvous
from rnn_research.training.machines.distributed import Group, group_of


@pytest.fixture(autouse=True)
def no_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS", raising=False)


def test_without_flags_a_run_is_alone():
    assert group_of("auto", None, None, None) is None
    assert group_of("off", None, None, None) is None
    assert group_of("auto", "node1:5000", 1, 0) is None


def test_the_flags_name_the_group():
    assert group_of("auto", "node1:5000", 4, 3) == Group("node1:5000", 4, 3)


def test_a_task_of_a_slurm_step_finds_its_group(monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    assert group_of("auto", None, None, None) == Group("", 4, None)
    assert group_of("off", None, None, None) is None
    assert group_of("auto", "node1:5000", 2, 1) == Group("node1:5000", 2, 1)  # what is typed counts
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")
    assert group_of("auto", None, None, None) is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("on", None, None, None), "--distributed='on' is unknown"),
        (("auto", "node1:5000", 2, None), "needs --process_id too"),
        (("auto", None, None, 0), "--process_id=0 needs --coordinator and --num_processes too"),
        (("auto", "node1:5000", 2, 2), "--process_id=2 must lie between 0 and 1"),
        (("auto", "node1:5000", 2, -1), "--process_id=-1"),
        (("auto", "node1:5000", 0, 0), "--num_processes=0 must be at least 1"),
        (("auto", "node1", 2, 0), "must be HOST:PORT"),
        (("auto", ":5000", 2, 0), "must be HOST:PORT"),
        (("auto", "node1:99999", 2, 0), "must be HOST:PORT"),
        (("off", "node1:5000", 2, 0), "--distributed=off contradicts"),
    ],
)
def test_flags_that_cannot_be(flags, words):
    with pytest.raises(UserError) as error:
        group_of(*flags)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def coordinator():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def meet(coordinator, *processes, patience=10.0):
    """All of them at once, ``(processes, process)`` each: what each is told, None where it may go on."""
    told: list[str | None] = [None] * len(processes)

    def one(k, count, number):
        try:
            rendezvous.meet(coordinator, count, number, patience)
        except UserError as error:
            told[k] = str(error)

    threads = [threading.Thread(target=one, args=(k, *each)) for k, each in enumerate(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_all_go_on_when_all_are_there(coordinator):
    assert meet(coordinator, (4, 3), (4, 1), (4, 0), (4, 2)) == [None] * 4


def test_the_port_is_free_again_at_once(coordinator):
    assert meet(coordinator, (2, 0), (2, 1)) == [None, None]
    assert meet(coordinator, (2, 0), (2, 1)) == [None, None]


def test_two_of_one_number_are_refused_by_all(coordinator):
    told = meet(coordinator, (3, 0), (3, 1), (3, 1))
    assert sum("--process_id=1 is given to two" in (line or "") for line in told) == 3, told


def test_different_counts_are_refused_by_both(coordinator):
    assert all("--num_processes=3" in line for line in meet(coordinator, (2, 0), (3, 1)))


def test_one_that_does_not_come_is_named(coordinator):
    first, second = meet(coordinator, (3, 0), (3, 2), patience=0.5)
    assert "no word from process 1" in first
    assert "process 0 is gone" in second or "no word from process 1" in second


def test_no_first_process(coordinator):
    (told,) = meet(coordinator, (2, 1), patience=0.1)
    assert f"--coordinator={coordinator}: process 0 does not answer" in told


def test_a_port_that_is_taken():
    with socket.create_server(("", 0)) as taken:
        (told,) = meet(f"127.0.0.1:{taken.getsockname()[1]}", (2, 0))
    assert "cannot listen there" in told


def test_a_stranger_does_not_count(coordinator):
    host, port = rendezvous.address(coordinator)
    threads = [threading.Thread(target=rendezvous.meet, args=(coordinator, 2, 0, 10.0))]
    threads[0].start()
    for said in (b"GET / HTTP/1.1\r\n\r\n", b""):
        while True:
            try:
                with socket.create_connection((host, port)) as stranger:
                    stranger.sendall(said)
                break
            except ConnectionRefusedError:
                continue
    rendezvous.meet(coordinator, 2, 1, 10.0)
    threads[0].join(timeout=5)
    assert not threads[0].is_alive()
