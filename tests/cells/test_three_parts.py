"""The split that everything else builds on: input, a linear recur, and a pointwise combine."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal

D, H = 3, 4
SPLIT = [name for name, cell in CELLS.items() if cell.recur is not None]


@pytest.fixture
def params(cell):
    return cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)


def some_carry(cell, key, shape):
    zeros = cell.initial_carry(shape)
    keys = jax.random.split(key, len(zeros))
    return type(zeros)(*(jax.random.normal(k, z.shape) for k, z in zip(keys, zeros, strict=True)))


def assert_near(mine, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6), mine, expected)


def test_registry_keys_are_names():
    assert {name: cell.name for name, cell in CELLS.items()} == {name: name for name in CELLS}


def test_parts_come_together_or_not_at_all(cell):
    assert (cell.recur is None) == (cell.combine is None)


def test_combined_parts_are_the_step(cell, params):
    if cell.recur is None:
        assert cell.name == "gru_reset_before", "only a cell whose recurrence cannot split goes without the parts"
        return
    carry = some_carry(cell, jax.random.key(1), (H,))
    x = jax.random.normal(jax.random.key(2), (D,))
    parts = cell.combine(params, carry, cell.input(params, x), cell.recur(params, cell.hidden(carry)))
    assert_near(parts, cell.step(params, carry, x))


@pytest.mark.parametrize("name", SPLIT)
def test_recur_is_linear(name):
    cell = CELLS[name]
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)
    a, b = jax.random.normal(jax.random.key(1), (2, H))
    mixed = cell.recur(params, 2.0 * a - 3.0 * b)
    apart = [2.0 * u - 3.0 * v for u, v in zip(cell.recur(params, a), cell.recur(params, b), strict=True)]
    assert_near(list(mixed), apart)
    assert all(jnp.all(v == 0) for v in cell.recur(params, jnp.zeros(H)))


@pytest.mark.parametrize("name", SPLIT)
def test_combine_is_pointwise(name):
    """Unit j of the new carry depends on unit j alone of the old carry and of the streams."""
    cell = CELLS[name]
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)
    carry = some_carry(cell, jax.random.key(1), (H,))
    u = cell.input(params, jnp.ones(D))
    v = cell.recur(params, cell.hidden(carry))
    jacobians = jax.jacrev(lambda *args: cell.combine(params, *args)[0], argnums=(0, 1, 2))(carry, u, v)
    for jacobian_HH in jax.tree.leaves(jacobians):
        assert jacobian_HH.shape == (H, H)
        assert jnp.all(jacobian_HH * (1 - jnp.eye(H)) == 0)


def test_leading_axes_broadcast(cell, params):
    """A step of a ``[2, 3]`` batch is the step of each example."""
    carry = some_carry(cell, jax.random.key(1), (2, 3, H))
    x = jax.random.normal(jax.random.key(2), (2, 3, D))
    one = lambda carry, x: cell.step(params, carry, x)  # noqa: E731
    assert_near(one(carry, x), jax.vmap(jax.vmap(one))(carry, x))


def test_carry_begins_at_zero_and_keeps_its_shape(cell, params):
    carry = cell.initial_carry((2, H))
    assert all(jnp.all(leaf == 0) for leaf in carry)
    after, gates = cell.step(params, carry, jnp.ones((2, D)))
    assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, carry)
    assert cell.hidden(after).shape == (2, H)
    assert all(gate.shape == (2, H) for gate in gates)
