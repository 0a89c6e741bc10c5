"""The studies on tiny networks: what they report agrees with what is measured directly, and their page is whole."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.gradient_flow import get_config
from rnn_research.errors import UserError
from rnn_research.report.study_page import write_page
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.studies import STUDIES
from rnn_research.studies.anatomy import measure
from rnn_research.studies.learning import changed, initial_params
from rnn_research.studies.networks import NETWORKS


def tiny(study, **fields):
    config = get_config(study)
    small = {"model.hidden": 6, "analysis.seeds": 2, "training.steps": 2, "evaluation.every": 1, "task.batch_size": 4}
    small |= {"task.length": 5, "task.evaluation_sequences": 8, "evaluation.batch_size": 4}
    if study == "anatomy":
        small |= {"analysis.length": 120, "analysis.sequences": 4, "analysis.first_lag": 20, "analysis.last_lag": 100}
    return changed(config, small | fields)


@pytest.fixture(scope="module")
def anatomy():
    config = tiny("anatomy", **{"analysis.networks": ("elman", "lstm_forget_bias_1")})
    said = []
    return config, STUDIES["anatomy"](config, said.append), said


def test_the_slope_is_the_top_exponent(anatomy):
    found = anatomy[1]["networks"]["elman"]["initial"]
    assert np.allclose(found["slope_by_seed"], found["top_exponent_by_seed"], rtol=0.05)


def test_the_slope_is_that_of_gradients_taken_directly():
    config = changed(tiny("anatomy"), NETWORKS["elman"])
    params_M = initial_params(config, [{"seed": 0}])
    found = measure(config, params_M)
    w_x, w_h, b = (np.asarray(p[0, 0], np.float64) for p in params_M.stack.cells[0][0])
    from rnn_research.studies.anatomy import sequences_of

    task = sequences_of(config)
    batch = task.batch(None, jax.random.key(0), jnp.int32(0))
    x_TBD = np.asarray(batch.inputs, np.float64)
    T, B, _ = x_TBD.shape
    h, states = np.zeros((B, 6)), []
    for t in range(T):
        h = np.tanh(h @ w_h + x_TBD[t] @ w_x + b)
        states.append(h)
    w, answer = np.asarray(params_M.w_HV[0], np.float64), np.asarray(batch.targets[-1], np.float64)
    gradient = 2 * (h @ w - answer) @ w.T  # of the squared error at the last step
    logs = []
    for t in reversed(range(T)):
        logs.append(np.median(np.log(np.linalg.norm(gradient, axis=1))))
        gradient = (gradient * (1 - states[t] ** 2)) @ w_h.T
    lags = np.arange(20, 101)
    slope = np.polyfit(lags, np.array(logs)[lags], 1)[0]
    assert found["slope_nats_per_step"] == pytest.approx(slope, rel=1e-3)


def test_the_highway_begins_whole_and_the_bound_holds(anatomy):
    networks = anatomy[1]["networks"]
    lstm, elman = networks["lstm_forget_bias_1"]["initial"], networks["elman"]["initial"]
    assert lstm["log_highway"][-1] == pytest.approx(lstm["log_whole"][-1], abs=1e-5)
    assert max(elman["slope_by_seed"]) <= elman["bound_nats_per_step"] + 1e-6
    assert "log_highway" not in elman


def test_memory_reports_every_network_and_length():
    config = tiny(
        "memory", **{"analysis.networks": ("elman", "gru"), "analysis.lengths": (4, 6), "analysis.solved": 9.0}
    )
    points = STUDIES["memory"](config, lambda line: None)["points"]
    assert [(p["network"], p["length"]) for p in points] == [("elman", 4), ("elman", 6), ("gru", 4), ("gru", 6)]
    assert all(p["solved"] == p["seeds"] == 2 and p["steps_to_success_median"] == 1 for p in points)
    assert points[0]["success_rate_low95"] == pytest.approx(0.342, abs=1e-3)  # Wilson's interval for 2 of 2


def test_an_unknown_network_is_refused():
    with pytest.raises(UserError, match="'lstm_forget_bias_1'"):
        STUDIES["memory"](tiny("memory", **{"analysis.networks": ("lstm_forget_bias1",)}), lambda line: None)


def test_the_page_is_whole_and_its_results_are_json(anatomy, tmp_path):
    config, results, said = anatomy
    directory = RunDirectory(tmp_path)
    write_json(directory.config, config.to_dict())
    write_json(directory.provenance, {"command": "a <command>"})
    write_json(directory.results, results)
    json.loads(directory.results.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    write_page(directory)
    page = directory.report.read_text()
    assert page.count("<figure>") == 3
    assert "a &lt;command&gt;" in page
    assert not re.search(r"(src|href)=['\"]http", page)
    assert "top Lyapunov exponent" in page
    assert said
