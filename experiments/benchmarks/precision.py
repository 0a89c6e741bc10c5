"""What bfloat16 saves: products and layers beside the same in float32.

Products are taken of bfloat16 and summed in float32; all else stays in float32.
Where a processor has instructions for products of bfloat16, a product shows whether
XLA uses them: without them it has to widen the numbers first, and takes longer.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from experiments.benchmarks.case import BYTES, Case, Shape
from experiments.benchmarks.comparison import Run
from experiments.benchmarks.peers import BOTH, OURS, PEERS, passes
from experiments.benchmarks.tables import between, number, table
from experiments.benchmarks.timing import interleaved, speed

PRODUCTS = ((2048, 2048, 2048), (100, 512, 2048), (32, 128, 512))
SHAPES = (Shape(32, 100, 128), Shape(100, 100, 512))
CELLS = ("lstm", "gru")
SECONDS = 15.0
NAMES = ("amx_bf16", "avx512_bf16")


def measure(
    rounds: int,
    products: tuple[tuple[int, int, int], ...] = PRODUCTS,
    shapes: tuple[Shape, ...] = SHAPES,
) -> dict[str, Any]:
    """Both precisions in every round."""
    rows = {}
    for sizes in products:
        both = {dtype: product(*sizes, dtype) for dtype in BYTES}
        rows["product " + " x ".join(map(str, sizes))] = row_of(both, rounds)
    for case in (Case(cell, shape) for shape in shapes for cell in CELLS):
        both = {dtype: layer(case._replace(dtype=dtype)) for dtype in BYTES}
        rows[f"{case}, forward + backward"] = row_of(both, rounds)
    return {"instructions": instructions(), "rows": rows}


def row_of(both: dict[str, Run], rounds: int) -> dict[str, Any]:
    """Milliseconds of each, and how many times as fast bfloat16 is."""
    times = interleaved(both, rounds=rounds, seconds=SECONDS, least=3)
    faster = speed(times, "bfloat16", "float32")._asdict()
    milliseconds = {f"{dtype}_milliseconds": float(jnp.median(t.seconds_R)) * 1e3 for dtype, t in times.items()}
    return {**milliseconds, **{f"speed_of_bfloat16_{key}": value for key, value in faster.items()}}


def product(B: int, D: int, H: int, dtype: str) -> Run:
    """``[B, D] @ [D, H]``, summed in float32, a hundred times for a small one."""
    times = 1 if B * D * H > 2**30 else 100
    x_BD = jax.random.normal(jax.random.key(0), (B, D), dtype)
    w_DH = jax.random.normal(jax.random.key(1), (D, H), dtype)

    @jax.jit
    def products(x: jax.Array, w: jax.Array) -> jax.Array:
        def step(total: jax.Array, _: None) -> tuple[jax.Array, None]:
            # What came out goes into the next product, and all of it, so that nothing can be left out.
            y = jnp.matmul(x + total.astype(x.dtype), w, preferred_element_type=jnp.float32)
            return 1e-9 * y.max(), None

        return jax.lax.scan(step, jnp.float32(0), length=times)[0]

    return lambda: jax.block_until_ready(products(x_BD, w_DH))


def layer(case: Case) -> Run:
    """Forward and backward through our fast form."""
    return passes(PEERS[OURS].build(case), case)[BOTH]


def instructions() -> list[str]:
    """The processor's instructions for products of bfloat16, by the names that Linux gives them."""
    told = Path("/proc/cpuinfo")
    flags = told.read_text().split() if told.exists() else []
    return [name for name in NAMES if name in flags]


def shown(results: dict[str, Any]) -> str:
    """One row for each."""
    rows = [
        (
            name,
            number(row["float32_milliseconds"]),
            number(row["bfloat16_milliseconds"]),
            between(row, "speed_of_bfloat16"),
        )
        for name, row in results["rows"].items()
    ]
    there = ", ".join(results["instructions"]) or "none that is known"
    head = ("", "float32, ms", "bfloat16, ms", "bfloat16 is faster by [range]")
    return f"instructions of this processor for products of bfloat16: {there}\n\n{table(head, rows)}"
