"""As the tests of models: tiny programs, random numbers."""

from tests.random_params import draw, quick_compilation

__all__ = ["draw", "quick_compilation"]
