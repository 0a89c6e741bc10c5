"""Networks with weights by hand, in which it is known what every cell does; no training."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CELLS
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.unroll import Stack, stack
from tests.time_first import of_stack

LETTERS = 4
A, B, C, D, E = ((LETTERS + 2 * k, LETTERS + 2 * k + 1) for k in range(5))
"""What opens and what closes, five times: each kind by itself, whatever the others do."""
V = LETTERS + 10


def text(N, seed=0, rate=0.01):
    """Letters, among them openings and closings at random, and which of the five are open, ``[N, 5]``."""
    rng = np.random.default_rng(seed)
    symbols_N = rng.integers(LETTERS, size=N)
    chosen_N = rng.random(N) < 10 * rate
    symbols_N[chosen_N] = LETTERS + rng.integers(10, size=chosen_N.sum())
    open_NK = np.zeros((N, 5), bool)
    for k in range(5):
        kind_N = np.where(symbols_N == LETTERS + 2 * k, 1, np.where(symbols_N == LETTERS + 2 * k + 1, -1, 0))
        last_N = np.maximum.accumulate(np.where(kind_N != 0, np.arange(N), 0))
        open_NK[:, k] = kind_N[last_N] == 1
    return symbols_N.astype(np.int32), open_NK


class Made:
    """An LSTM of one layer whose units are nothing until something is made of them."""

    def __init__(self, H, seed=0, noise=0.4):
        """``noise``: the size of the weights of units of which nothing is made; they read each other and the text."""
        rng = np.random.default_rng(seed)
        self.H, self.made = H, 0
        self.w_x, self.w_h = noise * rng.normal(size=(4, V, H)), noise * rng.normal(size=(4, H, H))
        self.b, self.w_HV = noise * rng.normal(size=(4, H)), noise * rng.normal(size=(H, V))

    def _new(self, i=-20.0, f=-20.0, o=20.0, g=0.0):
        unit, self.made = self.made, self.made + 1
        self.w_x[:, :, unit] = 0
        self.w_h[:, :, unit] = self.w_h[:, unit] = 0  # reads no unit, and none reads it
        self.b[:, unit] = i, f, o, g
        self.w_HV[unit] = 0  # nor does the output
        return unit

    def latch(self, *kinds):
        """1 from an opening of any of these kinds to a closing of one, else 0."""
        unit = self._new(f=20.0)
        for opens, closes in kinds:
            self.w_x[0, opens, unit], self.w_x[3, opens, unit] = 40, 20
            self.w_x[1, closes, unit] = -40
        return unit

    def late_latch(self, kind, steps):
        """A latch that opens and closes some steps after the symbols; only chains of single echoes know of them."""
        ends = []
        for symbol in kind:
            before = self._new(i=20.0)
            self.w_x[3, symbol, before] = 10
            for _ in range(steps - 1):
                echo = self._new(i=20.0)
                self.w_h[3, before, echo] = 10
                before = echo
            ends.append(before)
        unit = self._new(f=20.0, g=5.0)
        self.w_h[0, ends[0], unit], self.w_h[1, ends[1], unit] = 60, -60
        return unit

    def loud(self):
        """Minus and plus one by turns of letters, as loud as a unit can be, and read by nobody."""
        unit = self._new(i=20.0)
        self.w_x[3, :, unit] = np.where(np.arange(V) % 2, 10, -10)
        return unit

    def params(self, bias_V=None):
        """A language model, and its parameters."""
        shape = Stack(CELLS["lstm"], self.H, 1)
        blank = jax.eval_shape(lambda: stack.init(shape, jax.random.key(0), V))
        leaves = [jnp.asarray(a, jnp.float32) for a in (self.w_x, self.w_h, self.b)]
        (cell,) = blank.cells[0]
        made = blank._replace(cells=((type(cell)(*leaves),),))
        bias_V = np.zeros(V) if bias_V is None else bias_V
        return of_stack(shape, V), LanguageModelParams(
            None, made, jnp.asarray(self.w_HV, jnp.float32), jnp.asarray(bias_V, jnp.float32)
        )


def spread_latches(seed, N, H=256, K=4, letters=200, deaf=0.7):
    """An Elman network of rank 4 whose latches are in all units and in none: symbols, activations [N, H], latches.

    h = tanh(M (N' h + kick) + u): M writes each of the K latches into a quarter of the units with random signs, and N
    reads it as their vote. Every letter drives a random share of the units (``deaf``) to an end of their range,
    whatever is latched (u), so that none tells a latch. There are many letters, so that no handful of units can
    cancel what they write. Letters that come near to deciding a vote are drawn again.

    Returns:
      Symbols, letters first, then what opens and what closes each latch; activations; the latches ``[N, K]``.
    """
    rng = np.random.default_rng(seed)
    sign_HK = rng.choice([-1.0, 1.0], (H, K)) * (np.arange(H)[:, None] % K == np.arange(K))
    u_VH = np.zeros((letters + 2 * K, H))
    again_V = np.arange(len(u_VH)) < letters
    while count := again_V.sum():
        u_VH[again_V] = 40.0 * rng.choice([-1, 1], (count, H)) * (rng.random((count, H)) < deaf)
        hearing_VK = (u_VH == 0) @ np.abs(sign_HK)
        again_V = (np.abs(np.sign(u_VH) @ sign_HK) > 0.4 * hearing_VK).any(axis=1)
    M_HK, N_HK = 2 * sign_HK, 2 * sign_HK / ((1 - deaf) * H / K)

    chosen_N = rng.random(N) < 0.02 * K
    symbols_N = np.where(chosen_N, letters + rng.integers(2 * K, size=N), rng.integers(letters, size=N))
    kick_VK = np.zeros((len(u_VH), K))
    kick_VK[letters + np.arange(2 * K), np.arange(2 * K) // 2] = np.tile([20.0, -20.0], K)
    h_H, found_NH, open_NK = np.tanh(-M_HK.sum(axis=1)), np.empty((N, H)), np.zeros((N, K), bool)
    now_K = np.zeros(K, bool)
    for n, symbol in enumerate(symbols_N):
        h_H = np.tanh(M_HK @ (h_H @ N_HK + kick_VK[symbol]) + u_VH[symbol])
        now_K = np.where(kick_VK[symbol] == 0, now_K, kick_VK[symbol] > 0)
        found_NH[n], open_NK[n] = h_H, now_K
    return symbols_N, found_NH, open_NK
