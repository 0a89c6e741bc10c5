"""A disk that fills up during a run: one line, exit status 2, the last checkpoint good; with space, the run goes on."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from compared import assert_bit_identical, records, saved_steps
from processes import WarmPython

SCRIPT = 'mount -t tmpfs -o size=16m tmpfs "$1" && shift && exec "$@"'


@pytest.fixture
def disk(
    call: WarmPython, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WarmPython, Path, Path]]:
    """A Python that sees a small disk, where it sees it, and the same place seen from here."""
    place = tmp_path / "disk"
    place.mkdir()
    unshare = ["unshare", "--map-root-user", "--mount"]
    inside = ["sh", "-c", SCRIPT, "sh", str(place)]
    tried = shutil.which("unshare") and subprocess.run([*unshare, *inside, "true"], capture_output=True, check=False)
    if not tried or tried.returncode:
        pytest.skip("no small disk can be mounted here: unshare --map-root-user --mount is not permitted")
    python = WarmPython(
        tmp_path_factory.mktemp("commands"),
        Path(call.environment["JAX_COMPILATION_CACHE_DIR"]),
        prefix=(*unshare, *inside),
    )
    yield python, place, Path(f"/proc/{python.pid}/root{place}")
    python.close()


def fill(folder: Path) -> None:
    """To the last byte."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass


def test_a_full_disk(disk: tuple[WarmPython, Path, Path], often: tuple[str, ...], uninterrupted: Path, tmp_path: Path):
    python, place, seen = disk
    run = seen / "run"
    started = python.start("train", *often, f"--workdir={place / 'run'}")
    limit = time.monotonic() + 60
    while not (run / "checkpoints" / "20").exists():
        assert started.poll() is None, started.wait()
        assert time.monotonic() < limit
        time.sleep(0.002)
    fill(seen)
    ended = started.wait()
    assert ended.status == 2, ended
    errors = [line for line in ended.err.splitlines() if not line.startswith("step ")]
    assert len(errors) == 1, ended.err
    assert f"--workdir={place / 'run'}" in errors[0]
    assert "the disk is full" in errors[0]
    assert "free some space" in errors[0]
    good = saved_steps(run)[-1]
    assert good < 300
    assert not (run / "DONE").exists()

    # Still full: refused again, and nothing is lost. (What a broken-off save left behind is
    # cleared away first, which may make room for a few more steps.)
    ended = python("train", *often, f"--workdir={place / 'run'}")
    assert ended.status == 2, ended
    assert "Traceback" not in ended.err
    assert saved_steps(run)[-1] >= good
    good = saved_steps(run)[-1]

    (seen / "ballast").unlink()
    ended = python("train", *often, f"--workdir={place / 'run'}")
    assert ended.status == 0, ended.err
    assert f"resuming from step {good}" in ended.out
    assert len(records(run)) == len(records(uninterrupted))
    assert_bit_identical(shutil.copytree(run, tmp_path / "copy"), uninterrupted)
