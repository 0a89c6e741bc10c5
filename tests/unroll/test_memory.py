"""What the gradient over a long sequence keeps, in the bytes that the compiled program asks for."""

from functools import cache

import jax
import jax.numpy as jnp
import pytest

from rnn_research.cells import CELLS
from rnn_research.unroll import unroll
from rnn_research.unroll.segments import segment_length

B, D, H = 2, 8, 16
CELL = CELLS["lstm"]


@pytest.fixture(autouse=True)
def quick_compilation():
    """Not here: what is tested is what the compiler's optimisations leave."""


@cache
def kept(T: int, form: str, remat: str, layers: int = 1) -> int:
    """Bytes of temporary memory of a gradient by the parameters."""

    def loss(params, x_TBD):
        for layer in params:
            last, x_TBD = unroll(CELL, layer, CELL.initial_carry((B, H)), x_TBD, form=form, remat=remat)
        return jnp.sum(last.h**2)

    sizes = [D, *[H] * (layers - 1)]
    params = jax.eval_shape(lambda: [CELL.init(jax.random.key(0), size, H) for size in sizes])
    x_TBD = jax.ShapeDtypeStruct((T, B, D), jnp.float32)
    return jax.jit(jax.grad(loss)).lower(params, x_TBD).compile().memory_analysis().temp_size_in_bytes


def test_a_sequence_of_100000_steps_is_kept_in_its_square_root():
    little, long = kept(1_000, "fast", "sqrt"), kept(100_000, "fast", "sqrt")
    assert long < 15 * little  # 10 is the root of 100
    assert kept(1_000, "fast", "none") > 4 * little
    assert long < kept(1_000, "fast", "none") * 5, "a hundred times the steps"


def test_what_can_be_computed_again_is_not_kept():
    """Every layer keeps its carries; the streams of one layer alone are there at a time."""
    none, gates = (kept(1_000, "fast", remat, layers=4) for remat in ("none", "gates"))
    assert gates < 0.75 * none


def test_sums_take_the_place_of_what_is_added_and_derivatives_theirs():
    """Of the four streams of an LSTM one array each: 4 B T H, beside the carries, the outputs and what they become."""
    none, plain = kept(1_000, "fast", "none"), kept(1_000, "plain", "none")
    assert none < 7.5 * 1_000 * B * H * 4
    assert none < 0.4 * plain


@pytest.mark.parametrize(("T", "steps"), [(1, 1), (2, 1), (100, 10), (1_000, 40), (100_000, 400), (99_991, 330)])
def test_segments_are_near_the_root_and_leave_little_over(T, steps):
    assert segment_length(T) == steps
