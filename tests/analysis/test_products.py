"""Singular values of long products against hidden diagonals, a 400-digit product and the plain SVD."""

import decimal
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.products import _round_robin, log_singular_values
from tests.analysis.build import near

jitted = jax.jit(log_singular_values, static_argnames="sweeps")


def in_four_hundred_digits(j_TMM):
    """log singular values of the product by one-sided Jacobi (Hestenes 1958) in decimal arithmetic."""
    with decimal.localcontext(prec=400):
        M = j_TMM.shape[1]
        p = [[Decimal(int(r == c)) for c in range(M)] for r in range(M)]
        for j in j_TMM:
            exact = [[Decimal(float(e)) for e in row] for row in j]
            p = [[sum(exact[r][k] * p[k][c] for k in range(M)) for c in range(M)] for r in range(M)]
        columns = [list(c) for c in zip(*p, strict=True)]
        dot = lambda a, b: sum(x * y for x, y in zip(a, b, strict=True))  # noqa: E731
        for _ in range(30):
            for a in range(M):
                for b in range(a + 1, M):
                    u, v = columns[a], columns[b]
                    uu, vv, uv = dot(u, u), dot(v, v), dot(u, v)
                    if uv * uv <= Decimal("1e-60") * uu * vv:
                        continue
                    zeta = (vv - uu) / (2 * uv)
                    t = (1 if zeta >= 0 else -1) / (abs(zeta) + (1 + zeta * zeta).sqrt())
                    c = 1 / (1 + t * t).sqrt()
                    columns[a] = [c * (x - t * y) for x, y in zip(u, v, strict=True)]
                    columns[b] = [c * (t * x + y) for x, y in zip(u, v, strict=True)]
        return np.sort([float(dot(c, c).sqrt().ln()) for c in columns])[::-1]


@pytest.mark.usefixtures("x64")
def test_short_products_equal_the_plain_svd():
    j = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5, 6, 6)))
    mine = jitted(j)
    product = np.asarray(j[2] @ j[1] @ j[0])
    near(mine.log_sigma, np.log(np.linalg.svd(product, compute_uv=False)), rtol=1e-12, atol=1e-12)
    assert mine.log_sigma.shape == (5, 6)
    assert mine.cosine.shape == (5,)


@pytest.mark.usefixtures("x64")
def test_long_products_equal_four_hundred_digits():
    """Sixty random factors: the smallest singular value is 1e-27 of the largest, where a plain SVD sees nothing."""
    j = np.random.default_rng(0).normal(size=(60, 4, 4)) * 0.3
    exact = in_four_hundred_digits(j)
    assert exact[0] - exact[-1] > 60
    mine = jitted(jnp.asarray(j))
    near(mine.log_sigma, exact, rtol=1e-11)
    assert np.all(np.abs(mine.log_sigma - exact) < 10 * mine.rounding)
    assert np.all(mine.rounding < 1e-11)


@pytest.mark.usefixtures("x64")
def test_hidden_diagonal():
    """P = U diag V' over 500 steps, from 1e+130 down to 1e-650."""
    rng = np.random.default_rng(1)
    bases = np.linalg.qr(rng.normal(size=(501, 3, 3)))[0]
    logs = np.array([0.6, -0.1, -3.0]) + rng.uniform(-0.1, 0.1, (500, 3))
    j = np.einsum("tij,tj,tkj->tik", bases[1:], np.exp(logs), bases[:-1])
    near(jitted(jnp.asarray(j)).log_sigma, logs.sum(0), rtol=1e-12)


def test_float32_keeps_its_digits_over_five_hundred_steps():
    rng = np.random.default_rng(2)
    bases = np.linalg.qr(rng.normal(size=(501, 3, 3)))[0]
    logs = np.array([0.1, -0.3, -1.5]) + rng.uniform(-0.1, 0.1, (500, 3))
    j = np.einsum("tij,tj,tkj->tik", bases[1:], np.exp(logs), bases[:-1])
    near(jitted(jnp.asarray(j, jnp.float32)).log_sigma, logs.sum(0), rtol=2e-5)


@pytest.mark.usefixtures("x64")
def test_ties_and_orthogonal_factors():
    q = np.linalg.qr(np.random.default_rng(3).normal(size=(40, 5, 5)))[0]
    near(jitted(jnp.asarray(0.5 * q)).log_sigma, np.full(5, 40 * np.log(0.5)), rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_a_singular_factor_is_far_below_or_infinite():
    j = np.random.default_rng(4).normal(size=(6, 3, 3))
    j[2, :, 1] = j[2, :, 0]
    j[4, 0] = 0
    mine = jitted(jnp.asarray(j))
    log_sigma = np.asarray(mine.log_sigma)
    product = j[5] @ j[4] @ j[3] @ j[2] @ j[1] @ j[0]
    rank = np.linalg.matrix_rank(product)
    near(log_sigma[:rank], np.log(np.linalg.svd(product, compute_uv=False)[:rank]), rtol=1e-9, atol=1e-9)
    assert np.all(log_sigma[rank:] < -30)
    assert np.all(mine.rounding[:rank] < 1e-10)
    assert np.all(mine.rounding[rank:] > 0.1)
    assert int(mine.sweeps) < 30, "noise must not be waited for"
    assert not np.any(np.isnan(log_sigma))


def test_every_pair_of_rows_meets_once():
    for M in (2, 5, 6):
        pairs = {tuple(sorted(pair)) for one in _round_robin(M) for pair in one.tolist()}
        assert len(pairs) == M * (M - 1) // 2 == _round_robin(M).size // 2
        assert all(len(set(one.ravel())) == one.size for one in _round_robin(M))


@pytest.mark.usefixtures("x64")
def test_the_limit_on_sweeps_is_kept_and_told():
    j = jnp.asarray(np.random.default_rng(0).normal(size=(2, 8, 8)))
    short, full = jitted(j, sweeps=1), jitted(j)
    assert int(short.sweeps) == 1
    assert float(short.cosine) > 1e-3
    assert 1 < int(full.sweeps) < 12
    assert float(full.cosine) < 1e-14


@pytest.mark.usefixtures("x64")
def test_scalars_are_their_own_singular_values():
    j = jnp.asarray(np.random.default_rng(0).normal(size=(300, 2, 1, 1)))
    near(jitted(j).log_sigma[:, 0], np.log(np.abs(j)).sum(0)[:, 0, 0])
