"""The runs of a study: what became of each, and where one ends that has learned its task."""

import json

import jax
import numpy as np
import pytest
from small_studies import train

from rnn_research.config.flat import changed
from rnn_research.runs.directory import RunDirectory
from rnn_research.studies.learning import initial_params, outcome_of
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults


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


ERROR = "mean_squared_error"
MEMBERS = [
    {"seed": 0},
    {"seed": 1, "optimizer.learning_rate": 3e-2},
    {"seed": 1, "model.init.forget_bias": -1.0, "optimizer.clip.limit": 1e-3},
]


def test_what_became_of_a_run_is_read_from_its_files(tmp_path):
    run = RunDirectory(tmp_path)
    run.create()
    norms = [(10, 1.0, 0.5), (20, 3.0, 0.5), (30, 2.0, 0.25), (40, 0.5, 0.125)]
    records = [{"step": s, "kind": "train", "grad_norm_max": n, "grad_norm_clipped_max": c} for s, n, c in norms]
    for step, error in ((20, 0.5), (40, 0.1)):
        records.append({"step": step, "kind": "validation", "accuracy": 1 - error, "error": error})
    records.sort(key=lambda record: record["step"])
    run.metrics.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = outcome_of(run, "error", solved=0.2)
    assert found.curve == [(20, 0.5), (40, 0.1)]
    assert (found.success_step, found.best, found.final) == (40, 0.1, 0.1)
    assert found.grad_norm == [3.0, 2.0]  # the largest between evaluations
    assert found.grad_norm_clipped == [0.5, 0.25]
    assert found.finite
    assert outcome_of(run, "error", solved=0.1).success_step is None
    (run.path / "FAILED").write_text("step 41: the loss is nan")
    assert not outcome_of(run, "error").finite
    assert not outcome_of(run, "error").results


def test_a_run_ends_where_it_has_learned(simple, tmp_path):
    """The first evaluation below; its neighbours in the pack go on."""
    own = {"below": {"training.stop_below": 1e9}, "never": {"training.stop_below": 1e-9}}
    points = {name: {f"{name},seed=0": {"seed": 0, **fields}} for name, fields in own.items()}
    train(study_of(simple), tmp_path, points)
    below, never = (outcome_of(RunDirectory(tmp_path / "runs" / f"{name},seed=0"), ERROR) for name in own)
    assert [step for step, _ in below.curve] == [3]
    assert [step for step, _ in never.curve] == [3, 6]
    assert below.curve[0] == pytest.approx(never.curve[0], rel=1e-5)


def test_a_run_that_is_not_finite_leaves_its_neighbours_alone(simple, tmp_path):
    bad = {"seed": 0, "optimizer.learning_rate": 1e30, "optimizer.clip.limit": 1e30}
    train(study_of(simple), tmp_path / "both", {"part": {"good": {"seed": 0}, "bad": bad}})
    train(study_of(simple), tmp_path / "alone", {"part": {"good": {"seed": 0}}})
    runs = [RunDirectory(tmp_path / name) for name in ("both/runs/good", "both/runs/bad", "alone/runs/good")]
    good, burst, alone = (outcome_of(run, ERROR) for run in runs)
    assert good.finite
    assert not burst.finite
    assert good.final == pytest.approx(alone.final, rel=1e-5)


def test_members_that_are_not_trained_may_not_differ_in_shape(base):
    with pytest.raises(ValueError, match="alone"):
        initial_params(base, [{"model.hidden": 4}])


def study_of(base):
    """The config of a study whose runs change ``base``."""
    config = changed(base, {})
    with config.unlocked():
        config.analysis.study = "clipping"
    return config


def test_initial_parameters_are_those_that_training_begins_with(base):
    params_M = initial_params(base, MEMBERS)
    config = changed(base, MEMBERS[2])
    built = build(config)
    alone = built.program.init(built.numbers).params
    for ours, single in zip(jax.tree.leaves(params_M), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(np.asarray(ours[2]), single, rtol=1e-6, atol=1e-7)
