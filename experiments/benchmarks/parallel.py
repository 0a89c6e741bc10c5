"""Parallel in time against the loop: where it wins (long sequences, small states, an accelerator) and where it loses.

Each case is one cell at one T, H and B, with D = H inputs and weights as they begin. Loop and parallel form run in
turn; a gradient is that of the mean square of all outputs by the parameters and the inputs, forward pass included.
Compilation is timed apart. On a CPU the sequences are shorter, since parallel forms of nonlinear cells only lose there.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CELLS, CellInit
from rnn_research.unroll import unroll
from rnn_research.unroll.parallel import Solver, unroll_parallel_reported

NAMES = ("elman", "gru", "lstm", "lru", "mingru", "minlstm")
ROUNDS = 5


class Case(NamedTuple):
    """What is measured side by side."""

    cell: str
    method: str
    T: int
    H: int
    B: int


def grid(backend: str) -> Iterator[Case]:
    """The cases for a kind of device, the shortest sequences first."""
    small = backend == "cpu"
    most = 2**22 if small else 2**28  # numbers in the Jacobians of all steps: with more, "deer" is left out
    for T in (256, 4096) if small else (1024, 16384):
        for H in (4, 32):
            for name in NAMES:
                if CELLS[name].linear is not None:
                    yield Case(name, "associative", T, H, B=1)
                    continue
                M = H * len(CELLS[name].initial_carry((1,)))
                if most >= T * M * M:
                    yield Case(name, "deer", T, H, B=1)
                if H > 4 or not small:
                    yield Case(name, "quasi", T, H, B=1)


def measure(rounds: int = ROUNDS, cases: tuple[Case, ...] | None = None) -> dict[str, Any]:
    """Milliseconds of both forms, their ratio round by round, and Newton's iterations; one entry a case."""
    measured = [_measure(case, rounds) for case in cases or tuple(grid(jax.default_backend()))]
    found: dict[str, Any] = {"rounds": rounds}
    for part in ("forward", "gradient"):
        speeds = [case[f"{part}_loop_over_parallel_median"] for case in measured]
        found[f"{part}_loop_over_parallel_most"] = max(speeds)
        found[f"{part}_loop_over_parallel_least"] = min(speeds)
    return found | {"cases": measured}


def _measure(case: Case, rounds: int) -> dict[str, Any]:
    cell = CELLS[case.cell]
    params = cell.init(jax.random.key(0), case.H, case.H, CellInit(), jnp.float32)
    x_TBD = jax.random.normal(jax.random.key(1), (case.T, case.B, case.H))
    carry = cell.initial_carry((case.B, case.H))

    def loop(params: Any, x_TBD: Any) -> Any:
        return unroll(cell, params, carry, x_TBD, form="auto")[1:]

    def parallel(params: Any, x_TBD: Any) -> Any:
        return unroll_parallel_reported(cell, params, carry, x_TBD, solver=Solver(case.method))[1:]

    def gradient(run: Callable[..., Any]) -> Callable[..., Any]:
        return jax.grad(lambda params, x_TBD: jnp.mean(run(params, x_TBD)[0] ** 2), argnums=(0, 1))

    programs, compiling = {}, {"loop": 0.0, "parallel": 0.0}
    for form, run in (("loop", loop), ("parallel", parallel)):
        for part, f in (("forward", run), ("gradient", gradient(run))):
            began = time.perf_counter()
            programs[form, part] = jax.jit(f).lower(params, x_TBD).compile()
            compiling[form] += time.perf_counter() - began
            jax.block_until_ready(programs[form, part](params, x_TBD))
    times: dict[tuple[str, str], list[float]] = {key: [] for key in programs}
    for _ in range(rounds):
        for key, program in programs.items():
            began = time.perf_counter()
            jax.block_until_ready(program(params, x_TBD))
            times[key].append(time.perf_counter() - began)

    _, report = programs["parallel", "forward"](params, x_TBD)
    found: dict[str, Any] = case._asdict()
    found["iterations"] = int(report.iterations.max())
    found["converged_share"] = float(report.converged.mean())
    for part in ("forward", "gradient"):
        ratio = np.array(times["loop", part]) / np.array(times["parallel", part])
        for form in ("loop", "parallel"):
            found[f"{part}_{form}_ms_median"] = float(np.median(times[form, part]) * 1e3)
        found[f"{part}_loop_over_parallel_median"] = float(np.median(ratio))
        found[f"{part}_loop_over_parallel_least"] = float(ratio.min())
        found[f"{part}_loop_over_parallel_most"] = float(ratio.max())
    return found | {f"{form}_compile_seconds": seconds for form, seconds in compiling.items()}


def table(results: dict[str, Any]) -> str:
    """The cases as Markdown; above 1 the parallel form is the faster one."""
    lines = [
        "| cell | method | T | H | B | iterations | forward: loop, parallel (ms) | loop / parallel [range] "
        "| with gradient: loop, parallel (ms) | loop / parallel [range] | compilation: loop, parallel (s) |",
        "|---" * 11 + "|",
    ]
    for case in results["cases"]:
        rounds = f"{case['iterations']}" + ("" if case["converged_share"] == 1 else " (then the loop)")
        row = [case["cell"], case["method"], case["T"], case["H"], case["B"], rounds]
        for part in ("forward", "gradient"):
            row.append(f"{case[f'{part}_loop_ms_median']:.3g}, {case[f'{part}_parallel_ms_median']:.3g}")
            ratio = [case[f"{part}_loop_over_parallel_{which}"] for which in ("median", "least", "most")]
            row.append(f"{ratio[0]:.2g} [{ratio[1]:.2g}, {ratio[2]:.2g}]")
        row.append(f"{case['loop_compile_seconds']:.1f}, {case['parallel_compile_seconds']:.1f}")
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)
