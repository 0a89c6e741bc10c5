"""Results of libraries side by side: the rows of a case, who is left out, and the tables.

A comparison holds ``cases``; a case holds ``passes`` (forward, a training step
...); a pass holds its floor and a row for everyone.
"""

import importlib.metadata
from collections.abc import Callable, Mapping
from typing import Any

import jax

from experiments.benchmarks import pytorch
from experiments.benchmarks.case import Case, Work
from experiments.benchmarks.floor import Machine, floor
from experiments.benchmarks.peers import OURS, PEERS, candidates
from experiments.benchmarks.tables import between, number, table
from experiments.benchmarks.timing import interleaved, speed, spread

PYTORCH = "PyTorch"

Run = Callable[[], Any]


def left_out() -> dict[str, str]:
    """Who cannot be measured here, and why."""
    reasons = {**{who: peer.missing() for who, peer in candidates().items()}, PYTORCH: pytorch.missing()}
    return {who: reason for who, reason in reasons.items() if reason}


def versions() -> dict[str, str]:
    """Of the packages that are there."""
    there = {distribution.name for distribution in importlib.metadata.distributions()}
    packages = dict.fromkeys([*(peer.package for peer in PEERS.values()), "torch"])
    return {name: importlib.metadata.version(name) for name in packages if name in there}


def pass_of(
    everyone: Mapping[str, Run], work: Work, here: Machine, rounds: int, seconds: float, steps: int = 1
) -> dict[str, Any]:
    """Everyone in every round.

    Args:
      everyone: by name; ``OURS`` among them.
      work: of one step.
      here: the machine.
      rounds: the most that are made.
      seconds: after which no further round begins.
      steps: that one call makes.
    """
    times = interleaved(everyone, rounds=rounds, seconds=seconds)
    least = floor(work, here)
    rows = {}
    for who, time in times.items():
        milliseconds = spread(time.seconds_R / steps * 1e3)
        rows[who] = {
            **{f"milliseconds_{key}": value for key, value in milliseconds._asdict().items()},
            "over_floor": milliseconds.median / 1e3 / least.seconds,
            **{f"speed_of_ours_{key}": value for key, value in speed(times, OURS, who)._asdict().items()},
            "first_call_seconds": time.first_call_s,
        }
    made = len(times[OURS].seconds_R)
    return {"floor_milliseconds": least.seconds * 1e3, "floor_by": least.by, "rounds": made, "rows": rows}


def results_of(here: Machine, cases: dict[str, Any]) -> dict[str, Any]:
    """A whole comparison, ready for JSON."""
    return {
        "machine": here._asdict(),
        "versions": versions(),
        "left_out": left_out(),
        "float32_products": "float32" if jax.default_backend() == "cpu" else "tf32",
        "reference": OURS,
        "cases": cases,
    }


def case_of(case: Case, passes: dict[str, Any]) -> dict[str, Any]:
    """One case, ready for JSON."""
    return {"cell": case.cell, **case.shape._asdict(), "D": case.D, "dtype": case.dtype, "passes": passes}


def sentence(pass_: dict[str, Any]) -> str:
    """Everyone's median on one line."""
    return ", ".join(f"{who} {number(row['milliseconds_median'])} ms" for who, row in pass_["rows"].items())


def shown(results: dict[str, Any]) -> str:
    """How many times as fast ours is as each of the others; then every case by itself."""
    cases, reference = results["cases"], results["reference"]
    parts = [str(Machine(**results["machine"])), *(f"{who}: {why}" for who, why in results["left_out"].items())]
    for name in dict.fromkeys(name for case in cases.values() for name in case["passes"]):
        parts += [
            f"### {name}: speed of {reference} over each, median of the rounds [range]",
            _speeds(cases, name, reference),
        ]
    for title, case in cases.items():
        parts += [f"### {title}", _case_table(case)]
    return "\n\n".join(parts)


def _speeds(cases: dict[str, Any], name: str, reference: str) -> str:
    rows_of = {title: case["passes"][name]["rows"] for title, case in cases.items()}
    others = [who for who in dict.fromkeys(who for rows in rows_of.values() for who in rows) if who != reference]
    rows = [
        (title, *(between(rows[who], "speed_of_ours") if who in rows else "-" for who in others))
        for title, rows in rows_of.items()
    ]
    return table(("cell BxTxH(xlayers)", *others), rows)


def _case_table(case: dict[str, Any]) -> str:
    rows = []
    for name, found in case["passes"].items():
        for who, row in found["rows"].items():
            over = f"{number(row['over_floor'])} ({found['floor_by']})"
            first = number(row["first_call_seconds"])
            rows.append((f"{name}: {who}", between(row, "milliseconds"), over, between(row, "speed_of_ours"), first))
    return table(("", "milliseconds [range]", "times the floor", "ours is faster by", "first call, s"), rows)
