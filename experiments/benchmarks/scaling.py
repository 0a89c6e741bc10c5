"""How cost grows: an LSTM's forward + backward against its sizes, training steps against seeds and devices.

Every size is varied from one base, everything of a panel in turn. The exponent
is the slope of log time against log size over the upper half of the sizes.
"""

from typing import Any

import numpy as np

from experiments.benchmarks import devices, pytorch
from experiments.benchmarks.case import Case, Shape
from experiments.benchmarks.comparison import PYTORCH, Run
from experiments.benchmarks.peers import BOTH, OURS, PEERS, passes
from experiments.benchmarks.suite import Options, Say
from experiments.benchmarks.tables import number, table
from experiments.benchmarks.timing import interleaved, spread

BASE = Shape(32, 100, 128)
SIZES = {
    "T": (25, 50, 100, 200, 400, 800),
    "B": (1, 4, 16, 64, 256),
    "H": (32, 64, 128, 256, 512),
    "L": (1, 2, 3, 4),
}
LABELS = {
    "T": "time steps",
    "B": "sequences in a batch",
    "H": "units",
    "L": "layers",
    "members": "seeds trained together",
    "devices": "devices",
}
MEDIAN = "milliseconds_median"
PAPER = 8  # devices up to which a line is drawn on paper
SECONDS = 5.0  # for the rounds of one panel


def measure(options: Options, say: Say) -> dict[str, Any]:
    """A panel for each size, then for seeds and for devices."""
    panels: dict[str, Any] = {}
    for letter, values in SIZES.items():
        panels[letter] = panel(letter, _against(letter, values, options.rounds))
        say(f"{LABELS[letter]}: {sentence(panels[letter])}")
    for name, lines in devices.lines(options.rounds).items():
        panels[name] = panel(name, lines)
        say(f"{LABELS[name]}: {sentence(panels[name])}")
    for found in panels["devices"]["lines"].values():
        found["on_paper"] = on_paper(found)
    return {"base": BASE._asdict(), "panels": panels}


def _against(letter: str, values: tuple[int, ...], rounds: int) -> dict[str, dict[int, np.ndarray]]:
    functions: dict[tuple[str, int], Run] = {}
    for value in values:
        case = Case("lstm", BASE._replace(**{letter: value}))
        functions[OURS, value] = passes(PEERS[OURS].build(case), case)[BOTH]
        if not pytorch.missing():
            functions[PYTORCH, value] = pytorch.passes(case)[BOTH]
    times = interleaved(functions, rounds=rounds, seconds=SECONDS)
    lines: dict[str, dict[int, np.ndarray]] = {}
    for (who, value), found in times.items():
        lines.setdefault(who, {})[value] = found.seconds_R
    return lines


def panel(name: str, lines: dict[str, dict[int, np.ndarray]]) -> dict[str, Any]:
    """One panel, ready for JSON."""
    return {"label": LABELS[name], "lines": {who: line(points) for who, points in lines.items()}}


def line(points: dict[int, np.ndarray]) -> dict[str, Any]:
    """Times against a size, with the exponent where there are two points."""
    spreads = [spread(seconds_R * 1e3) for seconds_R in points.values()]
    medians = [s.median for s in spreads]
    found = {
        "at": list(points),
        MEDIAN: medians,
        "milliseconds_least": [s.least for s in spreads],
        "milliseconds_most": [s.most for s in spreads],
    }
    return found if len(points) < 2 else {**found, "exponent": exponent(list(points), medians)}


def exponent(at: list[int], values: list[float]) -> float:
    """Slope of log value against log size, by least squares over the upper half (two points at least)."""
    half = min(len(at) // 2, len(at) - 2)
    return float(np.polyfit(np.log(at[half:]), np.log(values[half:]), 1)[0])


def on_paper(found: dict[str, Any], most: int = PAPER) -> dict[str, Any]:
    """Times on more devices by Amdahl's law, from one and from all that there are; empty where those are no faster."""
    last, one, all_ = found["at"][-1], found[MEDIAN][0], found[MEDIAN][-1]
    if last == 1 or all_ >= one:
        return {}
    alone = max(0.0, (all_ / one - 1 / last) / (1 - 1 / last))  # share that is not split
    at = [last * 2**k for k in range(most.bit_length()) if last * 2**k <= most]
    return {"at": at, "milliseconds": [one * (alone + (1 - alone) / n) for n in at]}


def sentence(panel: dict[str, Any]) -> str:
    """The exponents of its lines."""
    return ", ".join(
        f"{who} ~ size^{found['exponent']:.2f}" for who, found in panel["lines"].items() if "exponent" in found
    )


def shown(results: dict[str, Any]) -> str:
    """A table for each panel."""
    parts = [f"Base: BxTxH {Shape(**results['base'])}, LSTM, forward + backward; milliseconds, median of the rounds."]
    for panel in results["panels"].values():
        at = sorted({value for found in panel["lines"].values() for value in found["at"]})
        rows = []
        for who, found in panel["lines"].items():
            here = dict(zip(found["at"], found[MEDIAN], strict=True))
            slope = f"{found['exponent']:.2f}" if "exponent" in found else "-"
            rows.append((who, *(number(here[value]) if value in here else "-" for value in at), slope))
        parts.append(table((panel["label"], *map(str, at), "exponent"), rows))
    return "\n\n".join(parts)
