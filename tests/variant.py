"""The suite once more with other numbers: ``pytest --variant=N`` shifts every seed by N and shuffles files and tests.

What is true of the mathematics holds for any data, on any processor and in any order;
a test that fails under one N has asserted something of the data it was written with.
Tests marked ``golden`` hold numbers of one seed and are left out.
"""

import random

import jax
import numpy as np
import pytest


def add_option(parser: pytest.Parser) -> None:
    parser.addoption(
        "--variant", type=int, default=0, help="shift the seeds of the tests' data, and shuffle; 0: neither"
    )


def shift_seeds(variant: int) -> None:
    """Every key and generator that is made from a whole number is made from another one."""
    key, default_rng = jax.random.key, np.random.default_rng

    def shifted_key(seed, **options):
        return key(seed + 7919 * variant, **options)

    def shifted_rng(seed=None):
        return default_rng(seed + 7919 * variant if isinstance(seed, int) else seed)

    jax.random.key, np.random.default_rng = shifted_key, shifted_rng


def shuffle(items: list[pytest.Item], variant: int) -> None:
    """Files in another order, and the tests within each; a file stays together, since its fixtures are shared."""
    draw = random.Random(variant)
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("golden"):
            item.add_marker(pytest.mark.skip(reason="golden numbers are of one seed"))
        files.setdefault(str(item.path), []).append(item)
    names = list(files)
    draw.shuffle(names)
    for name in names:
        draw.shuffle(files[name])
    items[:] = [item for name in names for item in files[name]]
