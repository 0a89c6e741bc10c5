"""Every cell against its paper's equations, written again in NumPy: values and all gradients.

The transcriptions share nothing with the cells: one matrix a gate acts on the
concatenation [x, 1, h], as the papers draw it, and the gradient is the complex
step derivative Im f(w + i e) / e, exact to rounding (Squire and Trapp 1998).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.unroll import unroll

T, D, H = 4, 2, 3


def sigma(a):
    return 1 / (1 + np.exp(-a))


def rectify(a):
    return np.where(a.real > 0, a, 0)


def fused(p):
    """One ``[D + 1 + H, H]`` matrix a gate."""
    return [np.vstack([w_x, b, w_h]) for w_x, b, w_h in zip(p.w_x_GDH, p.b_GH, p.w_h_GHH, strict=True)]


def elman(phi):
    def equations(p, x, h):
        (w,) = fused(p)
        return (phi(np.hstack([x, 1, h]) @ w),)

    return equations


def lstm(p, x, h, c):
    w_i, w_f, w_o, w_g = fused(p)
    seen = np.hstack([x, 1, h])
    c_new = sigma(seen @ w_f) * c + sigma(seen @ w_i) * np.tanh(seen @ w_g)
    return sigma(seen @ w_o) * np.tanh(c_new), c_new


def lstm_peephole(p, x, h, c):
    """Gers, Schraudolph and Schmidhuber (2002), one unit after the other, with tanh as both squashings."""
    w_i, w_f, w_o, w_g = fused(p)
    seen = np.hstack([x, 1, h])
    h_new, c_new = np.zeros_like(c), np.zeros_like(c)
    for j in range(len(c)):
        y_in = sigma(seen @ w_i[:, j] + p.p_GH[0, j] * c[j])
        y_forget = sigma(seen @ w_f[:, j] + p.p_GH[1, j] * c[j])
        c_new[j] = y_forget * c[j] + y_in * np.tanh(seen @ w_g[:, j])
        y_out = sigma(seen @ w_o[:, j] + p.p_GH[2, j] * c_new[j])
        h_new[j] = y_out * np.tanh(c_new[j])
    return h_new, c_new


def gru(p, x, h):
    w_r, w_z, _ = fused(p)
    seen = np.hstack([x, 1, h])
    z = sigma(seen @ w_z)
    inner = h @ p.w_h_GHH[2] + p.b_h_H
    candidate = np.tanh(x @ p.w_x_GDH[2] + p.b_GH[2] + sigma(seen @ w_r) * inner)
    return (candidate + z * (h - candidate),)


def gru_reset_before(p, x, h):
    """Cho et al. (2014), eqs. 5-8, with biases."""
    w_r, w_z, w = fused(p)
    seen = np.hstack([x, 1, h])
    r, z = sigma(seen @ w_r), sigma(seen @ w_z)
    return (z * h + (1 - z) * np.tanh(np.hstack([x, 1, r * h]) @ w),)


def driven(p, x):
    """Gates of the input alone."""
    return [x @ w_x + b for w_x, b in zip(p.w_x_GDH, p.b_GH, strict=True)]


def mingru(p, x, h):
    """Feng et al. (2024), section 3.1."""
    k, candidate = driven(p, x)
    return (h + sigma(k) * (candidate - h),)


def minlstm(p, x, h):
    """Feng et al. (2024), section 3.2, in the paper's own form."""
    k_i, k_f, candidate = driven(p, x)
    i, f = sigma(k_i), sigma(k_f)
    return (f / (f + i) * h + i / (f + i) * candidate,)


def lru(p, x, h, imaginary):
    """Orvieto et al. (2023), section 3, in real numbers: each state is scaled, turned and driven."""
    radius, angle = np.exp(-np.exp(p.nu_H)), np.exp(p.theta_H)
    real_drive, imaginary_drive = (np.exp(p.gamma_H) * (x @ w) for w in p.w_x_GDH)
    turned = h * np.cos(angle) - imaginary * np.sin(angle), h * np.sin(angle) + imaginary * np.cos(angle)
    return radius * turned[0] + real_drive, radius * turned[1] + imaginary_drive


EQUATIONS = {
    "elman": elman(np.tanh),
    "elman_relu": elman(rectify),
    "lstm": lstm,
    "lstm_peephole": lstm_peephole,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
    "mingru": mingru,
    "minlstm": minlstm,
    "lru": lru,
}


def loss(equations, p, states, x_TD, weight_TH):
    """A weighted sum of all hidden states: each one counts, and none like another."""
    total = 0
    for x, weight in zip(x_TD, weight_TH, strict=True):
        states = equations(p, x, *states)
        total = total + weight @ states[0]
    return total


def complex_step_gradient(f, arrays):
    gradients = []
    for a in arrays:
        gradient = np.zeros(a.shape)
        for place in np.ndindex(a.shape):
            kept, a[place] = a[place], a[place] + 1e-30j
            gradient[place] = f(arrays).imag / 1e-30
            a[place] = kept
        gradients.append(gradient)
    return gradients


def test_every_cell_has_its_equations():
    assert set(EQUATIONS) == set(CELLS), "write the new cell's paper equations in EQUATIONS, in NumPy alone"


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_values_and_gradients(cell, dtype, tolerance):
    start = CellInit(normal(0.7), normal(0.7), normal(0.7))
    params = cell.init(jax.random.key(1), D, H, start, dtype)
    rng = np.random.default_rng(2)
    x_TD = jnp.asarray(rng.normal(size=(T, D)), dtype)
    carry = jax.tree.map(lambda a: jnp.asarray(rng.normal(size=a.shape) / 2, dtype), cell.initial_carry((H,), dtype))
    weight_TH = rng.normal(size=(T, H))

    def ours(params, carry, x_TD):
        return jnp.sum(unroll(cell, params, carry, x_TD)[1] * jnp.asarray(weight_TH, dtype))

    leaves, structure = jax.tree.flatten((params, carry, x_TD))

    def theirs(arrays):
        p, states, xs = jax.tree.unflatten(structure, arrays)
        return loss(EQUATIONS[cell.name], p, tuple(states), xs, weight_TH)

    value, gradients = jax.jit(jax.value_and_grad(ours, argnums=(0, 1, 2)))(params, carry, x_TD)
    arrays = [np.array(a, np.complex128) for a in leaves]
    np.testing.assert_allclose(value, theirs(arrays).real, rtol=tolerance, atol=tolerance)
    for gradient, expected in zip(jax.tree.leaves(gradients), complex_step_gradient(theirs, arrays), strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)
