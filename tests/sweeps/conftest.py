"""Small sweeps of a task that trains in a moment; commands are run as processes."""

import sys
from pathlib import Path

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache
from ml_collections import ConfigDict

sys.path.insert(0, str(Path(__file__).parents[1] / "commands"))
sys.path.insert(0, str(Path(__file__).parents[1] / "resume"))

from processes import call, text, tiny

from rnn_research.config.flat import flatten
from rnn_research.training.defaults import defaults

__all__ = ["call", "text", "tiny"]


@pytest.fixture
def fields() -> dict:
    """The fields of a config, flat, with their defaults."""
    return flatten(defaults("adding"))


def small_config() -> ConfigDict:
    """The adding problem, ten steps long."""
    config = defaults("adding")
    config.task.update({"length": 10, "batch_size": 8, "evaluation_sequences": 32})
    config.model.update({"hidden": 6, "cell": "gru"})
    config.training.update({"steps": 12, "log_every": 2})
    config.evaluation.update({"every": 4, "batch_size": 16})
    return config


@pytest.fixture(scope="module")
def small() -> ConfigDict:
    return small_config()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def quick_compilation(compiled: Path):
    """Packs of one shape are compiled once for all tests, in half the time; the numbers are the same to rounding."""
    jax.config.update("jax_disable_most_optimizations", True)
    changes = {
        "jax_compilation_cache_dir": str(compiled),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in changes}
    use_cache(changes)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    use_cache(before)


def use_cache(settings: dict) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
