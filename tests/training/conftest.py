"""Small runs, built in this process. They compile many tiny programs and run each for microseconds."""

import jax
import pytest
from ml_collections import ConfigDict

from rnn_research.training.build import build
from rnn_research.training.defaults import defaults

TEXT = "the quick brown fox jumps over the lazy dog; " * 12


@pytest.fixture(autouse=True)
def quick_compilation():
    """Halves the time; the numbers are the same to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def tiny():
    """``tiny(**{"model.hidden": 3})``: the config of a small run, with fields changed."""

    def config(**fields) -> ConfigDict:
        c = defaults()
        c.task.update(
            {"text": TEXT, "batch_size": 4, "chunk_length": 6, "validation_fraction": 0.1, "test_fraction": 0.1}
        )
        c.model.update({"cell": "elman", "hidden": 5})
        c.model.init.update({"input": "normal", "recurrent": "normal", "output": "normal", "recurrent_scale": 0.4})
        c.optimizer.learning_rate = 0.01
        c.training.update({"steps": 6, "log_every": 3})
        c.evaluation.update({"every": 0, "batch_size": 2, "sample_length": 0})
        c.update_from_flattened_dict(fields)
        return c

    return config


@pytest.fixture
def started(tiny):
    """``started(**fields)``: all that a config asks for, its initial state, and its training data."""

    def start(**fields):
        config = tiny(**fields)
        built = build(config)
        state = jax.jit(lambda: built.program.init(built.numbers))()
        return built, state, built.task.splits["train"].data

    return start


@pytest.fixture(autouse=True)
def float32_again():
    """A float64 run switches 64-bit numbers on for its process: off again for the next test."""
    yield
    jax.config.update("jax_enable_x64", False)
