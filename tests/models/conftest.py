"""These tests compile hundreds of tiny programs and run each for microseconds."""

from tests.random_params import draw, quick_compilation

__all__ = ["draw", "quick_compilation"]
