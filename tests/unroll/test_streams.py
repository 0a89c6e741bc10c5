"""Which streams may be kept as their sum is read from the cell itself; one that looks at one alone is not misread."""

import jax
import jax.numpy as jnp
import pytest

from rnn_research.cells import CELLS
from rnn_research.unroll import unroll
from rnn_research.unroll.added_streams import Reads, reads_of_combine

B, T, D, H = 2, 5, 3, 4


def reads(cell) -> Reads:
    return reads_of_combine(cell, cell.init(jax.random.key(0), D, H), cell.initial_carry((B, H)), jnp.zeros((B, D)))


def added(cell) -> frozenset[int]:
    return reads(cell).added


@pytest.mark.parametrize(
    ("name", "streams"),
    [("lstm", {0, 1, 2, 3}), ("lstm_peephole", {0, 1, 2, 3}), ("gru", {0, 1}), ("elman", {0}), ("mingru", set())],
)
def test_cells_of_the_registry(name, streams):
    assert added(CELLS[name]) == streams


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("elman", set()),
        ("lstm", set()),
        ("gru", {"b_h_H"}),
        ("lstm_peephole", {"p_GH"}),
        ("lru", {"nu_H", "theta_H"}),
    ],
)
def test_parameters_that_combine_reads(name, fields):
    params = CELLS[name].init(jax.random.key(0), D, H)
    assert {field for field, read in zip(params._fields, reads(CELLS[name]).params, strict=True) if read} == fields


def leaky(a):
    return jnp.where(a > 0, a, 0.1 * a)


COMBINES = {
    "reads u beside the sum": lambda u, v: leaky(u) * jnp.tanh(u + v),
    "asks for the sign of u": lambda u, v: jnp.where(u > 0, jnp.tanh(u + v), 0.1 * (u + v)),
    "stops the gradient of u": lambda u, v: jnp.tanh(u + v) + jax.lax.stop_gradient(u),
    "scales v": lambda u, v: jnp.tanh(u + 0.5 * v),
    "adds twice": lambda u, v: jnp.tanh(u + v) * jax.nn.sigmoid(u + v),
}


@pytest.mark.parametrize("what", COMBINES)
def test_what_is_more_than_a_sum_is_kept_apart(what, x64):
    cell = CELLS["elman"]

    def combine(params, carry, u, v):
        h = COMBINES[what](u[0], v[0])
        return carry._replace(h=h), None

    def advance(params, carry, u):
        return combine(params, carry, u, cell.recur(params, cell.hidden(carry)))

    strange = cell._replace(name="strange", combine=combine, advance=advance)
    assert added(strange) == frozenset()
    params = jax.tree.map(lambda p: p.astype(float), cell.init(jax.random.key(1), D, H))
    x_TBD, carry = jax.random.normal(jax.random.key(2), (T, B, D), float), cell.initial_carry((B, H), float)

    def loss(params, x_TBD, form):
        return jnp.sum(jnp.sin(unroll(strange, params, carry, x_TBD, form=form)[1]))

    mine, plain = (jax.grad(loss, argnums=(0, 1))(params, x_TBD, form) for form in ("fast", "plain"))
    for one, other in zip(jax.tree.leaves(mine), jax.tree.leaves(plain), strict=True):
        assert jnp.allclose(one, other, rtol=1e-10, atol=1e-12)
