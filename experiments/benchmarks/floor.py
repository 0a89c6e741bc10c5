"""The least time that work can take on this machine: what lies above it is what could still be gained."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments.benchmarks import pytorch
from experiments.benchmarks.case import Work
from experiments.benchmarks.timing import interleaved

LAUNCHES = 1000


class Machine(NamedTuple):
    """The best rates that were seen here.

    Attributes:
      operations_per_second: of one big square product, the faster of JAX and PyTorch.
      bytes_per_second: read and written by adding one to an array that no cache holds.
      seconds_per_launch: one step of a loop that does next to nothing.
    """

    operations_per_second: float
    bytes_per_second: float
    seconds_per_launch: float

    def __str__(self) -> str:
        return (
            f"this machine: {self.operations_per_second / 1e9:,.0f} GFLOP/s in one big product, "
            f"{self.bytes_per_second / 1e9:,.1f} GB/s, {self.seconds_per_launch * 1e6:.2f} us a step of an empty loop"
        )


class Floor(NamedTuple):
    """A time, and what sets it: operations, bytes or launches."""

    seconds: float
    by: str


def machine(dtype: str = "float32", rounds: int = 15) -> Machine:
    """Measures it; the best of the rounds counts, since noise only adds."""
    n, numbers = (2048, 2**25) if jax.default_backend() == "cpu" else (8192, 2**28)
    functions = {"product": _product(n, dtype), "addition": _addition(numbers), "launches": _launches()}
    if not pytorch.missing():
        functions["product in PyTorch"] = pytorch.product(n, dtype)
    times = interleaved(functions, rounds=rounds, seconds=4)
    best = {name: float(t.seconds_R.min()) for name, t in times.items()}
    product = min(best["product"], best.get("product in PyTorch", best["product"]))
    return Machine(2 * n**3 / product, 2 * 4 * numbers / best["addition"], best["launches"] / LAUNCHES)


def floor(work: Work, here: Machine) -> Floor:
    """The largest of the three limits.

    A kernel that stays on the device for all time steps may come below the
    launches, and a cache below the bytes; nothing comes below the operations.
    """
    limits = {
        "operations": work.operations / here.operations_per_second,
        "bytes": work.bytes / here.bytes_per_second,
        "launches": work.steps * here.seconds_per_launch,
    }
    by = max(limits, key=limits.__getitem__)
    return Floor(limits[by], by)


def _product(n: int, dtype: str) -> Callable[[], Any]:
    a = jax.random.normal(jax.random.key(0), (n, n), dtype)
    square = jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(square(a, a))


def _addition(numbers: int) -> Callable[[], Any]:
    a = jnp.zeros(numbers)
    add = jax.jit(lambda a: a + 1)
    return lambda: jax.block_until_ready(add(a))


def _launches() -> Callable[[], Any]:
    @jax.jit
    def walk(h: jax.Array, x_T: jax.Array) -> Any:
        return jax.lax.scan(lambda h, x: (jnp.tanh(h + x), None), h, x_T)[0]

    h, x_T = jnp.zeros(8), jnp.zeros(LAUNCHES)
    return lambda: jax.block_until_ready(walk(h, x_T))
