"""Nothing that a command says can break it: streams that are closed, full, unread, or of another encoding."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import ROOT, WarmPython

from rnn_research.runs.directory import RunDirectory

HELLO = ("--config=configs/hello.py", "--config.training.steps=1")
SAID = """
from experiments import output
import os, sys
out = output.install({ends})
{say}
sys.exit(output.failure(out) or 0)
"""


def said(say: str, ends: bool = False, shell: str = "", **environment: str) -> subprocess.CompletedProcess:
    """A Python that imports no JAX says something through outlets."""
    code = SAID.format(ends=ends, say=say)
    command = ["sh", "-c", f'exec "$0" "$@" {shell}', sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, env={**os.environ, **environment}, check=False)


def test_what_the_encoding_lacks_is_shown_by_its_number():
    ended = said(r"print('caf\xe9 \u03b1', '\udcff')", PYTHONIOENCODING="iso-8859-1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"caf\xe9 \\u03b1 \\udcff\n", b"")
    ended = said(r"print('\u03b1 \udcff')", PYTHONIOENCODING="utf-8")
    assert (ended.returncode, ended.stdout) == (0, b"\xce\xb1 \\udcff\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_told_at_the_end_and_one_behind_stderr_is_nobodys_loss(unbuffered):
    say = "print('a' * 9999, flush=True); print('b'); print('c', file=sys.stderr)"
    ended = said(say, shell=">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"c\nstdout cannot be written (No space left on device)")
    assert b"Traceback" not in ended.stderr
    ended = said(say, shell="2>/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (ended.returncode, ended.stdout) == (0, b"a" * 9999 + b"\nb\n")


def test_nobody_reads_any_more():
    """A command that leaves files goes on, one that only writes text ends."""
    say = "r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r); print(1, flush=True); os.write(2, b'on')"
    ended = said(say)
    assert (ended.returncode, ended.stderr) == (0, b"on")
    ended = said(say, ends=True)
    assert ended.returncode == 1
    assert b"BrokenPipeError" in ended.stderr
    assert b"Exception ignored" not in ended.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_not_taken_for_the_next_file(tmp_path, closed):
    """The lowest free number goes to the next file opened, and a print would then write into it."""
    file = tmp_path / "file"
    say = f"f = open({str(file)!r}, 'w'); os.write(1, b'x'); os.write(2, b'y'); print(3, file=sys.stderr)"
    ended = said(say, shell=closed)
    assert ended.returncode == 0, ended
    assert file.read_text() == ""


def test_a_working_directory_that_is_gone(tmp_path):
    place = tmp_path / "gone"
    place.mkdir()
    command = ["sh", "-c", 'rmdir "$1" && exec "$0" -m experiments.sample --workdir=x', sys.executable, str(place)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "the working directory has been removed" in ended.stderr


def test_a_run_is_complete_though_nothing_can_be_shown(call: WarmPython, tmp_path: Path):
    ended = call.start("train", *HELLO, f"--workdir={tmp_path}", stdout="/dev/full").wait()
    assert ended.status == 2
    errors = [line for line in ended.err.splitlines() if not line.startswith("step ")]
    assert len(errors) == 1, ended.err
    assert errors[0].startswith("error: stdout cannot be written (No space left on device)")
    assert RunDirectory(tmp_path).done.exists()
    assert RunDirectory(tmp_path).report.exists()


def test_a_run_outlives_its_working_directory(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    place, run = tmp_path / "place", tmp_path / "run"
    place.mkdir()
    flags = [flag.replace("configs/", f"{ROOT}/configs/") for flag in tiny]
    started = call.start("train", *flags, f"--workdir={run}", folder=place)
    limit = time.monotonic() + 100
    while not (run / "metrics.jsonl").exists():
        assert started.poll() is None, started.wait()
        assert time.monotonic() < limit
        time.sleep(0.005)
    place.rmdir()
    ended = started.wait()
    assert ended.status == 0, ended.err
    assert (run / "report.html").exists()


def test_a_sample_that_is_not_read_to_its_end_is_not_written_to_its_end():
    """The only command whose text is all that it leaves."""
    ends = {p.stem for p in ROOT.glob("experiments/*.py") if "ends_unread=True" in p.read_text(encoding="utf-8")}
    assert ends == {"sample"}


def test_one_sees_it_learn_to_write(call: WarmPython, tiny: tuple[str, ...], tmp_path: Path):
    """At every evaluation but the last, after which the sample itself is written."""
    flags = [f for f in tiny if not f.startswith(("--config.training.steps", "--config.evaluation"))]
    flags += ["--config.training.steps=6", "--config.evaluation.every=2", "--config.evaluation.sample_length=20"]
    ended = call("train", *flags, f"--workdir={tmp_path / 'run'}")
    assert ended.status == 0, ended.err
    lines = [line for line in ended.err.splitlines() if "  writes " in line]
    assert [line.split("  writes ")[0] for line in lines] == ["step 2", "step 4"]
    texts = [ast.literal_eval(line.split("  writes ")[1]) for line in lines]
    assert [len(text) for text in texts] == [20, 20]
