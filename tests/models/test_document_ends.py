"""Where a document ends the carry starts anew: values and gradients are those of documents read apart.

The scores at the last symbol of a document are for the first symbol of the next
one, so they too come from a fresh carry and know nothing of the document before.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.training.defaults import defaults
from tests.time_first import apply, language_model

V, H = 5, 4
FIRST, SECOND = 5, 4  # steps of the two documents
T = FIRST + SECOND


@pytest.fixture(params=[("lstm", False), ("gru", False), ("lstm", True)], ids=["lstm", "gru", "learned carry"])
def run(request, draw):
    cell, learned = request.param
    config = defaults().model
    config.update({"hidden": H, "layers": 2, "cell": cell, "learned_carry": learned})
    model = language_model(config, V)
    return model, draw(model, config.init)


@pytest.fixture
def x_TBV():
    """Two streams; the first changes documents after FIRST steps, the second never."""
    return jax.nn.softmax(jax.random.normal(jax.random.key(1), (T, 2, V)))


ENDS_TB = np.zeros((T, 2), bool)
ENDS_TB[FIRST - 1, 0] = True


def apart(model, params, x_TBV):
    """The first stream's documents, each on its own; between them the first prediction of the second."""
    fresh = model.carry(params, 1)
    one, _ = apply(model, params, x_TBV[: FIRST - 1, :1], fresh)
    two, end = apply(model, params, x_TBV[FIRST:, :1], fresh)
    top = fresh[-1][0].h
    return jnp.concatenate([one, (top @ params.w_HV + params.b_V)[None], two])[:, 0], end


def together(model, params, x_TBV, ends_TB=ENDS_TB):
    return apply(model, params, x_TBV, model.carry(params, 2), ends_TB=jnp.asarray(ends_TB))


def test_values(run, x_TBV):
    model, params = run
    logits_TBV, carry = jax.jit(lambda: together(model, params, x_TBV))()
    expected_TV, end = jax.jit(lambda: apart(model, params, x_TBV))()
    np.testing.assert_allclose(logits_TBV[:, 0], expected_TV, atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[:1], b, atol=1e-6), carry, end)


def test_the_other_stream_goes_on(run, x_TBV):
    model, params = run
    logits_TBV, _ = jax.jit(lambda: together(model, params, x_TBV))()
    plain_TBV, _ = jax.jit(lambda: apply(model, params, x_TBV, model.carry(params, 2)))()
    np.testing.assert_allclose(logits_TBV[:, 1], plain_TBV[:, 1], atol=1e-6)
    assert np.abs(logits_TBV[FIRST:, 0] - plain_TBV[FIRST:, 0]).max() > 1e-3


def test_no_gradient_crosses(run, x_TBV):
    @jax.jit
    @jax.grad
    def second_document(x_TBV, ends_TB):
        """All that is scored on the second document: its first symbol too."""
        return jnp.sum(together(*run, x_TBV, ends_TB)[0][FIRST - 1 :] ** 2)

    gradient_TBV = second_document(x_TBV, ENDS_TB)
    assert not gradient_TBV[:FIRST, 0].any()
    assert gradient_TBV[:FIRST, 1].all()
    assert gradient_TBV[FIRST:].all()
    assert second_document(x_TBV, np.zeros_like(ENDS_TB))[:FIRST, 0].all(), "without an end it does"


def test_gradients_of_the_parameters(run, x_TBV):
    """Those of a learned carry too: it begins both documents."""
    model, params = run
    mine = jax.jit(jax.grad(lambda p: jnp.sum(together(model, p, x_TBV)[0][:, 0] ** 2)))(params)
    expected = jax.jit(jax.grad(lambda p: jnp.sum(apart(model, p, x_TBV)[0] ** 2)))(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), mine, expected)


def test_an_end_at_the_last_step_leaves_a_fresh_carry(run, x_TBV):
    ends_TB = np.zeros((T, 2), bool)
    ends_TB[-1] = True
    _, carry = jax.jit(lambda: together(*run, x_TBV, ends_TB))()
    jax.tree.map(np.testing.assert_array_equal, carry, run[0].carry(run[1], 2))
