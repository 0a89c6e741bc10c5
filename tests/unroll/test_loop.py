"""An unroll is a plain loop over ``step``: in Python, under vmap, under jit, cut into chunks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import trace, unroll

T, B, D, H = 5, 2, 3, 4


def assert_near(mine, expected, tolerance=1e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), mine, expected)


@pytest.fixture
def params(cell):
    return cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float32)


@pytest.fixture
def x_TBD():
    return jax.random.normal(jax.random.key(1), (T, B, D))


def test_loop_vmap_and_jit_agree(cell, params, x_TBD):
    carry = jax.tree.map(lambda c: c + 0.3, cell.initial_carry((B, H)))
    plain = trace(cell, params, carry, x_TBD)

    expected, steps = carry, []
    for x_BD in x_TBD:
        expected, gates = cell.step(params, expected, x_BD)
        steps.append((expected, gates))
    assert_near(plain, (expected, jax.tree.map(lambda *leaves: jnp.stack(leaves), *steps)))

    last, h_TBH = jax.jit(lambda p, c, x: unroll(cell, p, c, x))(params, carry, x_TBD)
    assert_near((last, h_TBH), (expected, cell.hidden(plain[1][0])))

    singly = jax.vmap(lambda c, x: unroll(cell, params, c, x), in_axes=(0, 1), out_axes=(0, 1))
    assert_near(singly(carry, x_TBD), (last, h_TBH))


def test_repeated_chunks_compile_once(cell, params, x_TBD):
    """The carry that comes out has the dtypes, weak or not, of the carry that went in."""
    traces = 0

    @jax.jit
    def chunk(params, carry, x_TBD):
        nonlocal traces
        traces += 1
        return unroll(cell, params, carry, x_TBD)[0]

    carry = cell.initial_carry((B, H))
    for _ in range(3):
        carry = chunk(params, carry, x_TBD)
    assert traces == 1


def test_reverse_is_flip(cell, params, x_TBD):
    carry = jax.tree.map(lambda c: c + 0.3, cell.initial_carry((B, H)))
    last, h_TBH = unroll(cell, params, carry, x_TBD, reverse=True)
    expected, flipped = unroll(cell, params, carry, x_TBD[::-1])
    assert_near((last, h_TBH), (expected, flipped[::-1]))


def test_steps_per_iteration_change_nothing():
    cell = CELLS["lstm"]
    params = cell.init(jax.random.key(0), D, H, CellInit(), jnp.float32)
    x_TD = jax.random.normal(jax.random.key(1), (T, D))
    one, three = (unroll(cell, params, cell.initial_carry((H,)), x_TD, scan_unroll=n) for n in (1, 3))
    assert_near(one, three)


@settings(max_examples=4, deadline=None, database=None, derandomize=True)
@given(
    cell=st.sampled_from(list(CELLS.values())),
    sizes=st.tuples(*[st.integers(1, 4)] * 3),
    times=st.integers(0, 6).flatmap(lambda t: st.tuples(st.just(t), st.integers(0, t))),
)
def test_two_chunks_are_one_sequence(cell, sizes, times):
    """At any sizes, and even where a chunk is empty."""
    (b, d, h), (t, cut) = sizes, times
    params = cell.init(jax.random.key(0), d, h, CellInit(bias=normal(0.5)), jnp.float32)
    x_TBD = jax.random.normal(jax.random.key(1), (t, b, d))
    whole = unroll(cell, params, cell.initial_carry((b, h)), x_TBD)
    carry, before = unroll(cell, params, cell.initial_carry((b, h)), x_TBD[:cut])
    carry, after = unroll(cell, params, carry, x_TBD[cut:])
    assert before.shape == (cut, b, h)
    assert_near((carry, jnp.concatenate([before, after])), whole)
