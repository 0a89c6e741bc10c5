"""Runs from a config to results.json, in this process."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import hello
from rnn_research.errors import UserError
from rnn_research.restore import step_scores, trained
from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.logbook import Watch
from rnn_research.training.train import train
from tests.time_first import apply


def test_hello_is_learned(tmp_path):
    """The lecture's network gives the right letter the best score at each of the four steps."""
    config = hello.get_config()
    config.training.log_every = 500
    train(config, RunDirectory(tmp_path), {})
    run = trained.read(RunDirectory(tmp_path))
    assert run.vocabulary.symbols == ("e", "h", "l", "o")
    symbols = run.vocabulary.encode(b"hello")
    logits_TBV, _ = apply(run.model, run.params, jnp.asarray(symbols[:-1, None]), run.model.carry(run.params, 1))
    np.testing.assert_array_equal(np.argmax(logits_TBV[:, 0], -1), symbols[1:])
    table = step_scores.table(run, "hello").splitlines()
    assert [line.split()[0] for line in table[1:]] == list("hell")
    assert all(line.endswith("right") for line in table[1:])


def test_the_loss_falls_below_what_counting_letters_reaches(tiny, tmp_path):
    results = train(
        tiny(**{"model.cell": "gru", "model.hidden": 24, "training.steps": 150, "training.log_every": 50}),
        RunDirectory(tmp_path),
        {},
    )
    assert results == json.loads((tmp_path / "results.json").read_text())
    assert results["floor_unigram_nats"] > 2.5
    for split in ("validation", "test"):
        assert results[f"{split}_nats_per_token"] < results["floor_unigram_nats"] / 2
        assert results[f"{split}_nats_per_token_low95"] < results[f"{split}_nats_per_token"]
        assert results[f"{split}_nats_per_token"] < results[f"{split}_nats_per_token_high95"]
        assert results[f"{split}_bits_per_byte"] == pytest.approx(results[f"{split}_nats_per_token"] / math.log(2))
    assert (tmp_path / "DONE").exists()
    records = metrics.read(tmp_path / "metrics.jsonl")
    assert [(r["step"], r["kind"]) for r in records] == [
        (50, "train"),
        (100, "train"),
        (150, "train"),
        (150, "validation"),
    ]
    assert records[-1]["nats_per_token"] == pytest.approx(results["validation_nats_per_token"])


@pytest.fixture
def still(tiny):
    """Nothing is learned, so no validation is better than the first."""
    return tiny(
        **{
            "optimizer.learning_rate": 0.0,
            "evaluation.every": 2,
            "training.log_every": 2,
            "training.steps": 100,
            "training.patience": 2,
        }
    )


def test_patience_ends_a_run(still, tmp_path):
    results = train(still, RunDirectory(tmp_path), {})
    evaluated = [r["step"] for r in metrics.read(tmp_path / "metrics.jsonl") if r["kind"] == "validation"]
    assert evaluated == [2, 4, 6]
    assert results["step"] == 6


def test_a_run_whose_patience_ended_stays_ended(still, tmp_path):
    results = train(still, RunDirectory(tmp_path), {})
    (tmp_path / "DONE").unlink()  # as if killed just before the end
    again = train(still, RunDirectory(tmp_path), {})
    assert {k: again[k] for k in ("step", "best_step", "test_nats_per_token")} == {
        k: results[k] for k in ("step", "best_step", "test_nats_per_token")
    }


def test_patience_is_counted_from_the_best():
    watch = Watch("loss", 2, 0.0, [{"kind": "validation", "loss": 1.0}, {"kind": "train", "loss": 0.0}])
    for value, exhausted in ((0.9, False), (0.95, False), (0.8, False), (0.8, False), (0.81, True)):
        watch.see(value)
        assert watch.exhausted is exhausted


def test_a_resumed_watch_remembers():
    records = [{"kind": "validation", "loss": value} for value in (0.5, 0.6)]
    watch = Watch("loss", 2, 0.0, records)
    assert not watch.exhausted
    watch.see(0.55)
    assert watch.exhausted


def test_without_patience_a_run_is_never_stopped():
    watch = Watch("loss", 0, 0.0, [{"kind": "validation", "loss": 1.0}] * 50)
    assert not watch.exhausted


def test_evaluating_and_saving_do_not_touch_the_training(tiny, tmp_path):
    """Parameters after a run that evaluates and saves at every call are those of one that does not, bit for bit."""
    ends = []
    for name, fields in (("often", {"evaluation.every": 2, "training.checkpoint_every": 2}), ("never", {})):
        config = tiny(**{"training.steps": 6, "training.log_every": 2, "model.dropout": 0.2}, **fields)
        train(config, RunDirectory(tmp_path / name), {})
        ends.append(trained.read(RunDirectory(tmp_path / name), 6).params)
    jax.tree.map(np.testing.assert_array_equal, *ends)


def test_a_finished_run_is_not_trained_again(tiny, tmp_path):
    first = train(tiny(), RunDirectory(tmp_path), {})
    before = (tmp_path / "metrics.jsonl").read_bytes()
    assert train(tiny(), RunDirectory(tmp_path), {}) == first
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    with pytest.raises(UserError, match=f"--workdir={tmp_path} is used and --resume=never"):
        train(tiny(), RunDirectory(tmp_path), {}, "never")
    with pytest.raises(UserError, match=r"belongs to another config \(model.hidden: 5 -> 6\)"):
        train(tiny(**{"model.hidden": 6}), RunDirectory(tmp_path), {})
    record = json.loads((tmp_path / "provenance.json").read_text())
    record["corpus"]["corpus_sha256"] = "0" * 64
    (tmp_path / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="trained on another text"):
        train(tiny(), RunDirectory(tmp_path), {})
