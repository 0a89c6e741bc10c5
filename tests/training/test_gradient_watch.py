"""The reach of the gradient, watched while training: right values, at the right steps, and nothing else changes."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rnn_research.analysis.decay import decay, fitted_lags
from rnn_research.analysis.jacobians import jacobians
from rnn_research.analysis.lag_profile import lag_profile
from rnn_research.cells import CELLS
from rnn_research.errors import UserError
from rnn_research.models.recurrent import stack_of
from rnn_research.report.run_page import reach_sentence, write_page
from rnn_research.runs import metrics
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory
from rnn_research.tasks.batches import Labelled, Padded
from rnn_research.training.added.gradient_watch import Measured, measure, record
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.schedule import schedule_of
from rnn_research.training.state import Purpose, purpose_key
from rnn_research.training.train import train
from rnn_research.unroll import trace

CLOCK = ("wall_seconds", "tokens_per_second")
ON = {
    "analysis.gradient_flow": True,
    "analysis.gradient_flow_sequences": 3,
    "task.chunk_length": 20,
    "evaluation.every": 3,
    "model.dropout": 0.2,
}


def records(path, kind=None):
    found = metrics.read(path / "metrics.jsonl")
    return [{k: v for k, v in r.items() if k not in CLOCK} for r in found if kind in (None, r["kind"])]


def state_at(config, path, step):
    built = build(config)
    like = built.program.init(built.numbers)
    checkpoints = Checkpoints(path / "checkpoints", built.model.objective.figure, reading=True)
    try:
        return built, checkpoints.restore(step, like, "")
    finally:
        checkpoints.close()


def growth_of_one_direction(j, burn_in):
    """Its mean log under the Jacobians ``[T, M, M]``, one after the other, by numpy."""
    q = np.random.default_rng(0).normal(size=j.shape[-1])
    growth = []
    for step in j:
        after = step @ q
        growth.append(math.log(np.linalg.norm(after) / np.linalg.norm(q)))
        q = after / np.linalg.norm(after)
    return np.mean(growth[burn_in:])


def test_records_are_what_the_laboratory_finds_at_the_checkpoint(tiny, tmp_path):
    """Two layers of a text's stream, with dropout while training and without it in the measurement."""
    config = tiny(**ON, **{"model.layers": 2, "model.cell": "lstm"})
    train(config, RunDirectory(tmp_path), {})
    watched = records(tmp_path, "gradient_flow")
    assert [r["step"] for r in watched] == [3, 6]
    assert all("wall_seconds" in r for r in metrics.read(tmp_path / "metrics.jsonl"))
    built, state = state_at(config, tmp_path, 6)
    task, shape = built.task, stack_of(config.model)
    batch = task.batch(task.splits["train"].data, purpose_key(state.key, state.step, Purpose.BATCH), state.step)
    fresh = built.model.carry(state.params, 4)
    carry = jax.tree.map(lambda new, old: jnp.where(batch.fresh_B[:, None], new, old)[:3], fresh, state.carry)
    targets_B = np.asarray(batch.targets)[:3, -1]

    @jax.jit
    def laboratory(params, inputs, carry):
        x_TBD = jax.nn.one_hot(inputs, task.interface.inputs)

        def nats(top_BH):
            scores_BV = top_BH @ params.w_HV + params.b_V
            return -jnp.sum(jax.nn.log_softmax(scores_BV)[jnp.arange(3), targets_B])

        log_LTB = lag_profile(shape, params.stack, carry, x_TBD, nats).log_h
        fit = decay(log_LTB, first_lag=4, last_lag=15, draws=1)
        own = decay(jnp.moveaxis(log_LTB, -1, 0)[..., None], first_lag=4, last_lag=15, draws=1)
        j_L = []
        for (cell_params,), (start,) in zip(params.stack.cells, carry, strict=True):
            j_L.append(jacobians(shape.cell, cell_params, start, x_TBD))
            x_TBD = trace(shape.cell, cell_params, start, x_TBD)[1][0].h
        return fit, own.slope, j_L

    fit, own_BL, j_L = laboratory(state.params, batch.inputs.T[:, :3], carry)
    for layer in range(2):
        mine = {k.removesuffix(f"_layer{layer + 1}"): v for k, v in watched[-1].items() if k[-1] == str(layer + 1)}
        assert mine["slope_nats_per_step"] == pytest.approx(float(fit.slope[layer]), rel=1e-4)
        own = ttest_1samp(np.asarray(own_BL)[:, layer], 0).confidence_interval(0.95)
        assert mine["slope_nats_per_step_high95"] == pytest.approx(own.high, rel=1e-3, abs=1e-5)
        assert ("half_life_steps" in mine) == (own.high < 0)
        if own.high < 0:
            assert mine["half_life_steps"] == pytest.approx(float(fit.half_life[layer]), rel=1e-4)
        assert mine["exploding_share"] == pytest.approx(np.mean(np.asarray(own_BL)[:, layer] > 0))
        tops = [growth_of_one_direction(np.asarray(j_L[layer], np.float64)[:, b], 4) for b in range(3)]
        assert mine["top_exponent_nats_per_step"] == pytest.approx(np.mean(tops), abs=1e-4)


