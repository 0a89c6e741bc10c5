"""Labels that are wrong at random: how many, where, and in training alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import TASKS
from rnn_research.training.added.label_noise import noise_of
from rnn_research.training.defaults import defaults
from rnn_research.training.pack import Entry, train_pack
from rnn_research.training.train import train


def noisy(task: str, p: float, **fields):
    config = defaults(task)
    config.training.label_noise = p
    config.update_from_flattened_dict({f"task.{name}": value for name, value in fields.items()})
    return config, TASKS[task].build(config.task, config.evaluation)


def test_classes_are_drawn_anew_as_often_as_asked():
    noise = noise_of(*noisy("copying", 0.3))
    targets = jnp.concatenate([jnp.full((100, 200), 4), jnp.full((50, 200), -1)])
    found = np.asarray(noise(jax.random.key(0), targets, 0.3))
    assert np.all(found[100:] == -1)
    _, task = noisy("copying", 0.3)  # of its K classes one draw in K hits the old one
    share = np.mean(found[:100] != 4)
    K = task.interface.answer.size
    assert share == pytest.approx(0.3 * (1 - 1 / K), abs=0.01)  # three standard errors of 20,000
    assert set(np.unique(found[:100])) == set(range(K))


def test_numbers_get_gaussian_noise():
    noise = noise_of(*noisy("adding", 0.5))
    targets = jnp.where(jnp.arange(40_000) % 2, 1.0, jnp.nan)
    found = np.asarray(noise(jax.random.key(1), targets, 0.5))
    assert np.all(np.isnan(found[::2]))
    assert found[1::2].mean() == pytest.approx(1, abs=0.015)
    assert found[1::2].std() == pytest.approx(0.5, rel=0.03)


def test_none_is_no_program_of_its_own():
    assert noise_of(*noisy("adding", 0.0)) is None


@pytest.mark.parametrize(("task", "p"), [("copying", 1.5), ("copying", -0.1), ("adding", float("nan"))])
def test_what_cannot_be_is_refused(task, p):
    with pytest.raises(UserError, match=f"training.label_noise={p} "):
        noise_of(*noisy(task, p))


def small(p: float):
    config, _ = noisy("adding", p, length=8, evaluation_sequences=64)
    config.model.hidden = 4
    config.training.steps = 20
    config.training.log_every = 10
    config.evaluation.every = 10
    config.evaluation.sample_length = 0
    return config


def training_losses(folder):
    return [r["loss"] for r in metrics.read(folder / "metrics.jsonl") if r["kind"] == "train"]


def test_only_the_training_loss_has_it(tmp_path):
    """With a noise of deviation 3 it lies near 9 above the loss of the true answers, on which splits are scored."""
    results = train(small(3.0), RunDirectory(tmp_path), {})
    assert results["validation_mean_squared_error"] < 3
    losses = training_losses(tmp_path)
    assert np.mean(losses) == pytest.approx(9, abs=3)


def test_runs_with_more_and_less_are_one_program(tmp_path):
    """Packed as alone, to 1e-5, and another curve for another noise."""
    entries = [Entry(n, small(p), RunDirectory(tmp_path / n), {}) for n, p in (("little", 0.1), ("much", 0.5))]
    assert train_pack(entries).done == ["little", "much"]
    train(small(0.5), RunDirectory(tmp_path / "alone"), {})
    little, much, alone = (training_losses(tmp_path / name) for name in ("little", "much", "alone"))
    np.testing.assert_allclose(much, alone, rtol=1e-5)
    assert not np.allclose(little, much, rtol=1e-2)


def test_a_noise_of_zero_is_another_program(tmp_path):
    entries = [Entry(n, small(p), RunDirectory(tmp_path / n), {}) for n, p in (("none", 0.0), ("much", 0.5))]
    with pytest.raises(ValueError, match=r"model.dropout and training.label_noise only above zero"):
        train_pack(entries)


def test_every_step_and_every_seed_draws_its_own(started):
    """The same batch at each step, and a network that stands still: what differs in the loss is the noise alone."""
    still = {"optimizer.name": "sgd", "optimizer.learning_rate": 1e-12, "optimizer.momentum": 0.0, "task.carry": "zero"}
    one_chunk = {
        "task.text": "abcdabcdabcdabcdabcdabcdabcd",
        "task.validation_fraction": 0.0,
        "task.test_fraction": 0.0,
    }

    def losses(p, seed):
        fields = still | one_chunk | {"training.label_noise": p, "seed": seed}
        built, state, data = started(**fields)
        assert built.task.splits["train"].batches == 1
        return np.asarray(built.program.chunk(state, data, built.numbers, 4)[1]["loss"])

    assert np.ptp(losses(0.0, 0)) < 1e-6
    noisy = losses(0.5, 0)
    assert np.diff(np.sort(noisy)).min() > 1e-4

    def noise(seed):
        return losses(0.5, seed) - losses(0.0, seed)

    assert np.abs(noise(1) - noise(2)).max() > 1e-4
