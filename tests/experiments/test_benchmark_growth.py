"""How cost grows: exponents and paper by closed form, memory, populations on devices, and the figure."""

import subprocess

import matplotlib.image
import numpy as np
import pytest

from experiments.benchmarks import devices, memory, precision, pytorch, sample, scaling
from experiments.benchmarks.case import Shape
from experiments.benchmarks.peers import OURS
from experiments.benchmarks.suite import Options
from experiments.benchmarks.tables import table
from rnn_research.decoding.generate import Choice
from rnn_research.report import speed


def quiet(line: str) -> None:
    pass


def test_the_exponent_of_a_power_law():
    sizes = [1, 2, 4, 8, 16]
    assert scaling.exponent(sizes, [3 * n**1.7 for n in sizes]) == pytest.approx(1.7)
    # What is flat at first does not count: the upper half alone.
    assert scaling.exponent(sizes, [16, 16, 16, 64, 256]) == pytest.approx(2)
    assert scaling.exponent([1, 2], [5, 10]) == pytest.approx(1)


def test_more_devices_on_paper():
    """100 ms alone and 60 ms on two: 20 ms are not split, so 20 + 80 / n."""
    found = {"at": [1, 2], "milliseconds_median": [100.0, 60.0]}
    assert scaling.on_paper(found) == {"at": [2, 4, 8], "milliseconds": pytest.approx([60, 40, 30])}
    assert scaling.on_paper({"at": [1, 2], "milliseconds_median": [100.0, 110.0]}) == {}
    assert scaling.on_paper({"at": [1], "milliseconds_median": [100.0]}) == {}


def test_both_precisions(monkeypatch):
    monkeypatch.setattr(precision, "SECONDS", 0.1)
    found = precision.measure(2, ((2, 3, 4),), (Shape(2, 3, 4),))
    assert set(found["rows"]) == {
        "product 2 x 3 x 4",
        "lstm 2x3x4, forward + backward",
        "gru 2x3x4, forward + backward",
    }
    for row in found["rows"].values():
        ratio = row["float32_milliseconds"] / row["bfloat16_milliseconds"]
        assert row["speed_of_bfloat16_least"] * 0.5 < ratio < row["speed_of_bfloat16_most"] * 2
    assert "gru 2x3x4" in precision.shown(found)


def test_a_panel_of_measured_sizes(monkeypatch):
    monkeypatch.setattr(pytorch, "missing", lambda: "left out here")
    monkeypatch.setattr(scaling, "BASE", Shape(2, 3, 4))
    found = scaling.panel("T", scaling._against("T", (2, 4), rounds=2))
    assert found["label"] == "time steps"
    line = found["lines"][OURS]
    assert line["at"] == [2, 4]
    assert all(low <= high for low, high in zip(line["milliseconds_least"], line["milliseconds_most"]))
    assert "time steps" in scaling.shown({"base": scaling.BASE._asdict(), "panels": {"T": found}})


def test_seeds_and_devices_of_this_process(monkeypatch):
    monkeypatch.setattr(devices, "batch", lambda n, B: lambda: None)  # the steps of train, tested there
    found = devices.measured(1, (2,))
    assert set(found["members"]["on 1 device"]) == {2}
    assert set(found["devices"]) == {"one batch, split", "2 seeds, shared out"}
    assert all(points[1] > 0 for points in found["devices"].values())


def test_a_process_of_its_own_tells_its_seconds(monkeypatch):
    def run(command, **_):
        assert command[1:] == ["-m", "experiments.benchmarks.devices", "5", "1", "2"]
        return subprocess.CompletedProcess(command, 0, '{"members": {"on 1 device": {"1": [0.5], "2": [0.75]}}}')

    monkeypatch.setattr(devices.subprocess, "run", run)
    assert devices.lines(5, (1, 2)) == {"members": {"on 1 device": {1: [0.5], 2: [0.75]}}}


def test_memory_grows_with_time(monkeypatch):
    monkeypatch.setattr(memory, "B", 2)
    monkeypatch.setattr(memory, "H", 8)
    monkeypatch.setattr(memory, "BUILDERS", {"ours, plain": memory.BUILDERS["ours, plain"]})
    results = memory.measure(Options(rounds=1), quiet, times=(50, 100), timed=50)
    for row in results["rows"].values():
        short, long = row["bytes"]
        # At least the cell's state of every step is kept, and twice as much for twice as many.
        assert short > 50 * 2 * 8 * 4
        assert long / short == pytest.approx(2, rel=0.2)
    assert "T 100, MB" in memory.shown(results)


def test_sampling_beside_a_loop(monkeypatch):
    monkeypatch.setattr(pytorch, "THREADS", 1)
    monkeypatch.setattr(sample, "WAYS", {"one_text": (1, Choice()), "texts_32": (32, Choice())})
    figures = sample.measure(rounds=1, length=20, loop_length=2)
    assert all(value > 0 for value in figures.values())
    if not pytorch.missing():
        ratio = figures["one_text_symbols_per_second_median"] / figures["pytorch_one_text_symbols_per_second_median"]
        assert figures["one_text_over_pytorch_median"] == pytest.approx(ratio)


def test_the_figure(tmp_path):
    """A line of each kind, and nothing in the unused places of the grid."""
    lines = {
        "measured": {
            "at": [1, 2, 4],
            "milliseconds_median": [1.0, 2.0, 4.0],
            "milliseconds_least": [0.9, 1.9, 3.9],
            "milliseconds_most": [1.1, 2.1, 4.1],
            "exponent": 1.0,
            "on_paper": {"at": [4, 8], "milliseconds": [4.0, 8.0]},
        }
    }
    speed.scaling({"panels": {name: {"label": name, "lines": lines} for name in "abcd"}}, tmp_path / "f" / "s.png")
    pixels = matplotlib.image.imread(tmp_path / "f" / "s.png")[..., :3]
    blue = (np.abs(pixels - np.array([0, 0x72, 0xB2]) / 255) < 0.02).all(-1)
    height, width = blue.shape
    upper, lower = blue[: height // 2], blue[height // 2 :]
    for third in range(3):
        here = slice(third * width // 3, (third + 1) * width // 3)
        assert upper[:, here].any()
        assert lower[:, here].any() == (third == 0)


def test_a_table_is_aligned():
    lines = table(("who", "ms"), [("a", 1.5), ("longer", "-")]).splitlines()
    assert lines == ["| who    |  ms |", "| ------ | --: |", "| a      | 1.5 |", "| longer |   - |"]
