"""Bytes that a backward pass over T steps needs beside its inputs and results, as the compiler lays them out.

Each form of ours beside ``flax.linen``, for an LSTM, forward + backward; the
last columns are times at one T, in turn, since what is not kept is computed
again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from experiments.benchmarks.case import Case, Shape
from experiments.benchmarks.peers import BOTH, FORMS, Core, both_of, flax_linen, inputs_of, ours, passes
from experiments.benchmarks.suite import Options, Say
from experiments.benchmarks.tables import between, number, table
from experiments.benchmarks.timing import interleaved, spread

B, H = 32, 128
TIMES = (100, 400, 1600, 6400)
TIMED = 400
SECONDS = 4.0
BUILDERS: dict[str, Callable[[Case], Core]] = {
    **{f"ours, {form}": partial(ours, fields) for form, fields in FORMS.items()},
    **{f"ours, fast, remat {remat}": partial(ours, {"form": "fast", "remat": remat}) for remat in ("gates", "sqrt")},
    "flax.linen": flax_linen,
}


def measure(options: Options, say: Say, times: tuple[int, ...] = TIMES, timed: int = TIMED) -> dict[str, Any]:
    """Bytes at every T, and milliseconds at ``timed``."""
    rows: dict[str, Any] = {}
    for who in BUILDERS:
        bytes_T = [temporary_bytes(who, T) for T in times]
        rows[who] = {"bytes": bytes_T}
        say(f"{who}: {', '.join(f'{number(n / 1e6)} MB at {T}' for n, T in zip(bytes_T, times, strict=True))}")
    case = Case("lstm", Shape(B, timed, H))
    functions = {who: passes(BUILDERS[who](case), case)[BOTH] for who in BUILDERS}
    for who, found in interleaved(functions, rounds=options.rounds, seconds=SECONDS).items():
        milliseconds = spread(found.seconds_R * 1e3)._asdict()
        rows[who] |= {f"milliseconds_{key}": value for key, value in milliseconds.items()}
    return {"B": B, "H": H, "T": list(times), "timed_T": timed, "rows": rows}


def temporary_bytes(who: str, T: int) -> int:
    """Of forward + backward."""
    case = Case("lstm", Shape(B, T, H))
    core = BUILDERS[who](case)
    x_TBD, dh_TBH = (jax.ShapeDtypeStruct(a.shape, jnp.float32) for a in inputs_of(case))
    analysed = both_of(core).lower(core.params, x_TBD, dh_TBH).compile().memory_analysis()
    return int(analysed.temp_size_in_bytes)


def shown(results: dict[str, Any]) -> str:
    """Megabytes, and the time at one T."""
    head = (
        f"LSTM, B {results['B']}, H {results['H']}",
        *(f"T {T}, MB" for T in results["T"]),
        f"T {results['timed_T']}, milliseconds [range]",
    )
    rows = [
        (who, *(number(n / 1e6) for n in row["bytes"]), between(row, "milliseconds"))
        for who, row in results["rows"].items()
    ]
    return table(head, rows)
