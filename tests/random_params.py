"""Models whose numbers are random, and programs that are compiled quickly: fixtures of who tests many tiny ones."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.models import Model


@pytest.fixture(autouse=True)
def quick_compilation():
    """Halves their time; the numbers are the same to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def draw():
    """``draw(model, starts)``: parameters in which every number is random, without compiling an initialiser."""

    def parameters(model: Model, starts: Any) -> Any:
        rng = np.random.default_rng(0)
        shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), starts))
        return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape), leaf.dtype), shapes)

    return parameters
