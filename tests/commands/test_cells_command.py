"""The cell study as a command: on a run, on a PyTorch model, and with wrong input."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from processes import WarmPython, refused
from safetensors.numpy import save_file

from rnn_research.analysis.units.verdict import VERDICTS
from rnn_research.training.defaults import defaults

SMALL = (
    "--config=configs/interpretable_cells.py",
    "--config.analysis.shifts=10",
    "--config.analysis.sample=1000",
    "--config.analysis.steps=110",
    "--config.analysis.streams=2",
    "--config.analysis.controls=3",
    "--config.analysis.shown=300",
)


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text with strings and brackets in it, some thousand characters long."""
    path = tmp_path_factory.mktemp("text") / "code.py"
    path.write_text("".join(f"def f{n % 7}(x):\n    return g(x, 'a string') + [x]\n" for n in range(120)))
    return path


@pytest.fixture(scope="module")
def studied(call: WarmPython, trained: Path, code: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("cells") / "out"
    own = ("--concepts=python.in_string,python.in_brackets", "--pattern=the_x=x", "--pattern=the_f=f[0-9]")
    ended = call("interpretable_cells", *SMALL, f"--workdir={trained}", f"--text={code}", f"--out={out}", *own)
    assert ended.status == 0, ended.err
    return out, ended.out


def test_every_concept_is_judged(studied: tuple[Path, str]):
    out, said = studied
    results = json.loads((out / "results.json").read_text())
    names = [entry["concept"] for entry in results["concepts"]]
    assert names == ["python.in_string", "python.in_brackets", "the_x", "the_f"]
    assert all(entry["verdict"] in VERDICTS for entry in results["concepts"])
    assert all(name in said for name in names)
    rows = list(csv.DictReader((out / "cells.csv").read_text().splitlines()))
    assert {row["concept"] for row in rows} <= set(names)
    assert (out / "DONE").exists()


def test_what_is_shown_lines_up(studied: tuple[Path, str]):
    out, _ = studied
    arrays = np.load(out / "arrays" / "shown.npz")
    text = arrays["text"].tobytes().decode()
    assert len(text) == len(arrays["label.the_x"]) == len(arrays["layer1.h"]) == len(arrays["p_NV"])
    assert [c == "x" for c in text] == arrays["label.the_x"].astype(bool).tolist()
    assert np.allclose(arrays["p_NV"].sum(axis=1), 1, atol=1e-2)


def test_pages_are_there(studied: tuple[Path, str]):
    out, _ = studied
    report, explorer = (out / "report.html").read_text(), (out / "explorer.html").read_text()
    assert "python.in_string" in report
    assert "explorer.html" in report
    assert not re.search(r"(src|href)=['\"]?http", report + explorer)


def test_the_config_is_that_of_the_run(studied: tuple[Path, str], trained: Path):
    """No default of the study's own config file is shown as if it were of the network that was read."""
    out, _ = studied
    own, kept = (json.loads((folder / "config.json").read_text()) for folder in (trained, out))
    assert kept["run"]["model"] == own["model"]
    assert kept["run"]["model"]["hidden"] != defaults().model.hidden
    assert set(kept) == {"run", "analysis"}
    report = (out / "report.html").read_text()
    assert re.findall(r"<td>model\.hidden</td><td[^>]*>(\d+)</td>", report) == [str(own["model"]["hidden"])]
    assert "<td>analysis.controls</td><td class='number'>3</td>" in report


def test_a_pytorch_model_goes_the_same_way(call: WarmPython, code: Path, tmp_path: Path):
    rng = np.random.default_rng(0)
    symbols = sorted(set(code.read_text()))
    V, H = len(symbols), 5
    weights = {
        "lstm.weight_ih_l0": (4 * H, 3),
        "lstm.weight_hh_l0": (4 * H, H),
        "lstm.bias_ih_l0": (4 * H,),
        "lstm.bias_hh_l0": (4 * H,),
        "embedding.weight": (V, 3),
        "decoder.weight": (V, H),
        "decoder.bias": (V,),
    }
    model = tmp_path / "model"
    model.mkdir()
    tensors = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in weights.items()}
    save_file(tensors, model / "weights.safetensors")
    (model / "vocabulary.json").write_text(json.dumps(symbols))
    flags = (*SMALL, f"--workdir={model}", f"--text={code}", "--concepts=python.in_string")
    ended = call("interpretable_cells", *flags)
    assert ended.status == 0, ended.err
    assert set(json.loads((model / "cells" / "config.json").read_text())["run"]) == {"model"}
    arrays = np.load(model / "cells" / "arrays" / "shown.npz")
    # The same network by hand, over what is shown and what was read before it.
    text, shown = code.read_text(), arrays["text"].tobytes().decode()
    begin = len(text) // 2
    h, c, found = np.zeros(H), np.zeros(H), []
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    for symbol in text[begin : begin + 100 + len(shown)]:
        x = tensors["embedding.weight"][symbols.index(symbol)]
        a = tensors["lstm.weight_ih_l0"] @ x + tensors["lstm.weight_hh_l0"] @ h
        i, f, g, o = np.split(a + tensors["lstm.bias_ih_l0"] + tensors["lstm.bias_hh_l0"], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        found.append(h)
    np.testing.assert_allclose(arrays["layer1.h"], np.array(found[100:]), atol=2e-3)
    (model / "vocabulary.json").write_text(json.dumps(symbols[:-1]))
    refused(call("interpretable_cells", *flags), "output layer", f"[{V - 1}, {H}]")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--concepts=python.in_sting",), ("python.in_sting", "python.in_string")),
        (("--concepts=code",), ("--language",)),
        (("--pattern=digits",), ("--pattern=digits", "NAME=VALUE")),
        (("--pattern=bad=[",), ("--pattern=bad", "no regular expression")),
        (("--labels=mine=nowhere.npy",), ("--labels", "nowhere.npy")),
        (("--config=configs/hello.py",), ("configs/interpretable_cells.py",)),
        (("--text=nowhere.txt",), ("--text=nowhere.txt",)),
    ],
)
def test_wrong_calls_get_one_line(
    call: WarmPython, trained: Path, code: Path, tmp_path: Path, flags: tuple[str, ...], words: tuple[str, ...]
):
    text = () if any(f.startswith("--text") for f in flags) else (f"--text={code}",)
    ended = call("interpretable_cells", f"--workdir={trained}", *text, f"--out={tmp_path / 'out'}", *flags)
    refused(ended, *words)
