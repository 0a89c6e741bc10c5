"""What the studies compute is compiled quickly: compilation is most of their time at these sizes."""

import jax
import pytest


@pytest.fixture(autouse=True, scope="package")
def quick_compilation():
    """For the fixtures too; the numbers are the same to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
