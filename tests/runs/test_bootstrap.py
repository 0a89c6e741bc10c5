"""The bootstrap interval covers what it should, and has the width that theory gives it."""

import numpy as np
import pytest

from rnn_research.runs.statistics import bootstrap_ratio


def test_coverage():
    """Of 300 experiments with 60 blocks of unequal size, about 95 % of the intervals hold the truth."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        sizes = rng.integers(50, 151, 60)
        sums = sizes * 2.0 + rng.normal(size=60) * np.sqrt(sizes)
        low, high = bootstrap_ratio(sums, sizes, draws=200, seed=seed)
        covered += low <= 2.0 <= high
    assert 0.90 <= covered / 300 <= 0.98


@pytest.mark.parametrize(("level", "z"), [(0.95, 1.96), (0.5, 0.674)])
def test_width(level, z):
    """Equal blocks: the interval is that of a mean, 2 z s / sqrt(N)."""
    values = np.random.default_rng(1).normal(5, 3, 400)
    low, high = bootstrap_ratio(values, np.ones(400), draws=4000, level=level)
    assert high - low == pytest.approx(2 * z * values.std() / 20, rel=0.08)
    assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.03)


def test_blocks_count_by_their_size():
    """A ratio of sums, not a mean of ratios: the empty block does not matter, the tiny one hardly."""
    low, high = bootstrap_ratio(np.array([200.0, 200.0, 200.0, 9.0, 0.0]), np.array([100, 100, 100, 1, 0]), draws=500)
    assert 2 <= low <= high < 2.3


def test_one_block_is_a_point():
    assert bootstrap_ratio(np.array([3.0]), np.array([2.0])) == (1.5, 1.5)


def test_the_same_numbers_give_the_same_interval():
    values = np.random.default_rng(2).normal(size=50)
    assert bootstrap_ratio(values, np.ones(50)) == bootstrap_ratio(values, np.ones(50))


def test_sums_of_every_batch_and_stream_are_one_row_of_blocks():
    values = np.random.default_rng(2).normal(size=(5, 10))
    assert bootstrap_ratio(values, np.ones((5, 10))) == bootstrap_ratio(values.ravel(), np.ones(50))
