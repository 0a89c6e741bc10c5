"""Overwriting in place: the same numbers as a scan, and no array copied whole inside the loop."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS
from rnn_research.unroll import unroll
from rnn_research.unroll.rows import loop

B, T, H = 4, 57, 8  # a T that nothing else is


@pytest.fixture(autouse=True)
def quick_compilation():
    """Not here: what is tested is what the compiler's optimisations leave."""


def copies_in_loops(text: str) -> list[str]:
    """The copies of arrays with T rows in any body of a loop of a compiled program."""
    bodies = set(re.findall(r"body=(%[\w.\-]+)", text))
    computations = re.split(r"\n(?=%|ENTRY)", text)
    inside = [c for c in computations if c.split(" ")[0] in bodies]
    assert inside
    return [line for c in inside for line in c.splitlines() if re.search(rf"= f32\[{T},\S* copy\(", line)]


@pytest.mark.parametrize("name", [name for name, cell in CELLS.items() if cell.recur is not None])
def test_no_array_over_time_is_copied_at_every_step(name):
    cell = CELLS[name]
    params, carry = cell.init(jax.random.key(0), H, H), cell.initial_carry((B, H))

    def gradient(params, x_TBH, d_TBH):
        return jax.vjp(lambda *args: unroll(cell, args[0], carry, args[1], form="fast")[1], params, x_TBH)[1](d_TBH)

    x_TBH = jax.ShapeDtypeStruct((T, B, H), jnp.float32)
    assert copies_in_loops(jax.jit(gradient).lower(params, x_TBH, x_TBH).compile().as_text()) == []


def test_this_test_sees_a_copy():
    """Each step reads a row that is not its own, beside the write of its own."""

    def shifted(rows_T):
        def step(rows_T, t):
            return rows_T.at[t].set(rows_T[t] + 1), rows_T[-t]

        return jax.lax.scan(step, rows_T, jnp.arange(T))

    text = jax.jit(shifted).lower(jax.ShapeDtypeStruct((T, B), jnp.float32)).compile().as_text()
    assert copies_in_loops(text)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 7])
def test_in_place_and_apart_are_one(reverse, length):
    rows_T, x_T = jnp.arange(length, dtype=float), jnp.linspace(1, 2, length)

    def walk(in_place):
        return loop(
            lambda carry, x, row: (carry + x * row, row),
            lambda carry, x, new, old: (carry + new, carry - old),
            jnp.array(0.5),
            x_T,
            rows_T,
            jnp.arange(length),
            in_place=in_place,
            reverse=reverse,
        )

    for one, other in zip(jax.tree.leaves(walk(True)), jax.tree.leaves(walk(False)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
