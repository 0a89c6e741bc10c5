"""Values under powers of two: exact, and far beyond the range of a float."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.analysis.scaled import Scaled, add, log_norm, rescaled, times_power


@pytest.mark.parametrize("exponent", [-260, -126, -125, -3, 0, 1, 127, 200])
def test_powers_of_two_are_exact(exponent):
    x = np.float32([1.5, -0.7, 1e-30, 3e20])
    exact = x.astype(np.float64) * 2.0**exponent
    mine = np.asarray(times_power(jnp.asarray(x), jnp.asarray(exponent)))
    normal = (np.abs(exact) > 2.0**-126) & (np.abs(exact) < 2.0**127)
    np.testing.assert_array_equal(mine[normal], exact[normal].astype(np.float32))
    assert np.all(np.abs(mine[np.abs(exact) < 2.0**-126]) < 2.0**-125)


def test_rescaling_for_a_thousand_steps_loses_nothing():
    value, exponent = rescaled({"a": jnp.float32([[3.0, 4.0]]), "b": jnp.float32([[12.0, 0.0]])})

    def step(state, _):
        return tuple(rescaled(jax.tree.map(lambda x: x * jnp.float32(1e-3), state[0]), state[1])), None

    (value, exponent), _ = jax.lax.scan(step, (value, exponent), None, length=1000)
    assert 0.5 <= max(float(jnp.max(leaf)) for leaf in value.values()) < 1
    expected = np.log(13.0) + 1000 * np.log(np.float64(np.float32(1e-3)))
    assert float(log_norm(Scaled(value, exponent))[0]) == pytest.approx(expected, rel=1e-7 * 30)


def test_norm_of_tiny_numbers_does_not_underflow():
    tiny = rescaled(jnp.float32([[3e-30, 4e-30], [0.0, 0.0], [3e30, 4e30]]))
    mine = np.asarray(log_norm(tiny))
    np.testing.assert_allclose(mine, [np.log(5e-30), -np.inf, np.log(5e30)], rtol=1e-6)
    plain = Scaled(jnp.float32([[3e-30, 4e-30]]), jnp.zeros((1, 1), int))
    np.testing.assert_allclose(log_norm(plain), np.log(5e-30), rtol=1e-6)


def test_sum_takes_the_larger_exponent():
    big, small = rescaled(jnp.float32([1.0, 2.0]), 500), rescaled(jnp.float32([3.0, 3.0]), 498)
    total = add(big, small)
    np.testing.assert_array_equal(np.asarray(total.value * 2.0 ** (total.exponent - 500)), [1.75, 2.75])
    nothing = rescaled(jnp.zeros(2, jnp.float32), 900)
    for total in (add(big, nothing), add(nothing, big)):
        np.testing.assert_array_equal(total.value, big.value)
        np.testing.assert_array_equal(total.exponent, big.exponent)
    far = add(big, rescaled(jnp.float32([1.0, 1.0]), -(10**6)))
    np.testing.assert_array_equal(far.value, big.value)


def test_what_is_not_finite_stays_seen():
    broken = rescaled(jnp.float32([jnp.nan, 1.0]), 3)
    assert np.isnan(broken.value[0])
    assert int(broken.exponent[0]) == 3
