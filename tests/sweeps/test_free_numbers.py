"""A number that members may differ in is an argument of the program, nowhere a constant in it."""

import re

import jax
import jax.numpy as jnp
import pytest

from rnn_research.config.flat import changed
from rnn_research.training.build import build
from rnn_research.training.numbers import FREE
from rnn_research.training.optimizer import CLIPPING, OPTIMIZERS, SCHEDULES

OTHER = {
    "seed": 7,
    "model.dropout": 0.31,
    "model.init.input_scale": 0.3,
    "model.init.recurrent_scale": 0.4,
    "model.init.output_scale": 0.6,
    "model.init.bias_half_width": 0.7,
    "model.init.forget_bias": 0.8,
    "model.init.ring_least": 0.21,
    "model.init.ring_most": 0.87,
    "model.init.ring_phase": 1.2,
    "optimizer.learning_rate": 0.123,
    "optimizer.momentum": 0.456,
    "optimizer.decay": 0.789,
    "optimizer.epsilon": 0.0123,
    "optimizer.weight_decay": 0.0456,
    "optimizer.clip.limit": 0.0789,
    "training.label_noise": 0.0654,
    "training.regularizer.weight": 0.0321,
}
KINDS = list(zip(OPTIMIZERS, [*CLIPPING] * 2, [*SCHEDULES] * 2))


def program_text(config) -> str:
    """The first state and the step as JAX sees them, before they are compiled, without addresses in memory."""
    built = build(config, batch_over=1)
    numbers = jax.tree.map(jnp.asarray, built.numbers)
    first = jax.make_jaxpr(built.program.init)(numbers)
    state = jax.eval_shape(built.program.init, numbers)
    step = jax.make_jaxpr(built.program.step)(state, built.task.splits["train"].data, numbers)
    return re.sub(r"0x[0-9a-f]+", "", f"{first}{step}")


@pytest.mark.parametrize(("optimizer", "clip", "schedule"), KINDS)
def test_the_program_does_not_know_them(small, optimizer, clip, schedule):
    assert set(OTHER) == set(FREE)
    kinds = {"optimizer.name": optimizer, "optimizer.clip.name": clip, "optimizer.schedule.name": schedule}
    more = {"model.dropout": 0.1, "training.label_noise": 0.2, "training.regularizer.name": "flossing"}
    base = changed(small, {**kinds, **more, "model.layers": 2})
    assert program_text(changed(base, OTHER)) == program_text(base)


def test_this_test_sees_a_constant(small):
    assert program_text(changed(small, {"optimizer.schedule.factor": 0.5})) == program_text(small)
    decaying = changed(small, {"optimizer.schedule.name": "exponential"})
    assert program_text(changed(decaying, {"optimizer.schedule.factor": 0.5})) != program_text(decaying)
