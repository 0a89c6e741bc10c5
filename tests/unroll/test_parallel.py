"""Parallel in time is the loop: values, gradients, lengths, directions, and what happens where it does not converge."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal, spectral_radius
from rnn_research.errors import UserError
from rnn_research.unroll import parallel, unroll
from rnn_research.unroll.newton import solve
from rnn_research.unroll.parallel import Solver, unroll_parallel, unroll_parallel_reported

T, B, D, H = 5, 3, 2, 3
LENGTHS = jnp.array([5, 0, 3])
WAYS = [(name, "associative" if cell.linear is not None else "quasi") for name, cell in CELLS.items()]
WAYS += [(name, "deer") for name in ("elman", "gru_reset_before", "lstm")]


def network(cell, dtype="float32", H=H, T=T, start=CellInit(bias=normal(0.5))):
    """Parameters, a carry away from zero, inputs, and a weight for each output."""
    keys = jax.random.split(jax.random.key(0), 3)
    params = cell.init(keys[0], D, H, start, dtype)
    carry = jax.tree.map(lambda c: c + jnp.asarray(0.3, c.dtype), cell.initial_carry((B, H), dtype))
    x_TBD, weight_TBH = jax.random.normal(keys[1], (T, B, D), dtype), jax.random.normal(keys[2], (T, B, H), dtype)
    return params, carry, x_TBD, weight_TBH


def outcome(run, params, carry, x_TBD, weight_TBH):
    """The last carry and all outputs, and the gradient of a loss that weighs each of them."""

    def loss(*args):
        last, h_TBH = run(*args)
        return jnp.sum(weight_TBH * h_TBH) + sum(jnp.sum(jnp.sin(leaf)) for leaf in last), (last, h_TBH)

    return jax.jit(jax.grad(loss, (0, 1, 2), has_aux=True))(params, carry, x_TBD)


def near(mine, expected, tolerance):
    """Each array to ``tolerance`` of its largest entry."""
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1e-3, np.abs(b).max(initial=0)))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("name", "method"), WAYS)
def test_values_and_gradients_are_those_of_the_loop(name, method):
    """Backwards over sequences of unequal lengths, whose padding holds NaN."""
    cell = CELLS[name]
    params, carry, x_TBD, weight_TBH = network(cell, "float64")
    x_TBD = jnp.where((jnp.arange(T)[:, None] < LENGTHS)[..., None], x_TBD, jnp.nan)
    how = {"lengths": LENGTHS, "reverse": True}
    mine = outcome(
        lambda *args: unroll_parallel(cell, *args, solver=Solver(method), **how), params, carry, x_TBD, weight_TBH
    )
    loop = outcome(lambda *args: unroll(cell, *args, **how), params, carry, x_TBD, weight_TBH)
    near(mine, loop, 1e-12)


@pytest.mark.parametrize(("name", "method"), [("gru", "deer"), ("lstm", "quasi")])
def test_in_float32_over_more_steps(name, method):
    cell = CELLS[name]
    net = network(cell, T=60)
    mine = outcome(lambda *args: unroll_parallel(cell, *args, solver=Solver(method)), *net)
    near(mine, outcome(lambda *args: unroll(cell, *args), *net), 1e-5)


@pytest.mark.parametrize("name", ["gru", "lru"])
def test_one_sequence_no_sequence_and_many_under_vmap(name):
    cell = CELLS[name]
    params, carry, x_TBD, _ = network(cell)
    one = jax.tree.map(lambda c: c[0], carry)
    run = jax.jit(lambda carry, x: unroll_parallel(cell, params, carry, x))
    near(run(one, x_TBD[:, 0]), unroll(cell, params, one, x_TBD[:, 0]), 1e-5)
    near(run(one, x_TBD[:0, 0]), (one, jnp.zeros((0, H))), 0)
    mapped = jax.jit(jax.vmap(run, in_axes=(0, 1), out_axes=(0, 1)))
    near(mapped(carry, x_TBD), run(carry, x_TBD), 1e-5)


@pytest.mark.parametrize(("method", "damping"), [("deer", 0.0), ("quasi", 0.5)])
def test_chaos_goes_through_the_loop(method, damping):
    """One sequence of a chaotic network does not settle in five rounds, and a short one beside it does."""
    cell = CELLS["elman"]
    net = network(cell, H=8, T=60, start=CellInit(recurrent=spectral_radius(3.0)))
    how = {"lengths": jnp.array([60, 4, 60])}
    solver = Solver(method, iterations=5, damping=damping)
    run = lambda *args: unroll_parallel_reported(cell, *args, solver=solver, **how)  # noqa: E731
    _, h_TBH, found = jax.jit(run)(*net[:3])
    assert found.converged.tolist() == [False, True, False]
    assert not np.any(found.residual[np.array([0, 2])] < 1e-3)
    assert found.residual[1] < 1e-6
    # Two programs round differently, by machine; what has not settled is off by more than 1e-3.
    near(h_TBH[:, 0], jax.jit(lambda *a: unroll(cell, *a, **how))(*net[:3])[1][:, 0], 1e-4)
    # The gradient grows by some e^30 on the way, and what it has lost to rounding with it.
    mine, loop = outcome(lambda *args: run(*args)[:2], *net), outcome(lambda *args: unroll(cell, *args, **how), *net)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(mine))
    near(mine, loop, 1e-3)


def test_a_sequence_does_not_feel_its_neighbours():
    """One settles soon, being driven hard; beside it one is left to its chaos, and one reads a NaN."""
    cell = CELLS["elman"]
    params, carry, x_TBD, _ = network(cell, H=8, T=30, start=CellInit(recurrent=spectral_radius(3.0)))
    run = jax.jit(lambda x: unroll_parallel_reported(cell, params, carry, x, solver=Solver("quasi"))[1:])
    x_TBD = 20 * x_TBD
    calm_TBH, before = run(x_TBD)
    h_TBH, found = run(x_TBD.at[:, 1].mul(1e-3).at[5, 2].set(jnp.nan))
    assert before.iterations[0] == found.iterations[0] < found.iterations[1]
    np.testing.assert_array_equal(h_TBH[:, 0], calm_TBH[:, 0])
    assert found.converged.tolist() == [True, True, False]
    assert np.all(np.isnan(h_TBH[5:, 2]))
    np.testing.assert_allclose(h_TBH[:5, 2], calm_TBH[:5, 2], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_whatever_stands_for_the_jacobian_each_round_settles_a_step():
    """Plain steps of all states, on a chaotic network: T - 1 rounds, and no fewer.

    A tolerance far above the roundings (some 1e-16, grown by 3 a step) and far below what chaos
    leaves of a step that is not settled: then the count is the mathematics', on any processor.
    """
    cell = CELLS["elman"]
    start = CellInit(recurrent=spectral_radius(3.0))
    params, carry, x_TBD, _ = network(cell, "float64", H=8, T=12, start=start)
    solver = Solver("quasi", damping=1.0, tolerance=1e-7)
    run = jax.jit(lambda: unroll_parallel_reported(cell, params, carry, x_TBD, solver=solver)[2])
    assert run().iterations.tolist() == [11, 11, 11]


@partial(jax.jit, static_argnums=(0, 4))
def rounds_of(cell, params, carry, x_TBD, method):
    return unroll_parallel_reported(cell, params, carry, x_TBD, solver=Solver(method))[2]


def test_rounds_of_newton_do_not_grow_with_the_length():
    """Quadratic convergence with the whole Jacobian, linear with its diagonal; none at all where both are exact."""
    cell = CELLS["gru"]
    rounds = {}
    for T in (25, 200):
        params, carry, x_TBD, _ = network(cell, T=T)
        for method in ("deer", "quasi"):
            found = rounds_of(cell, params, carry, x_TBD, method)
            assert np.all(found.converged)
            rounds[method, T] = int(found.iterations.max())
    assert rounds["deer", 200] <= rounds["deer", 25] + 1 <= 6
    assert rounds["deer", 25] < rounds["quasi", 25]
    assert rounds["quasi", 200] <= rounds["quasi", 25] + 3
    params, carry, x_TBD, _ = network(CELLS["lru"], T=50)
    assert rounds_of(CELLS["lru"], params, carry, x_TBD, "quasi").iterations.max() == 1


@pytest.mark.parametrize(("name", "method", "most"), [("gru", "deer", 1), ("gru", "quasi", 12), ("lru", "quasi", 1)])
def test_the_gradient_is_sought_as_the_states_are(name, method, most, monkeypatch):
    """A linear recurrence: one round with the whole Jacobian, and without it a few on the exact equation."""
    cell, searches = CELLS[name], []

    def seen(*args, **options):
        states, found = solve(*args, **options)
        searches.append(found)
        return states, found

    monkeypatch.setattr(parallel, "solve", seen)
    params, carry, x_TBD, weight_TBH = network(cell, T=20)
    jax.grad(lambda p: jnp.sum(weight_TBH * unroll_parallel(cell, p, carry, x_TBD, solver=Solver(method))[1]))(params)
    assert len(searches) == 2
    assert np.all(searches[1].converged)
    assert 1 <= searches[1].iterations.max() <= most


def test_damping_keeps_products_of_jacobians_finite():
    cell = CELLS["elman"]
    params, carry, x_TBD, _ = network(cell, T=150, start=CellInit(recurrent=spectral_radius(3.0)))
    carry, x_TBD = jax.tree.map(lambda leaf: leaf / 100, (carry, x_TBD))  # no saturation in the first guess
    run = jax.jit(
        lambda damping: unroll_parallel_reported(
            cell, params, carry, x_TBD, solver=Solver("deer", iterations=150, damping=damping)
        ),
        static_argnums=0,
    )
    plain, damped = run(0.0), run(0.8)
    assert not np.any(np.isfinite(plain[2].residual))
    assert np.all(damped[2].converged)
    np.testing.assert_allclose(damped[1], plain[1], atol=1e-4)


def test_bfloat16_weights():
    """Newton's products are of float32, so that it converges; the gradients come back in bfloat16."""
    cell = CELLS["gru"]
    params, *rest = network(cell, T=20)
    low = jax.tree.map(lambda p: p.astype(jnp.bfloat16), params)
    found = rounds_of(cell, low, *rest[:2], "deer")
    assert np.all(found.converged)
    assert found.iterations.max() <= 6
    (of_params, *_), _ = outcome(lambda *args: unroll_parallel(cell, *args, solver=Solver("deer")), low, *rest)
    (expected, *_), _ = outcome(lambda *args: unroll(cell, *args), params, *rest)
    assert {g.dtype for g in of_params} == {jnp.dtype("bfloat16")}
    for mine, theirs in zip(of_params, expected, strict=True):
        np.testing.assert_allclose(np.float32(mine), theirs, rtol=0, atol=0.05 * np.abs(theirs).max())


