"""What theory says of the rate at which a gradient decays, in nats per step of lag (negative: it vanishes).

Pascanu, Mikolov and Bengio 2013, section 2.1: with |phi'| <= gamma each step of the
backward pass stretches a gradient by at most sigma_max(W_h) gamma.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.types import Array

GAMMA = {"tanh": 1.0, "relu": 1.0, "sigmoid": 0.25}
"""The largest slope of each activation."""


def pascanu_bound(w_h_HH: Array, gamma: float = 1.0) -> Array:
    """log(sigma_max(W_h) gamma): no lag profile of an Elman network falls more slowly, or grows faster.

    Below zero it is sufficient for vanishing; above zero it is only necessary for exploding.

    Args:
      w_h_HH: recurrent matrix ``[..., H, H]``.
      gamma: bound on the activation's slope; see ``GAMMA``.
    """
    return jnp.log(jnp.linalg.svd(w_h_HH, compute_uv=False)[..., 0] * gamma)


def linear_rate(w_h_HH: Array) -> Array:
    """log of the spectral radius ``[...]``: the rate of h_t = W_h h_{t-1} + ... at long lags (Gelfand's formula)."""
    return jnp.log(jnp.max(jnp.abs(jnp.linalg.eigvals(w_h_HH)), axis=-1))


def scalar_log_gradient(w: Array, lag: Array) -> Array:
    """log |dh_T/dh_t| = lag log |w| for the scalar h_t = w h_{t-1} + x_t, exactly; broadcasts."""
    return jnp.where(lag == 0, 0, lag * jnp.log(jnp.where(lag == 0, 1, jnp.abs(w))))


def forget_rate(bias: Array) -> Array:
    """log sigma(b): the rate of an LSTM's highway whose forget gates see their bias alone."""
    return -jax.nn.softplus(-bias)


def forget_half_life(bias: Array) -> Array:
    """-ln 2 / ln sigma(b) steps: the half-life of the gradient that the forget bias predicts.

    One step at b = 0, 2.2 at 1, 5.5 at 2; about e^b ln 2 when b is large.
    """
    return -np.log(2) / forget_rate(bias)