def test_resumed_is_uninterrupted_and_the_training_does_not_feel_it(tiny, tmp_path):
    whole, halves, off = (tmp_path / name for name in ("whole", "halves", "off"))
    train(tiny(**ON), RunDirectory(whole), {})
    train(tiny(**ON, **{"training.steps": 3}), RunDirectory(halves), {})
    train(tiny(**ON), RunDirectory(halves), {}, "changed")
    train(tiny(**ON | {"analysis.gradient_flow": False}), RunDirectory(off), {})
    assert records(halves) == records(whole)
    assert len(records(whole, "gradient_flow")) == 2
    assert [r for r in records(whole) if r["kind"] != "gradient_flow"] == records(off)
    ends = [state_at(tiny(**ON), path, 6)[1].params for path in (whole, halves, off)]
    jax.tree.map(np.testing.assert_array_equal, ends[0], ends[1])
    jax.tree.map(np.testing.assert_array_equal, ends[0], ends[2])


@pytest.mark.parametrize("name", CELLS)
def test_every_cell(started, name):
    built, state, data = started(**ON, **{"model.cell": name})
    found = record(built.program.measure(state, data))
    assert {"slope_nats_per_step", "exploding_share", "top_exponent_nats_per_step"} <= found.keys()


def test_in_float32_though_training_computes_in_bfloat16(started):
    found = []
    for dtype in ("float32", "bfloat16"):
        built, state, data = started(**ON, **{"model.cell": "gru", "training.dtype": dtype})
        found.append(record(built.program.measure(state, data)))
    assert found[0] == found[1]