@pytest.mark.parametrize("method", ["deer", "quasi"])
def test_no_product_of_newton_is_left_to_the_device(method):
    """An accelerator's default would round a float32 to 10 bits, and no residual would come below 1e-3."""
    cell = CELLS["lstm"]
    params, carry, x_TBD, weight_TBH = network(cell)

    def loss(params, u_carry):
        return jnp.sum(weight_TBH * unroll_parallel(cell, params, u_carry, x_TBD, solver=Solver(method))[1])

    with jax.default_matmul_precision("bfloat16"):
        text = str(jax.make_jaxpr(jax.grad(loss, (0, 1)))(params, carry))
    products = text.count("dot_general[")
    left = text.count("precision=(Precision.DEFAULT") + text.count("precision=None")
    projections = 2  # of the inputs, all gates at once: forwards, and their weights' gradient; as in the loop
    assert products > projections
    assert left == projections


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gru", {"method": "der"}, "did you mean 'deer'"),
        ("gru", {"method": "associative"}, "gru has none"),
        ("gru", {"tolerance": 0.0}, "tolerance=0.0"),
        ("gru", {"iterations": 0}, "iterations=0"),
        ("lru", {"damping": 1.5}, "damping=1.5"),
    ],
)
def test_what_cannot_be_is_refused(name, options, words):
    params, carry, x_TBD, _ = network(CELLS[name])
    with pytest.raises(UserError, match=words):
        unroll_parallel(CELLS[name], params, carry, x_TBD, solver=Solver(**options))
