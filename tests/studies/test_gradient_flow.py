"""The anatomy on tiny networks: what it reports agrees with what is measured directly, and its page is whole."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_studies import made, page_of, tiny

from rnn_research.analysis.lyapunov import Lyapunov
from rnn_research.config.flat import changed
from rnn_research.errors import UserError
from rnn_research.studies import STUDIES, check
from rnn_research.studies.anatomy import measured
from rnn_research.studies.learning import initial_params
from rnn_research.studies.measure import largest_first
from rnn_research.studies.measuring import sequences_of
from rnn_research.studies.networks import NETWORKS, one_program


@pytest.fixture(scope="module")
def anatomy(tmp_path_factory):
    config = tiny("anatomy", **{"analysis.networks": ("elman", "lstm_forget_bias_1")})
    said = []
    return config, made(config, tmp_path_factory.mktemp("anatomy"), said.append), said


def test_the_slope_is_the_top_exponent(anatomy):
    found = anatomy[1]["networks"]["elman"]["initial"]
    assert np.allclose(found["slope_by_seed"], found["top_exponent_by_seed"], rtol=0.05)


def test_the_slope_is_that_of_gradients_taken_directly():
    config = tiny("anatomy", **{"training.steps": 0, "analysis.seeds": 1})
    found = measured(config, ("elman",), None)["elman"]
    params_M = initial_params(changed(config, NETWORKS["elman"]), [{"seed": 0}])
    w_x, w_h, b = (np.asarray(p[0, 0], np.float64) for p in params_M.stack.cells[0][0])
    batch = sequences_of(config).batch(None, jax.random.key(0), jnp.int32(0))
    x_TBD = np.swapaxes(np.asarray(batch.x.values, np.float64), 0, 1)
    T, B, _ = x_TBD.shape
    h, states = np.zeros((B, 6)), []
    for t in range(T):
        h = np.tanh(h @ w_h + x_TBD[t] @ w_x + b)
        states.append(h)
    w, answer = np.asarray(params_M.w_HK[0], np.float64), np.asarray(batch.label_B, np.float64)
    gradient = 2 * (h @ w - answer) @ w.T  # of the squared error at the last step
    logs = []
    for t in reversed(range(T)):
        logs.append(np.median(np.log(np.linalg.norm(gradient, axis=1))))
        gradient = (gradient * (1 - states[t] ** 2)) @ w_h.T
    lags = np.arange(40, 160)
    slope = np.polyfit(lags, np.array(logs)[lags], 1)[0]
    assert found["slope_nats_per_step"] == pytest.approx(slope, rel=1e-3)
    chosen = np.linspace(T // 5, T - 1, 8).astype(int)  # of the first sequence
    norms = [np.linalg.norm(w_h * (1 - states[t][0] ** 2), 2) for t in chosen]
    assert found["jacobian_spectral_norm"] == pytest.approx(np.median(norms), rel=1e-4)


def test_exponents_come_the_largest_first_and_the_top_one_is_the_first(anatomy):
    for moments in anatomy[1]["networks"].values():
        for found in moments.values():
            assert found["exponents"] == sorted(found["exponents"], reverse=True)
            assert found["exponents"][0] == pytest.approx(found["top_exponent_nats_per_step"])


def test_spectra_are_ordered_by_their_means_over_sequences():
    exponents_BR = np.array([[1.0, 3.0, 2.0], [2.0, 1.0, 2.5]])
    ordered = largest_first(Lyapunov(*(jnp.asarray(a) for a in (exponents_BR, exponents_BR[None], exponents_BR[None]))))
    expected = exponents_BR[:, [2, 1, 0]]
    np.testing.assert_array_equal(ordered.exponents, expected)
    np.testing.assert_array_equal(ordered.running[0], expected)
    np.testing.assert_array_equal(ordered.local[0], expected)


def test_the_parts_of_one_network(anatomy):
    networks = anatomy[1]["networks"]
    lstm, elman = networks["lstm_forget_bias_1"]["initial"], networks["elman"]["initial"]
    assert lstm["log_highway"][-1] == pytest.approx(lstm["log_whole"][-1], abs=1e-5)
    assert max(elman["slope_by_seed"]) <= elman["bound_nats_per_step"] + 1e-6
    assert "log_highway" not in elman
    assert "gates" not in elman
    assert sum(lstm["gates"][0]["f"]["histogram"]) == pytest.approx(1)
    assert sum(elman["bptt_norm_share"]) == pytest.approx(1, abs=0.2)  # medians over seeds of shares that sum to 1
    assert elman["log_dh_dh0"][0] <= elman["bound_nats_per_step"] + np.log(6) / 2 + 0.3


def test_networks_that_differ_in_numbers_are_one_program():
    names = ("lstm_forget_bias_0", "elman", "lstm_forget_bias_2", "irnn")
    assert one_program(names) == [("lstm_forget_bias_0", "lstm_forget_bias_2"), ("elman",), ("irnn",)]


def test_a_group_measures_each_network_as_it_would_be_alone():
    config = tiny("anatomy", **{"training.steps": 0})
    names = ("lstm_forget_bias_0", "lstm_forget_bias_2")
    together = measured(config, names, None)
    last = names[-1]  # the first would be found by a group that gave all of them the same numbers
    alone = measured(config, (last,), None)[last]
    assert together[last]["slope_by_seed"] == pytest.approx(alone["slope_by_seed"], rel=1e-4)
    assert together[last]["predicted_half_life_steps"] == alone["predicted_half_life_steps"]
    assert together[names[0]]["slope_by_seed"] != pytest.approx(alone["slope_by_seed"], rel=1e-2)


def test_memory_needs_a_state_that_every_network_has():
    with pytest.raises(UserError, match=r"analysis\.state=c: the cell gru carries no c"):
        check(tiny("anatomy", **{"analysis.state": "c", "analysis.networks": ("gru",)}))


def test_the_gradient_of_c_is_followed_where_there_is_one():
    fields = {"analysis.state": "c", "analysis.networks": ("lstm_forget_bias_2",), "training.steps": 0}
    found = made(tiny("anatomy", **fields))["networks"]["lstm_forget_bias_2"]
    assert found["initial"]["profile"][-1] is None  # the last c is read by its own h alone
    assert found["initial"]["profile"][-2] == 0
    assert found["initial"]["slope_by_seed"] == pytest.approx(found["initial"]["top_exponent_by_seed"], abs=0.02)


def test_sequences_that_do_not_fit_are_refused_in_one_line():
    config = tiny("anatomy", **{"analysis.length": 10**6, "analysis.sequences": 10**5, "analysis.networks": ("elman",)})
    with pytest.raises(UserError, match=r"analysis\.length=1000000 .* needs [\d,]+ GB or more of"):
        STUDIES["anatomy"].begin(config, lambda line: None, lambda name, make: make())


def test_a_part_that_is_kept_is_not_made_again(tmp_path):
    config = tiny("anatomy", **{"analysis.networks": ("elman",)})
    kept = {"elman": {"initial": {}, "trained": {}}}
    found = made(config, tmp_path, keep=lambda name, make: kept)
    assert found["networks"] == kept


def test_the_page_is_whole_and_its_results_are_json(anatomy, tmp_path):
    config, results, said = anatomy
    page = page_of(config, results, tmp_path)
    assert page.count("<figure>") == 7
    assert "top Lyapunov exponent" in page
    assert said
