"""Studies that turn one number of a network at rest: gain and forget bias, against what theory says."""

import jax
import numpy as np
import pytest
from small_studies import made, page_of, tiny

from rnn_research.studies.radius import edge

SMALL = {"analysis.length": 60, "analysis.sequences": 2, "model.hidden": 20}


@pytest.fixture(scope="module", autouse=True)
def float32_afterwards():
    """The radius study computes in float64, for all of its process."""
    before = jax.config.read("jax_enable_x64")
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")
def radius():
    config = tiny("radius", **SMALL, **{"analysis.gains": (0.5, 1.0, 3.0), "analysis.lags": (20, 45)})
    return config, made(config)


def test_scalar_and_linear_networks_are_exact(radius):
    closed = radius[1]["closed_form"]
    assert closed["scalar_largest_error_nats"] < 1e-6
    assert closed["linear_largest_error_nats"] < 1e-6
    assert closed["linear_largest_nats"] > 1


def test_the_gain_sets_the_matrix_and_no_slope_is_above_its_bound(radius):
    for name, curve in radius[1]["curves"].items():
        assert curve["slopes_above_bound"] == 0
        for point in curve["points"]:
            if name.endswith("orthogonal"):  # all singular values are the gain
                assert point["bound_nats_per_step"] == pytest.approx(np.log(point["gain"]), abs=1e-6)
                assert point["log_spectral_radius"] == pytest.approx(np.log(point["gain"]), abs=1e-6)
            assert point["slope_nats_per_step"] == pytest.approx(point["top_exponent_nats_per_step"], abs=0.1)
            assert point["slope_by_lag"][-1] == pytest.approx(point["slope_nats_per_step"])


def test_the_edge_lies_where_the_line_crosses_zero():
    assert edge([1.0, 2.0, 4.0], np.array([-3.0, -1.0, 1.0])) == pytest.approx(3.0)
    assert edge([1.0, 2.0], np.array([-3.0, -1.0])) is None


def test_the_forget_gates_follow_the_prediction_where_nothing_else_speaks():
    fields = {"analysis.biases": (0.0, 2.0), "analysis.scales": (0.1,), "model.init.input_scale": 0.01}
    config = tiny("forget_bias", **SMALL, **fields)
    points = made(config)["points"]
    for point, predicted in zip(points, (1.0, 5.461), strict=True):
        assert point["predicted_half_life_steps"] == pytest.approx(predicted, abs=1e-3)
        assert point["highway_half_life_steps"] == pytest.approx(predicted, rel=0.02)
        assert point["half_life_steps"] > point["highway_half_life_steps"]


def test_their_pages(radius, tmp_path):
    assert page_of(*radius, tmp_path / "radius").count("<figure>") == 2
    config = tiny("forget_bias", **SMALL, **{"analysis.biases": (0.0, 6.0), "analysis.scales": (0.1, 1.0)})
    page = page_of(config, made(config), tmp_path / "bias")
    assert "The half-life of the forget gates alone: " in page
