"""A member of a population is the run it would have been alone."""

import jax
import numpy as np
import pytest

from rnn_research.studies.learning import changed, initial_params, train_members
from rnn_research.training.defaults import defaults
from rnn_research.training.train import build


@pytest.fixture(scope="module")
def base():
    config = defaults("adding")
    config.task.length = 6
    config.task.batch_size = 4
    config.task.evaluation_sequences = 8
    config.model.hidden = 3
    config.training.steps = 6
    config.evaluation.every = 3
    config.evaluation.batch_size = 4
    return config


@pytest.fixture(scope="module")
def simple(base):
    """The cell that is compiled soonest."""
    return changed(base, {"model.cell": "elman"})


MEMBERS = [
    {"seed": 0},
    {"seed": 1, "optimizer.learning_rate": 3e-2},
    {"seed": 1, "model.init.forget_bias": -1.0, "optimizer.clip.limit": 1e-3},
]


def test_members_are_single_runs(base):
    outcomes, params_M, _ = train_members(base, MEMBERS, solved=0.0)
    for m, overrides in enumerate(MEMBERS):
        config = changed(base, overrides)
        built = build(config)
        state = built.program.init(built.numbers)
        state, metrics = built.program.chunk(state, built.task.splits["train"].data, built.numbers, 6)
        mine = jax.tree.leaves(jax.tree.map(lambda x, m=m: np.asarray(x[m]), params_M))
        for ours, alone in zip(mine, jax.tree.leaves(state.params), strict=True):
            np.testing.assert_allclose(ours, alone, rtol=1e-5, atol=1e-6)
        assert max(outcomes[m].grad_norm) == pytest.approx(float(metrics["grad_norm"].max()), rel=1e-5)
    assert outcomes[2].grad_norm_clipped[0] <= 1e-3 * 1.001


def test_success_is_the_first_evaluation_below(simple):
    outcomes, _, _ = train_members(simple, MEMBERS[:2], solved=1e9)
    assert [o.success_step for o in outcomes] == [3, 3]
    assert [len(o.curve) for o in outcomes] == [1, 1]  # all solved: the rest is not trained
    outcomes, _, _ = train_members(simple, MEMBERS[:2], solved=0.0)
    assert [o.success_step for o in outcomes] == [None, None]


def test_a_member_that_is_not_finite_leaves_its_neighbours_alone(simple):
    bad = {"seed": 0, "optimizer.learning_rate": 1e30, "optimizer.clip.limit": 1e30}
    outcomes, _, _ = train_members(simple, [{"seed": 0}, bad], solved=0.0)
    alone, _, _ = train_members(simple, [{"seed": 0}], solved=0.0)
    assert outcomes[0].finite
    assert not outcomes[1].finite
    assert outcomes[0].final == pytest.approx(alone[0].final, rel=1e-5)


def test_members_may_not_differ_in_shape(base):
    with pytest.raises(ValueError, match="alone"):
        train_members(base, [{"model.hidden": 4}], solved=0.0)


def test_initial_parameters_are_those_that_training_begins_with(base):
    params_M = initial_params(base, MEMBERS)
    config = changed(base, MEMBERS[2])
    built = build(config)
    alone = built.program.init(built.numbers).params
    for ours, single in zip(jax.tree.leaves(params_M), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(np.asarray(ours[2]), single, rtol=1e-6, atol=1e-7)
