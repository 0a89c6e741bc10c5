"""A task and a model of somebody's own: batches of a type that the package has never seen, and a loss of two terms.

Short clips, with a label for every frame (is this frame brighter than the one before?) and one for the clip (was there
any such frame but the first?). Clips differ in length, so that the denominators of the two terms differ, too.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.models import MODELS, ModelKind
from rnn_research.models.answers import nats_of
from rnn_research.models.model import NONE, Model, Objective, Scored
from rnn_research.models.recurrent import output_start_of, stack_of, start_of
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks import TASKS, TaskKind
from rnn_research.tasks.interface import Interface, classes
from rnn_research.tasks.synthetic.generated import fields, generated
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.train import train
from rnn_research.unroll import stack, unroll_stack

T = 6


class Clips(NamedTuple):
    """``x_BTD`` frames, ``frames_BT`` a class for each, -1 behind the end, ``clip_B`` one for all."""

    x_BTD: jax.Array
    frames_BT: jax.Array
    clip_B: jax.Array

    @property
    def answers(self):
        return self.frames_BT

    def with_answers(self, answers):
        return self._replace(frames_BT=answers)

    def last_answer(self):
        return self.frames_BT[:, -1]


def clips(config, evaluation):
    def generate(key, B):
        k_x, k_length = jax.random.split(key)
        x_BT = jax.random.uniform(k_x, (B, T))
        length_B = jax.random.randint(k_length, (B,), 2, T + 1)
        brighter_BT = (x_BT > jnp.roll(x_BT, 1, axis=1)).astype(jnp.int32).at[:, 0].set(0)
        shown_BT = jnp.arange(T) < length_B[:, None]
        any_B = jnp.any(shown_BT & (brighter_BT == 1), axis=1).astype(jnp.int32)
        return Clips(x_BT[..., None], jnp.where(shown_BT, brighter_BT, -1), any_B)

    interface = Interface(Clips, 1, classes(2))
    return generated("clips", config, evaluation, interface=interface, generate=generate, facts={})


class Params(NamedTuple):
    stack: object
    w_frame: jax.Array
    w_clip: jax.Array


def two_answers(config, interface, dtype=jnp.float32) -> Model:
    shape = stack_of(config)

    def init(key, starts):
        k_stack, k_frame, k_clip = jax.random.split(key, 3)
        weight, _ = output_start_of(starts)
        size = (config.hidden, interface.answer.size)
        return Params(
            stack.init(shape, k_stack, 1, start_of(starts), dtype),
            weight(k_frame, size, dtype),
            weight(k_clip, size, dtype),
        )

    def predict(params, batch, carry, *, key=None, numbers=NONE, edits=NONE):
        x_TBD = jnp.swapaxes(batch.x_BTD, 0, 1)
        carry = stack.initial_carry(shape, params.stack, (x_TBD.shape[1],), dtype)
        _, h_TBH = unroll_stack(shape, params.stack, carry, x_TBD, edit=edits.get("frames"))
        shown_TB1 = (batch.frames_BT.T >= 0)[..., None]
        mean_BH = jnp.sum(h_TBH * shown_TB1, axis=0) / jnp.maximum(1, jnp.sum(shown_TB1, axis=0))
        return (jnp.swapaxes(h_TBH @ params.w_frame, 0, 1), mean_BH @ params.w_clip), ()

    def counts(batch):
        return {"frames": jnp.sum(batch.frames_BT >= 0, axis=1), "clip": jnp.sum(batch.frames_BT >= 0, axis=1) > 0}

    def loss(params, batch, carry, *, key=None, numbers=NONE, edits=NONE):
        (frames_BTK, clip_BK), _ = predict(params, batch, carry)
        nats_BT, _, right_BT = nats_of(frames_BTK, batch.frames_BT)
        nats_B, _, _ = nats_of(clip_BK, batch.clip_B)
        n = counts(batch)
        nats_B = jnp.where(n["clip"], nats_B, 0)
        sums = {
            "frames": (nats_BT.sum(axis=1), n["frames"]),
            "clip": (nats_B, n["clip"]),
            "right": (right_BT.sum(axis=1), n["frames"]),
        }
        return Scored({"frames": nats_BT.sum(axis=1), "clip": nats_B}, (), sums)

    def figures(totals, facts):
        return {f"nats_per_{name}": a / max(1, n) for name, (a, n) in totals.items() if name != "right"} | {
            "accuracy": totals["right"][0] / max(1, totals["right"][1])
        }

    return Model(
        stacks=(("frames", shape),),
        init=init,
        carry=lambda params, B: (),
        counts=counts,
        loss=loss,
        recurrences=lambda params, batch, carry: {},
        predict=predict,
        figures=figures,
        objective=Objective("nats_per_frames", "frames"),
    )


@pytest.fixture
def config(monkeypatch):
    """Two lines: one in each registry."""
    monkeypatch.setitem(TASKS, "clips", TaskKind(clips, fields(), Clips))
    monkeypatch.setitem(MODELS, "two_answers", ModelKind(two_answers, (Clips,)))
    config = defaults("clips")
    assert config.model.name == "two_answers", "the one model that reads such batches"
    config.task.update({"length": T, "batch_size": 8, "evaluation_sequences": 20})
    config.model.update({"hidden": 8, "cell": "gru"})
    config.training.update({"steps": 60, "log_every": 20})
    config.evaluation.update({"every": 20, "batch_size": 8, "sample_length": 0})
    config.optimizer.learning_rate = 0.02
    return config


def test_it_is_trained_scored_and_resumed_like_any_other(config, tmp_path):
    results = train(config, RunDirectory(tmp_path), {})
    assert results["objective"] == "nats_per_frames"
    assert results["test_accuracy"] > 0.8
    assert results["test_nats_per_frames_low95"] < results["test_nats_per_frames"] < 0.5
    assert results["validation_nats_per_clip"] > 0
    records = (tmp_path / "metrics.jsonl").read_text()
    assert '"frames"' in records, "the terms are logged by name"
    assert '"clip"' in records


def test_parts_of_a_batch_give_the_gradient_of_the_whole(config):
    """Each term is divided by its own count over the whole batch: clips are of unequal length."""
    ends = []
    for parts in (1, 4):
        config.training.accumulate = parts
        config.optimizer.update({"name": "sgd", "momentum": 0.0})
        built = build(config)
        state, data = built.program.init(built.numbers), built.task.splits["train"].data
        state, metrics = built.program.chunk(state, data, built.numbers, 3)
        ends.append((state.params, metrics["loss"], metrics["frames"], metrics["clip"]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), *ends)
    np.testing.assert_allclose(ends[0][1], ends[0][2] + ends[0][3], rtol=1e-5)
