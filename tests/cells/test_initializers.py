"""Where weights begin: bounds, spectra, independence, and numbers that may be traced."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, INITIALIZERS, CellInit
from rnn_research.cells.initializers import (
    Ring,
    glorot,
    identity,
    normal,
    orthogonal,
    per_gate,
    spectral_radius,
    uniform,
)

KEY = jax.random.key(0)


def gates(initializer, shape):
    """Three gates, in NumPy."""
    return np.asarray(per_gate(initializer, KEY, (3, *shape), jnp.float32), np.float64)


def assert_fills(w, bound):
    """Uniform on (-bound, bound): reaches both ends, has its standard deviation, and its mean of zero."""
    assert np.abs(w).max() <= bound
    assert w.max() > 0.97 * bound
    assert w.min() < -0.97 * bound
    np.testing.assert_allclose(w.std(), bound / np.sqrt(3), rtol=0.05)
    assert abs(w.mean()) < 0.05 * bound


def test_uniform_bound():
    assert_fills(gates(uniform(0.08), (30, 40)), 0.08)


def test_glorot_bound_counts_the_fans_of_one_gate():
    assert_fills(gates(glorot(2.0), (30, 60)), 2.0 * np.sqrt(6 / 90))


def test_normal_deviation():
    w = gates(normal(0.3), (30, 40))
    np.testing.assert_allclose(w.std(), 0.3, rtol=0.05)
    assert np.abs(w).max() > 0.6


def test_each_gate_is_orthogonal():
    for w in gates(orthogonal(1.5), (8, 8)):
        np.testing.assert_allclose(w.T @ w, 1.5**2 * np.eye(8), atol=1e-5)


def test_orthogonal_rows_of_a_wide_matrix():
    for w in gates(orthogonal(1.0), (4, 8)):
        np.testing.assert_allclose(w @ w.T, np.eye(4), atol=1e-5)


def test_scaled_identity():
    np.testing.assert_array_equal(gates(identity(0.5), (4, 4)), 0.5 * np.stack([np.eye(4)] * 3))


def test_spectral_radius_is_exact():
    for w in gates(spectral_radius(1.1), (16, 16)):
        np.testing.assert_allclose(np.abs(np.linalg.eigvals(w)).max(), 1.1, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"identity"}))
def test_gates_are_drawn_independently(name):
    a, b, c = gates(INITIALIZERS[name](1.0), (16, 16))
    for one, other in ((a, b), (b, c), (a, c)):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.25


def test_every_matrix_of_a_cell_is_drawn_on_its_own(cell):
    params = cell.init(KEY, 8, 8, CellInit(normal(1.0), normal(1.0), normal(1.0)), jnp.float32)
    rows = np.concatenate([np.asarray(p).reshape(-1, 8) for p in params])
    assert len(np.unique(rows, axis=0)) == len(rows)
    other = cell.init(jax.random.key(1), 8, 8, CellInit(normal(1.0), normal(1.0), normal(1.0)), jnp.float32)
    assert all(np.any(a != b) for a, b in zip(params, other, strict=True))


def test_each_part_of_a_cell_gets_its_own_initializer(cell):
    params = cell.init(KEY, 8, 8, CellInit(identity(2.0), identity(3.0), uniform(0.0)), jnp.float32)
    for w_x in params.w_x_GDH:
        np.testing.assert_array_equal(w_x, 2 * np.eye(8))
    if cell.linear is not None:
        assert not hasattr(params, "w_h_GHH")
        return
    assert len(params.w_h_GHH) == len(params.w_x_GDH)
    for w_h in params.w_h_GHH:
        np.testing.assert_array_equal(w_h, 3 * np.eye(8))


def test_forget_bias_is_on_the_forget_gate_alone(cell):
    with_bias = cell.init(KEY, 8, 8, CellInit(normal(1.0), normal(1.0), normal(0.1), 3.0), jnp.float32)
    without = cell.init(KEY, 8, 8, CellInit(normal(1.0), normal(1.0), normal(0.1), 0.0), jnp.float32)
    _, gate_values = cell.step(without, cell.initial_carry((8,)), jnp.zeros(8))
    added = {field: a - b for field, a, b in zip(with_bias._fields, with_bias, without, strict=True)}

    if "f" in gate_values._fields:
        expected = np.zeros(added["b_GH"].shape)
        expected[gate_values._fields.index("f")] = 3.0
        np.testing.assert_allclose(added.pop("b_GH"), expected, atol=1e-6)
    assert all(np.all(difference == 0) for difference in added.values())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_sweep_over_the_number_is_one_program(name, dtype):
    """Traced numbers, of float32 as a sweep holds them, give the values and the dtype of plain ones."""
    traces = 0

    @jax.jit
    def draw(number):
        nonlocal traces
        traces += 1
        return INITIALIZERS[name](number)(KEY, (4, 4), jnp.dtype(dtype))

    for number in (0.5, 2.0):
        w = draw(jnp.float32(number))
        assert w.dtype == dtype
        plain = INITIALIZERS[name](number)(KEY, (4, 4), jnp.dtype(dtype))
        tolerance = 1e-5 if dtype == "float32" else 1e-2
        np.testing.assert_allclose(w.astype(jnp.float32), plain.astype(jnp.float32), rtol=tolerance, atol=tolerance)
    assert traces == 1


def test_a_cell_starts_inside_jit(cell):
    """As a population does: every number of the start is traced, and the seed is mapped."""
    start = lambda a: CellInit(uniform(a), normal(a), uniform(a), forget_bias=a)  # noqa: E731
    draw = lambda key, a: cell.init(key, 8, 8, start(a), jnp.float32)  # noqa: E731
    keys, numbers = jax.random.split(KEY, 2), jnp.array([0.5, 1.0])
    many = jax.jit(jax.vmap(draw))(keys, numbers)
    alone = draw(keys[1], 1.0)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-5, atol=1e-5), many, alone)


def test_eigenvalues_begin_uniform_on_a_ring():
    """By area: the squared radius is uniform, and so is the angle; white input then gives states of variance 1."""
    lru = CELLS["lru"]
    params = lru.init(KEY, 1, 4000, CellInit(ring=Ring(0.8, 0.99, 0.3)), jnp.float32)
    radius, angle = np.exp(-np.exp(np.float64(params.nu_H))), np.exp(np.float64(params.theta_H))
    assert 0.8 < radius.min() < 0.801
    assert 0.989 < radius.max() < 0.99
    assert_fills(2 * (radius**2 - 0.8**2) / (0.99**2 - 0.8**2) - 1, 1)
    assert_fills(2 * angle / 0.3 - 1, 1)
    assert abs(np.corrcoef(radius, angle)[0, 1]) < 0.05
    np.testing.assert_allclose(np.exp(2 * np.float64(params.gamma_H)) / (1 - radius**2), 1, rtol=1e-4)
