"""The part of a step's Jacobian that stays within each unit is the diagonal of each of its blocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CellInit
from rnn_research.cells.initializers import normal
from rnn_research.cells.jacobian import state_of, unit_jacobian

B, D, H = 2, 3, 4


@pytest.mark.usefixtures("x64")
def test_equals_what_jacrev_has_there(cell):
    params = cell.init(jax.random.key(0), D, H, CellInit(bias=normal(0.5)), jnp.float64)
    keys = jax.random.split(jax.random.key(1), 3)
    zeros = cell.initial_carry((B, H), jnp.float64)
    carry = type(zeros)(*(jax.random.normal(k, z.shape) for k, z in zip(keys, zeros, strict=False)))
    x_BD = jax.random.normal(keys[2], (B, D))
    whole = jax.jacrev(lambda carry: cell.step(params, carry, x_BD)[0])(carry)
    blocks = unit_jacobian(cell, params, carry, cell.input(params, x_BD))
    assert state_of(carry).shape == (B, H * len(carry))
    for mine, row in zip(blocks, whole, strict=True):
        for own_BH, block_BHBH in zip(mine, row, strict=True):
            np.testing.assert_allclose(own_BH, np.einsum("bhbh->bh", block_BHBH), rtol=1e-12, atol=1e-14)
