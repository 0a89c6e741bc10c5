"""Gate statistics against numpy, by hand where the numbers are few."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.gates import gate_statistics
from rnn_research.analysis.layers import trace_layers
from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.elman import ElmanGates
from rnn_research.cells.gru import GRUGates
from rnn_research.cells.initializers import normal
from rnn_research.errors import UserError
from rnn_research.unroll import unroll_stack
from tests.analysis.build import layers


def test_by_hand():
    z_TH = jnp.float32([[0.05, 0.95], [0.05, 0.5], [0.5, 0.95], [0.05, 0.95]])
    mine = gate_statistics(GRUGates(r=1 - z_TH, z=z_TH, n=z_TH), bins=4, quantiles=(0.0, 0.5, 1.0))
    assert list(mine) == ["r", "z"], "n is no gate"
    np.testing.assert_allclose(mine["z"].left_H, [0.75, 0])
    np.testing.assert_allclose(mine["z"].right_H, [0, 0.75])
    assert float(mine["z"].left) == float(mine["z"].right) == 0.375
    np.testing.assert_allclose(mine["z"].histogram, [3 / 8, 0, 2 / 8, 3 / 8])
    np.testing.assert_allclose(mine["z"].quantiles, [0.05, 0.5, 0.95])
    np.testing.assert_allclose(mine["r"].left_H, [0, 0.75])


def test_layers_of_an_lstm_against_numpy():
    start = CellInit(normal(2.0), normal(2.0), normal(1.0))
    shape, params, carry, x_TBD = layers(CELLS["lstm"], 3, 5, 20, 2, 2, dtype=jnp.float32, start=start)
    both = jax.jit(lambda *args: (trace_layers(shape, *args), unroll_stack(shape, *args)[1]))
    traces, top = both(params, carry, x_TBD)
    statistics = jax.jit(lambda gates: gate_statistics(gates, bins=10))
    np.testing.assert_allclose(traces[1].carries.h, top, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(traces[1].x, traces[0].carries.h)
    for layer in traces:
        mine = statistics(layer.gates)
        assert set(mine) == {"i", "f", "o"}
        for name, one in mine.items():
            gate = np.asarray(getattr(layer.gates, name)).reshape(-1, 5)
            np.testing.assert_allclose(one.histogram, np.histogram(gate, 10, (0, 1))[0] / gate.size, rtol=1e-6)
            np.testing.assert_allclose(one.quantiles, np.quantile(gate, (0.05, 0.25, 0.5, 0.75, 0.95)), rtol=1e-5)
            np.testing.assert_allclose(one.left_H, np.mean(gate < 0.1, 0), rtol=1e-6)
            np.testing.assert_allclose(one.right, np.mean(gate > 0.9), rtol=1e-6)


def test_ends_of_the_range_fall_into_the_end_bins():
    mine = gate_statistics(GRUGates(*[jnp.float32([[0.0, 1.0]])] * 3), bins=5)
    np.testing.assert_allclose(mine["r"].histogram, [0.5, 0, 0, 0, 0.5])


def test_a_cell_without_gates_is_refused():
    with pytest.raises(UserError, match="no gates"):
        gate_statistics(ElmanGates(a=jnp.zeros((2, 3))))
