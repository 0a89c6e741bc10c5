"""One step of every cell in fixed numbers, so that no equation changes unseen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit

# By the NumPy transcriptions of test_paper_equations.py, in float64: the places of the carry, h first.
GOLDEN = {
    "elman": ([0.5803735025599613, 0.5787263724397077],),
    "elman_relu": ([0.6630257341481021, 0.6605455691514551],),
    "lstm": ([0.09652501647569307, 0.2703410665226063], [0.11118966885121233, 0.38042986692844155]),
    "lstm_peephole": ([0.09013603459911232, 0.26400494705346805], [0.10248219440487079, 0.35657529466575666]),
    "gru": ([0.8148607379582528, 0.3339419463654004],),
    "gru_reset_before": ([0.8795395844003226, 0.6157296120294539],),
    "mingru": ([-1.4279199202210862, -1.7001020515407737],),
    "minlstm": ([0.8060828489664402, 0.7848666932087879],),
    "lru": ([0.11169737713905939, 0.3507825432805629], [-0.5153513825457335, -0.3485720024497282]),
}

WHAT_TO_DO = """
One step of {name!r} gives other numbers than it did: trained weights now mean something else.
If nothing was meant to change, find the change in its equations or in the order of its gates.
If it was, change EQUATIONS in test_paper_equations.py first, put its numbers here, and say in
the commit message that older checkpoints of this cell no longer fit.
"""


@pytest.mark.usefixtures("x64")
def test_one_step(cell):
    assert cell.name in GOLDEN, "add the new cell's golden step, by its transcription in test_paper_equations.py"
    drawn = cell.init(jax.random.key(0), 2, 2, CellInit(), jnp.float64)
    fixed = (jnp.sin(k + 1.0 + jnp.arange(p.size)).reshape(p.shape) for k, p in enumerate(drawn))
    states = (jnp.array([0.1, -0.2]), jnp.array([0.3, 0.4]))
    zeros = cell.initial_carry((2,), jnp.float64)
    carry = type(zeros)(*states[: len(zeros)])
    after, _ = cell.step(type(drawn)(*fixed), carry, jnp.array([0.5, -1.0]))
    for mine, golden in zip(after, GOLDEN[cell.name], strict=True):
        np.testing.assert_allclose(mine, golden, rtol=1e-12, err_msg=WHAT_TO_DO.format(name=cell.name))


def test_no_golden_step_is_left_over():
    assert set(GOLDEN) <= set(CELLS)


def test_an_lstm_by_hand():
    """All weights zero: every gate is 1/2 and the candidate 0, so c halves and h = tanh(c) / 2."""
    cell = CELLS["lstm"]
    params = jax.tree.map(jnp.zeros_like, cell.init(jax.random.key(0), 1, 1, CellInit(), jnp.float32))
    carry = type(cell.initial_carry((1,)))(h=jnp.ones(1), c=jnp.array([0.8]))
    after, _ = cell.step(params, carry, jnp.ones(1))
    np.testing.assert_allclose(after.c, [0.4], rtol=1e-6)
    np.testing.assert_allclose(after.h, [0.5 * np.tanh(0.4)], rtol=1e-6)
