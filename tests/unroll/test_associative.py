"""Prefix scans against plain loops in NumPy, and their gradient against that of a loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.unroll.associative import block_scan, linear_scan, matrix_scan


def near(mine, expected, tolerance=1e-12):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), mine, expected)


def drawn(shape, dtype, seed):
    rng = np.random.default_rng(seed)
    real = rng.uniform(-1, 1, shape)
    return jnp.asarray(real + 1j * rng.uniform(-1, 1, shape) if dtype == "complex128" else real, dtype)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_states_and_gradients(T, dtype):
    a, b, start, weight = (drawn(s, dtype, n) for n, s in enumerate([(T, 2, 3), (T, 2, 3), (2, 3), (T, 2, 3)]))

    def loop(a, b, start):
        s = []
        for a_t, b_t in zip(a, b, strict=True):
            start = a_t * start + b_t
            s.append(start)
        return jnp.stack(s)

    def both(scan):
        loss = lambda *args: jnp.sum((scan(*args) * weight).real)  # noqa: E731
        return jax.jit(lambda *args: (scan(*args), jax.grad(loss, (0, 1, 2))(*args)))(a, b, start)

    near(both(linear_scan), both(loop))


@pytest.mark.usefixtures("x64")
def test_small_and_full_matrices():
    a_TBNN, b_TBN = drawn((9, 2, 3, 3), "float64", 0), drawn((9, 2, 3), "float64", 1)
    expected, s_BN = [], np.zeros((2, 3))
    for a_BNN, b_BN in zip(np.asarray(a_TBNN), np.asarray(b_TBN), strict=True):
        s_BN = np.einsum("bnm,bm->bn", a_BNN, s_BN) + b_BN
        expected.append(s_BN)
    near(matrix_scan(a_TBNN, b_TBN), np.stack(expected))
    near(block_scan(jnp.moveaxis(a_TBNN, 1, -1), jnp.moveaxis(b_TBN, 1, -1)), np.moveaxis(np.stack(expected), 1, -1))


def test_products_that_underflow_do_no_harm():
    """Where a division by the product of all a's, 1e-600, would be 0 / 0."""
    a = jnp.full(20, 1e-30)
    s = linear_scan(a, jnp.ones(20), jnp.float32(5.0))
    near(s, np.ones(20), 1e-6)
