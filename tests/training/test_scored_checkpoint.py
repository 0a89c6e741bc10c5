"""Which parameters and which text a run's figures are of, held against the network applied by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.restore import trained
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.logbook import Watch
from rnn_research.training.pack import Entry, train_pack
from rnn_research.training.train import train
from tests.time_first import apply

PARTS = {"train": "a" * 240, "validation": "b" * 30, "test": "ab" * 15}
"""Every step towards the training text makes the validation text less likely: the first checkpoint is the best."""


@pytest.fixture
def worsening(tiny):
    fields = {"text": "".join(PARTS.values()), "validation_fraction": 0.1, "test_fraction": 0.1}
    config = tiny(**{f"task.{name}": value for name, value in fields.items()})
    config.training.update({"steps": 6, "log_every": 2})
    config.evaluation.update({"every": 2, "batch_size": 1})
    config.optimizer.learning_rate = 0.05
    return config


def by_hand(directory, text, step=None):
    """Nats per symbol of a text, in one piece."""
    run = trained.read(RunDirectory(directory), step)
    symbols = run.vocabulary.encode(text.encode())
    logits_TBV, _ = apply(run.model, run.params, jnp.asarray(symbols[:-1, None]), run.model.carry(run.params, 1))
    log_probability = np.asarray(jax.nn.log_softmax(logits_TBV[:, 0]))
    return -log_probability[np.arange(len(symbols) - 1), symbols[1:]].mean()


def check(directory, results):
    assert (results["best_step"], results["step"]) == (2, 6)
    for split in ("validation", "test"):
        assert results[f"{split}_nats_per_token"] == pytest.approx(by_hand(directory, PARTS[split], 2), rel=1e-5)
        assert abs(by_hand(directory, PARTS[split], 6) - results[f"{split}_nats_per_token"]) > 1e-2
    assert abs(results["test_nats_per_token"] - results["validation_nats_per_token"]) > 1e-2


def test_each_split_is_scored_with_the_best_checkpoint(worsening, tmp_path):
    """Not with the newest, and the test split not with a program that still holds the validation text of its shape."""
    check(tmp_path, train(worsening, RunDirectory(tmp_path), {}))


def test_and_so_it_is_in_a_pack(worsening, tmp_path):
    runs = [RunDirectory(tmp_path / name) for name in "ab"]
    train_pack([Entry(run.path.name, worsening, run, {}) for run in runs])
    for run in runs:
        check(run.path, run.read_results())


def test_a_validation_that_is_not_a_number_is_never_the_best():
    """And one that comes after it can be."""
    watch = Watch("loss", 2, 0.0, [{"kind": "validation", "loss": value} for value in (1.0, float("nan"))])
    watch.see(0.5)
    assert not watch.exhausted
    watch.see(0.6)
    watch.see(float("nan"))
    assert watch.exhausted