def test_sequences_of_different_lengths_end_together():
    """What lies behind a sequence's end is not read, and its error is that of its own last step."""
    config = defaults("adding")
    config.task.update({"form": "1997", "length": 20, "batch_size": 4, "evaluation_sequences": 4})
    config.model.update({"cell": "elman", "hidden": 5})
    config.evaluation.batch_size = 4
    built = build(config)
    state = built.program.init(built.numbers)
    batch = built.task.batch(built.task.splits["train"].data, jax.random.key(2), jnp.int32(0))
    lengths = np.asarray(batch.x.lengths_B)
    assert len(set(lengths)) > 1
    values = np.asarray(batch.x.values)
    T, moved = values.shape[1], np.zeros_like(values)
    for b, n in enumerate(lengths):
        moved[b, T - n :] = values[b, :n]
    values = np.where((np.arange(T) < lengths[:, None])[..., None], values, np.nan)

    @jax.jit
    def run(params, batch):
        (one,) = built.model.recurrences(params, batch, ()).values()
        return measure(one)

    padded = Labelled(Padded(jnp.asarray(values), batch.x.lengths_B), batch.label_B)
    together = Labelled(Padded(jnp.asarray(moved)), batch.label_B)
    mine, expected = (run(state.params, b) for b in (padded, together))
    for a, b in zip(mine, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert np.all(np.isfinite(mine.log_LTB[0, 10:]))


def line(slope, T=20):
    """A profile that changes by ``slope`` a step of lag, but for the lags that are left out."""
    log_T = slope * np.arange(T)[::-1].astype(float)
    log_T[: T // 5] = 99
    log_T[-(T // 5) :] = -99
    return log_T


def test_a_record_by_hand():
    profiles = np.stack([line(s) for s in (-0.5, -0.2, 0.1)], -1)[None]
    found = record(Measured(jnp.asarray(profiles), jnp.array([[-0.3, -0.1, 0.1]])))
    assert found["slope_nats_per_step"] == pytest.approx(-0.2)
    expected = ttest_1samp([-0.5, -0.2, 0.1], 0).confidence_interval(0.95)
    assert (found["slope_nats_per_step_low95"], found["slope_nats_per_step_high95"]) == pytest.approx(tuple(expected))
    assert "half_life_steps" not in found, "its interval holds zero"
    assert found["exploding_share"] == pytest.approx(1 / 3)
    assert found["top_exponent_nats_per_step"] == pytest.approx(-0.1)


def test_a_half_life_is_told_where_the_interval_lies_below_zero():
    profiles = np.stack([line(s) for s in (-0.25, -0.2, -0.15)], -1)[None]
    found = record(Measured(jnp.asarray(profiles), jnp.zeros((1, 3))))
    assert found["half_life_steps"] == pytest.approx(math.log(2) / 0.2)
    one = record(Measured(jnp.asarray(profiles[..., :1]), jnp.zeros((1, 1))))
    assert one["slope_nats_per_step"] == pytest.approx(-0.25)
    assert not {"half_life_steps", "slope_nats_per_step_low95"} & set(one), "one sequence is no test"


def test_a_profile_that_falls_and_rises_again_has_no_half_life():
    lag = np.arange(100)[::-1]
    bent_T = np.where(lag < 60, -0.2 * lag, -12 + 0.1 * (lag - 60))
    profiles = np.stack([s * bent_T for s in (1.0, 1.1, 0.9)], -1)[None]
    found = record(Measured(jnp.asarray(profiles), jnp.zeros((1, 3))))
    assert found["slope_nats_per_step_high95"] < 0
    assert "half_life_steps" not in found
    assert found["turn_nats"] == pytest.approx(0.1 * 17, abs=0.3)
    text = reach_sentence([{"step": 2, "kind": "gradient_flow"} | found])
    assert "falls and rises again by 1.5 nats backwards in time, so that no one rate is that of all lags (" in text
    assert "halves every" not in text


def test_what_is_not_finite_is_left_out():
    """JSON knows no infinity: a gradient that grows has no half-life, one that is zero has no slope."""
    growing = np.stack([line(0.1)] * 2, -1)
    dead = np.full((20, 2), -np.inf)
    found = record(Measured(jnp.asarray(np.stack([growing, dead])), jnp.array([[0.1, 0.1], [-jnp.inf, 0.0]])))
    names = {"slope_nats_per_step_layer1", "exploding_share_layer1", "top_exponent_nats_per_step_layer1"}
    names |= {"slope_nats_per_step_low95_layer1", "slope_nats_per_step_high95_layer1"}
    assert found.keys() == names | {"exploding_share_layer2"}
    assert found["exploding_share_layer1"] == 1
    assert found["slope_nats_per_step_low95_layer1"] > 0
    assert found["exploding_share_layer2"] == 0
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("T", [2, 3, 4, 5, 6, 100, 200])
def test_lags_that_are_fitted(T):
    first, last = fitted_lags(T)
    assert 0 <= first < last < T
    assert (first, T - 1 - last) == (T // 5, T // 5)


def test_by_default_it_is_off_and_then_at_every_evaluation(tiny):
    config = tiny(**{"training.steps": 1000, "evaluation.every": 250})
    assert not any(schedule_of(config, 10).measures(step) for step in range(1, 1001))
    config.analysis.gradient_flow = True
    at = [step for step in range(1, 1001) if schedule_of(config, 10).measures(step)]
    assert at == [250, 500, 750, 1000]
    config.analysis.gradient_flow_every = 7
    schedule = schedule_of(config, 10)
    assert [step for step in range(1, 30) if schedule.measures(step)] == [7, 14, 21, 28]
    assert schedule.next(3) == 6, "log_every is 3"
    assert schedule.next(6) == 7, "the host is there when it is due"


def test_sequences_of_one_step_are_refused(tiny):
    with pytest.raises(UserError, match=r"analysis.gradient_flow=True needs two time steps"):
        build(tiny(**ON | {"task.chunk_length": 1}))


def test_page_has_the_figure_and_what_it_shows(tiny, tmp_path):
    on = tmp_path / "on"
    train(tiny(**ON), RunDirectory(on), {})
    write_page(RunDirectory(on))
    page = (on / "report.html").read_text()
    last = records(on, "gradient_flow")[-1]
    assert (on / "figures" / "gradient_reach.png").stat().st_size > 10_000
    told = "half_life_steps" in last
    expected = f"halves every {last['half_life_steps']:.3g} steps back" if told else "is not told apart from one that"
    assert expected in page
    assert f"the top Lyapunov exponent is {last['top_exponent_nats_per_step']:+.3g} nats per step" in page
    train(tiny(), RunDirectory(tmp_path / "off"), {})
    write_page(RunDirectory(tmp_path / "off"))
    assert "halves every" not in (tmp_path / "off" / "report.html").read_text()


def test_the_sentence_of_gradients_that_grow_or_die():
    first = {"step": 1, "kind": "gradient_flow", "slope_nats_per_step": -0.5, "half_life_steps": 1.386}
    first |= {"exploding_share": 0.0, "top_exponent_nats_per_step": -0.4}
    grows = {"step": 2, "kind": "gradient_flow", "slope_nats_per_step": 0.25, "exploding_share": 1.0}
    grows |= {"slope_nats_per_step_low95": 0.125, "slope_nats_per_step_high95": 0.5}
    assert reach_sentence([first, grows]) == (
        "At step 2 the gradient of the last step's error grows backwards in time (+0.25 nats per step, 95 % over "
        "sequences +0.125 to +0.5) (at step 1: -0.5 nats per step), and 100 % of the sequences explode."
    )
    neither = grows | {"slope_nats_per_step_low95": -0.1}
    assert "is not told apart from one that does not decay backwards in time (" in reach_sentence([neither])
    assert "halves every 1.39 steps back (" in reach_sentence(
        [first | {"slope_nats_per_step_low95": -0.7, "slope_nats_per_step_high95": -0.3}]
    )
    assert "without an interval to tell it from no decay" in reach_sentence([first]), "a record of an older version"
    dead = {"step": 2, "kind": "gradient_flow", "exploding_share": 0.0}
    assert "is exactly zero before it has reached far" in reach_sentence([dead])


def test_a_fresh_batch_is_measured_from_the_initial_carry(started):
    """At the start of a pass: whatever the carry of the pass before holds is not measured."""
    built, state, data = started(**ON)
    clean = built.program.measure(state, data)
    after = built.program.measure(state.replace(carry=jax.tree.map(lambda c: c + 3.0, state.carry)), data)
    jax.tree.map(np.testing.assert_array_equal, after, clean)
    later = state.replace(step=jnp.array(1), carry=jax.tree.map(lambda c: c + 3.0, state.carry))
    assert not np.allclose(
        built.program.measure(later, data).log_LTB,
        built.program.measure(state.replace(step=jnp.array(1)), data).log_LTB,
    )
