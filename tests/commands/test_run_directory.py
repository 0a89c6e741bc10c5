"""What a run leaves behind, read with other eyes: TensorBoard's reader, an HTML parser, git and hashlib."""

import hashlib
import html.parser
import importlib.metadata
import json
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from processes import ROOT, WarmPython


def records(run: Path, kind: str) -> list[dict]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [r for r in map(json.loads, lines) if r["kind"] == kind]


def test_everything_is_there(trained: Path):
    names = {p.name for p in trained.iterdir()} - {".lock"}
    assert names == {
        "KIND",
        "config.json",
        "overrides.json",
        "provenance.json",
        "vocabulary.json",
        "metrics.jsonl",
        "tensorboard",
        "checkpoints",
        "figures",
        "results.json",
        "sample.txt",
        "report.html",
        "DONE",
    }


def test_the_newest_two_checkpoints_and_the_best_stay(trained: Path):
    results = json.loads((trained / "results.json").read_text())
    steps = {int(p.name) for p in (trained / "checkpoints").iterdir() if p.name.isdigit()}
    assert steps == {200, 240, results["best_step"]}
    validation = {r["step"]: r["nats_per_token"] for r in records(trained, "validation")}
    assert sorted(validation) == [60, 120, 180, 240]
    assert results["best_step"] == min(validation, key=validation.__getitem__)
    assert results["validation_nats_per_token"] == pytest.approx(min(validation.values()), rel=1e-6)


def test_metrics_say_what_clipping_did(trained: Path):
    train = records(trained, "train")
    assert [r["step"] for r in train] == list(range(20, 241, 20))
    for record in train:
        assert record["grad_norm"] > 0
        assert record["grad_norm_clipped"] <= min(1.0, record["grad_norm"]) * (1 + 1e-5)  # tiny clips at 1
        assert 0 <= record["clipped"] <= 1
    assert any(r["clipped"] == 0 for r in train) or any(r["grad_norm"] > 1 for r in train)


def test_tensorboard_reads_the_same_figures(trained: Path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = accumulators.EventAccumulator(str(trained / "tensorboard"))
    board.Reload()
    assert {"train/loss", "train/grad_norm", "train/learning_rate", "validation/nats_per_token"} <= set(
        board.Tags()["scalars"]
    )
    for kind, name in (("train", "loss"), ("train", "grad_norm_clipped"), ("validation", "nats_per_token")):
        shown = {event.step: event.value for event in board.Scalars(f"{kind}/{name}")}
        assert shown == pytest.approx({r["step"]: r[name] for r in records(trained, kind)}, rel=1e-6)


def test_provenance(trained: Path, text: Path, tiny: tuple[str, ...]):
    found = json.loads((trained / "provenance.json").read_text())
    assert found["corpus"]["corpus_sha256"] == hashlib.sha256(text.read_bytes()).hexdigest()
    assert found["corpus"]["bytes"] == pytest.approx(
        {
            "train": 0.8 * text.stat().st_size,
            "validation": 0.1 * text.stat().st_size,
            "test": 0.1 * text.stat().st_size,
        },
        abs=2,
    )
    assert found["command"].endswith(f" {' '.join(tiny)} --workdir={trained}")
    assert found["python"] == platform.python_version()
    assert found["devices"]
    assert found["backend"] == "cpu"
    for name in ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "ml-collections"):
        assert found["versions"][name] == importlib.metadata.version(name)


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no git checkout")
def test_provenance_names_the_commit(trained: Path):
    git = lambda *a: subprocess.run(["git", "-C", ROOT, *a], capture_output=True, text=True, check=True).stdout  # noqa: E731
    found = json.loads((trained / "provenance.json").read_text())["git"]
    assert found["commit"] == git("rev-parse", "HEAD").strip()
    assert isinstance(found["dirty"], bool)


def test_overrides_and_config(trained: Path, text: Path):
    config = json.loads((trained / "config.json").read_text())
    assert config["model"]["hidden"] == 8
    assert config["task"]["path"] == str(text)
    assert "workdir" not in json.dumps(config)
    overrides = json.loads((trained / "overrides.json").read_text())
    assert overrides["model.hidden"] == 8
    assert "model.cell" not in overrides


class Page(html.parser.HTMLParser):
    """Collects what a browser would fetch or run, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_one_file(trained: Path):
    page = Page()
    page.feed((trained / "report.html").read_text())
    assert page.sources
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    results = json.loads((trained / "results.json").read_text())
    assert f"{results['test_nats_per_token']:.3f} nats per symbol" in page.text
    assert (trained / "sample.txt").read_text() in page.text


def test_the_report_escapes_what_the_model_writes(call: WarmPython, tmp_path: Path):
    """The model of a page learns to write a page: its tags must be shown, not run."""
    evil = "<script>alert('fox')</script>"
    flags = [f"--config.task.text={evil}", f"--config.evaluation.sample_prime={evil}", "--config.training.steps=1"]
    ended = call("train", "--config=configs/hello.py", *flags, f"--workdir={tmp_path}")
    assert ended.status == 0, ended.err
    source = (tmp_path / "report.html").read_text()
    assert "<script" not in source
    page = Page()
    page.feed(source)
    assert page.text.count(evil) >= 3  # title or heading, sample, config


def test_a_finished_run_is_not_trained_again(call: WarmPython, tiny: tuple[str, ...], trained: Path, tmp_path: Path):
    run = shutil.copytree(trained, tmp_path / "run")
    metrics = (run / "metrics.jsonl").read_bytes()
    ended = call("train", *tiny, f"--workdir={run}")
    assert ended.status == 0
    assert json.loads(ended.out.splitlines()[-2]) == json.loads((trained / "results.json").read_text())
    assert (run / "metrics.jsonl").read_bytes() == metrics
