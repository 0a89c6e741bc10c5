"""What all tests share: run-time type checks of the code under test, 64-bit numbers on request, every cell."""

import importlib.metadata
import os
import signal

import jax
import psutil
import pytest
from jaxtyping import install_import_hook

# Compiling is most of what these tests do. Before 0.11 XLA has an older way beside its own, which takes a third less
# time in all; later there is but the one, and with that everything is tested on Python 3.12. Commands take the default.
if importlib.metadata.version("jaxlib").startswith("0.10."):
    os.environ["XLA_FLAGS"] = f"--xla_cpu_use_fusion_emitters=false {os.environ.get('XLA_FLAGS', '')}"

# Before the first import of the package: every annotation is then checked at every call.
# The numeric tower is Python's own rule that an int will do where a float is asked for.
install_import_hook("rnn_research", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

from rnn_research.cells import CELLS, Cell  # noqa: E402
from tests import variant  # noqa: E402

# On accelerators float32 products are rounded otherwise, and no oracle then agrees to 1e-5.
jax.config.update("jax_default_matmul_precision", "highest")


def pytest_addoption(parser: pytest.Parser) -> None:
    variant.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    # Tests that hang up on a process start it from this one: under nohup they would inherit that hang-ups are ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if number := config.getoption("--variant"):
        variant.shift_seeds(number)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if number := config.getoption("--variant"):
        variant.shuffle(items, number)


MOST_BYTES = 2.5e9  # of memory that a process of tests may hold before it lets go of its compiled programs


@pytest.fixture(autouse=True, scope="module")
def _let_go():
    """Several processes of tests fit a laptop: programs of earlier files are hardly ever used again."""
    yield
    if psutil.Process().memory_info().rss > MOST_BYTES:
        jax.clear_caches()


@pytest.fixture(params=list(CELLS))
def cell(request: pytest.FixtureRequest) -> Cell:
    """Every cell of the registry in turn, so that a new one is held to the contracts at once."""
    return CELLS[request.param]


@pytest.fixture
def x64():
    """64-bit numbers for the length of a test."""
    with jax.enable_x64(True):
        yield
