"""These tests compile hundreds of tiny programs and run each for microseconds."""

import jax
import pytest


@pytest.fixture(autouse=True)
def quick_compilation():
    """Halves their time; the numbers are the same to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
