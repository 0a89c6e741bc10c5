"""The loop as one kernel, interpreted: the numbers and gradients of the fast form; and its program for a GPU."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AbstractMesh, use_abstract_mesh

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import persistent, unroll

T, D, H = 4, 3, 16
HAVE = ["elman", "gru", "lstm"]


@pytest.fixture(autouse=True)
def _interpreted(monkeypatch):
    monkeypatch.setattr(persistent, "there_is_one", lambda: True)


def numbers(cell, B, dtype=jnp.float32, hidden=H):
    """Parameters with biases, a carry and inputs."""
    params = cell.init(jax.random.key(0), D, hidden, CellInit(bias=normal(0.5)), dtype)
    carry = jax.tree.map(lambda c: c + 0.3, cell.initial_carry((B, hidden)))
    return params, carry, jax.random.normal(jax.random.key(1), (T, B, D))


def loss(cell, form, reverse, params, carry, x, **more):
    last, h_TBH = unroll(cell, params, carry, x, form=form, reverse=reverse, **more)
    total = sum(jnp.sum(jnp.sin(c)) for c in jax.tree.leaves(last))
    return total + jnp.sum(jnp.sin(h_TBH + jnp.arange(T)[:, None, None])), (last, h_TBH)


def is_kernel(f, *args):
    return "pallas_call" in str(jax.make_jaxpr(f)(*args))


def close(mine, expected, tolerance=1e-5):
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
        assert np.any(b != 0)


@pytest.mark.parametrize("name", HAVE)
@pytest.mark.parametrize(("B", "reverse"), [(16, True), (5, False), (33, False)])
def test_its_numbers_are_those_of_the_loop(name, B, reverse):
    """A whole program of examples, less than one, and more than two."""
    cell = CELLS[name]
    args = numbers(cell, B)
    mine, expected = (
        jax.value_and_grad(partial(loss, cell, form, reverse), argnums=(0, 1, 2), has_aux=True)
        for form in ("persistent", "plain")
    )
    assert is_kernel(mine, *args)
    close(jax.jit(mine)(*args), jax.jit(expected)(*args))


def test_without_a_gradient():
    args = numbers(CELLS["gru"], 3)
    mine, expected = (partial(unroll, CELLS["gru"], form=form) for form in ("persistent", "fast"))
    assert is_kernel(mine, *args)
    close(mine(*args), expected(*args))


def test_matrices_in_bfloat16():
    """Products of a bfloat16 and sums in float32, as the loop's; gradients to the rounding of a bfloat16."""
    params, carry, x = numbers(CELLS["lstm"], 5, jnp.bfloat16)
    mine, expected = (
        jax.value_and_grad(partial(loss, CELLS["lstm"], form, False), argnums=(1, 2), has_aux=True)
        for form in ("persistent", "fast")
    )
    assert is_kernel(mine, params, carry, x)
    (value, outputs), d = jax.jit(mine)(params, carry, x)
    (value_, outputs_), d_ = jax.jit(expected)(params, carry, x)
    assert jax.tree.leaves(outputs)[0].dtype == jnp.float32
    close((value, outputs), (value_, outputs_))
    close(d, d_, 0.02)


def test_the_gradient_of_a_gradient():
    """It is taken from the loop, which the first gradient equals."""
    cell = CELLS["gru"]
    params, carry, x = numbers(cell, 3)

    def penalty(form):
        first = jax.grad(lambda params: loss(cell, form, False, params, carry, x)[0])
        return jax.grad(lambda params: sum(jnp.sum(g**2) for g in jax.tree.leaves(first(params))))

    mine, expected = jax.jit(lambda p: (penalty("persistent")(p), penalty("plain")(p)))(params)
    close(mine, expected, 1e-4)


def test_members_of_a_population():
    """Under vmap every member has matrices of its own."""
    cell = CELLS["elman"]
    params, carry, x = numbers(cell, 5)
    members = jax.tree.map(lambda p: jnp.stack([p, -p]), params)
    mine, expected = (
        jax.vmap(jax.grad(lambda p, form=form: loss(cell, form, False, p, carry, x)[0]))
        for form in ("persistent", "fast")
    )
    assert is_kernel(mine, members)
    close(mine(members), expected(members))


@pytest.mark.parametrize("more", ["lengths", "edit", "remat", "one sequence"])
def test_what_it_cannot_hold_is_the_fast_form(more):
    cell = CELLS["lstm"]
    params, carry, x = numbers(cell, 2)
    options = {
        "lengths": {"lengths": jnp.array([2, 4])},
        "edit": {"edit": lambda carry, t: carry._replace(c=0.9 * carry.c)},
        "remat": {"remat": "gates"},
    }.get(more, {})
    if more == "one sequence":
        carry, x = jax.tree.map(lambda a: a[0], carry), x[:, 0]
    mine, expected = (partial(unroll, cell, params, form=form, **options) for form in ("persistent", "fast"))
    assert not is_kernel(mine, carry, x)
    close(mine(carry, x), expected(carry, x), 0)


def test_nor_a_process_without_one_gpu(monkeypatch):
    monkeypatch.undo()
    args = numbers(CELLS["gru"], 2)
    assert not is_kernel(partial(unroll, CELLS["gru"], form="persistent"), *args)


@pytest.mark.parametrize(
    ("name", "hidden", "dtype", "reason"),
    [
        ("lstm", 128, "bfloat16", ""),
        ("lstm", 64, "float32", ""),
        ("lstm", 128, "float32", "256 KiB, more than the 128"),
        ("gru", 100, "float32", "100 units are no power of two"),
        ("gru", 8, "float32", "8 units are no power of two from 16"),
        ("gru", 16, "float16", "float16 are neither"),
        ("lstm_peephole", 16, "float32", "no power of two"),
        ("gru_reset_before", 16, "float32", "three parts"),
        ("mingru", 16, "float32", "no recurrent matrix"),
    ],
)
def test_why_not(name, hidden, dtype, reason):
    cell = CELLS[name]
    params, carry, x = numbers(cell, 2, dtype, hidden)
    said = persistent.why_not(cell, params, carry, x[0])
    assert reason in said
    assert bool(reason) == bool(said)


@pytest.mark.parametrize("name", HAVE)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_its_program_for_a_gpu(name, dtype, monkeypatch):
    """It can be translated for CUDA on any machine: one kernel forwards and one back, and no loop beside them."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    cell = CELLS[name]
    args = numbers(cell, 40, dtype, 64)
    gradient = jax.jit(jax.grad(lambda *args: loss(cell, "persistent", False, *args)[0], argnums=(0, 1, 2)))
    with warnings.catch_warnings(), use_abstract_mesh(AbstractMesh((), (), abstract_device=_h100())):
        warnings.simplefilter("ignore", DeprecationWarning)
        program = gradient.trace(*args).lower(lowering_platforms=("cuda",)).as_text()
    assert program.count("xla.gpu.triton") == 2
    assert "stablehlo.while" not in program


def _h100():
    return jax.sharding.AbstractDevice(device_kind="NVIDIA H100 80GB HBM3", num_cores=None, platform="gpu")
