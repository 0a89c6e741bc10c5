"""Clipping of gradients by its four rules, and what the metrics say of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.training import optimizer
from rnn_research.training.defaults import defaults


def clipped(name, limit, gradient, params=None):
    config = defaults().optimizer
    config.clip.update({"name": name, "limit": limit})
    transform = optimizer.clipper(config, optimizer.numbers_of(config))
    params = gradient if params is None else params
    return transform.update(gradient, transform.init(params), params)[0]


GRADIENT = {"w": jnp.array([[3.0, 0.0], [0.0, 0.0]]), "b": jnp.array([0.0, -4.0])}  # norm 5


@pytest.mark.parametrize(
    ("name", "limit", "w", "b"),
    [
        ("global_norm", 1.0, 0.6, -0.8),
        ("global_norm", 2.5, 1.5, -2.0),
        ("global_norm", 5.1, 3.0, -4.0),
        ("value", 3.5, 3.0, -3.5),
        ("value", 1.0, 1.0, -1.0),
        ("none", 1e-9, 3.0, -4.0),
    ],
)
def test_by_hand(name, limit, w, b):
    result = clipped(name, limit, GRADIENT)
    np.testing.assert_allclose(result["w"], [[w, 0], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(result["b"], [0, b], rtol=1e-6)


@pytest.mark.parametrize("gates", [1, 3, 4])
def test_adaptive_clipping_goes_by_the_weights_into_each_unit(gates):
    """Brock et al. 2021, equation 3: |G_i| <= limit * max(|W_i|, 1e-3), i a unit of a gate."""
    rng = np.random.default_rng(0)
    params = {"w_GDH": rng.normal(size=(gates, 5, 2)), "w_HV": rng.normal(size=(5, 2)), "b_V": rng.normal(size=7)}
    params["w_GDH"][0, :, 0] = 0
    gradient = {name: rng.normal(size=p.shape) * rng.choice([0.01, 1], size=p.shape[-1]) for name, p in params.items()}
    expected = {name: g.copy() for name, g in gradient.items()}
    for name, g in expected.items():
        units = (
            [(...,)]
            if g.ndim == 1
            else [(*gate, slice(None), j) for gate in np.ndindex(g.shape[:-2]) for j in range(2)]
        )
        for unit in units:
            most = 0.1 * max(np.linalg.norm(params[name][unit]), 1e-3)
            g[unit] *= min(1, most / np.linalg.norm(g[unit]))
    assert any((expected[n] != gradient[n]).any() for n in params)
    assert any((expected[n] == gradient[n]).any() for n in params)
    as_arrays = lambda tree: jax.tree.map(jnp.asarray, tree)  # noqa: E731
    result = clipped("adaptive", 0.1, as_arrays(gradient), as_arrays(params))
    for name in params:
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("name", "limit", "share"), [("global_norm", 0.01, 1), ("global_norm", 1e6, 0), ("none", 1.0, 0)]
)
def test_metrics_hold_the_norm_before_and_after_and_whether_it_was_clipped(started, name, limit, share):
    built, state, data = started(**{"optimizer.clip.name": name, "optimizer.clip.limit": limit})
    _, metrics = built.program.chunk(state, data, built.numbers, 3)
    np.testing.assert_array_equal(metrics["clipped"], [share] * 3)
    assert (metrics["grad_norm"] > 0.01).all()
    np.testing.assert_allclose(metrics["grad_norm_clipped"], [limit] * 3 if share else metrics["grad_norm"], rtol=1e-5)


def test_the_norm_is_that_of_the_whole_gradient(started):
    """Plain steps of gradient descent: the parameters move by rate times gradient."""
    fields = {"optimizer.name": "sgd", "optimizer.momentum": 0.0, "optimizer.clip.name": "none"}
    built, state, data = started(**fields)
    before = jax.tree.map(np.array, state.params)
    after, metrics = built.program.chunk(state, data, built.numbers, 1)
    moved = [np.asarray(a) - b for a, b in zip(jax.tree.leaves(after.params), jax.tree.leaves(before), strict=True)]
    norm = np.sqrt(sum(np.sum(m.astype(np.float64) ** 2) for m in moved)) / 0.01
    np.testing.assert_allclose(metrics["grad_norm"], [norm], rtol=1e-3)


def test_clipping_comes_before_the_optimiser(started):
    """Adam forgets the scale of a gradient, so clipping it changes next to nothing of the first step."""
    ends = []
    for limit in (1e6, 1e-3):
        built, state, data = started(**{"optimizer.clip.limit": limit, "optimizer.epsilon": 0.0})
        ends.append(built.program.chunk(state, data, built.numbers, 1)[0].params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *ends)


@pytest.mark.parametrize("limit", [0.0, -1.0])
def test_a_limit_must_be_above_zero(limit):
    with pytest.raises(UserError, match=f"optimizer.clip.limit={limit} must be above 0"):
        clipped("value", limit, GRADIENT)


def test_an_unknown_rule():
    with pytest.raises(UserError, match=r"optimizer.clip.name='norm' .*known: adaptive, global_norm, none, value"):
        clipped("norm", 1.0, GRADIENT)
