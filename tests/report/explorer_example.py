"""A made-up network over a real module of the standard library: smooth walks, and a few units that mean something."""

from pathlib import Path

import numpy as np

from rnn_research.concepts.labelling import labels as labels_of
from rnn_research.report.explorer.data import ExplorerData, Labels, likeliest, quantised

HOSTILE = (
    "</script><script>document.title='broken'</script><!-- & \" ' <b> \x00\t\x7f \udcff é 漢 😀 ‮ a\u0301 {{META}}\n"
)
STRING, LINE, BRACKETS = "layer2.c[3]", "layer1.c[5]", "layer2.h[7]"


def standard_library(length: int) -> str:
    """The beginning of a real module."""
    import argparse

    return Path(argparse.__file__).read_text(encoding="utf-8")[:length]


def walks(seed: int, text: str, hidden: int, kept: float, jump: float) -> np.ndarray:
    """Walks that forget, each with an answer of its own to every character, ``[N, H]``; a sixth of them is slow."""
    rng = np.random.default_rng(seed)
    answers_VH = rng.normal(size=(128, hidden)).astype(np.float32) * jump
    answers_VH[:, ::6] *= 0.1
    kept_H = np.full(hidden, kept, np.float32)
    kept_H[::6] = 0.98
    value_NH, state_H = np.empty((len(text), hidden), np.float32), np.zeros(hidden, np.float32)
    noise_NH = rng.normal(size=(len(text), hidden)).astype(np.float32) * 0.1
    for n, character in enumerate(text):
        state_H = kept_H * state_H + answers_VH[ord(character) % 128] + noise_NH[n]
        value_NH[n] = state_H
    return value_NH


def example(text: str, hidden: int = 32, *, gates: bool = True) -> ExplorerData:
    """Two layers with ``h`` and ``c``; three planted units, their labels, and entries as a study writes them."""
    rng = np.random.default_rng(0)
    found = {concept.name: concept for concept in labels_of(text, ["python"])}
    column_N = np.array([n - text.rfind("\n", 0, n) - 1 for n in range(len(text))])
    string_N = found["python.in_string"].labels_N
    depth_N = found["python.nesting_depth"].labels_N

    values = {(l, "c"): walks(l, text, hidden, 0.8, 0.7) for l in range(2)}
    values |= {(l, "h"): np.tanh(values[l, "c"]) * rng.uniform(0.2, 1, (len(text), hidden)) for l in range(2)}
    values[1, "c"][:, 3] = 2.0 * string_N - 1 + 0.2 * rng.normal(size=len(text))
    values[0, "c"][:, 5] = np.minimum(column_N, 80) / 10 - 3 + 0.2 * rng.normal(size=len(text))
    values[1, "h"][:, 7] = np.tanh(0.6 * depth_N + 0.15 * rng.normal(size=len(text)))
    activations = {where: quantised(value_NH) for where, value_NH in sorted(values.items())}
    if gates:
        for gate, about in (("i", 0.2), ("f", 0.9), ("o", 0.5)):
            open_N2 = np.clip(about + 0.15 * rng.normal(size=(len(text), 2)), 0, 1)
            activations[1, gate] = quantised(open_N2, units=[3, 7], scale=1.0)

    vocabulary = sorted(set(text))
    score_NV = rng.normal(size=(len(text), len(vocabulary)))
    following_N = [vocabulary.index(character) for character in (*text[1:], "\n" if "\n" in text else text[0])]
    score_NV[np.arange(len(text)), following_N] += rng.normal(3, 2, len(text))
    p_NV = np.exp(score_NV)
    shown = {
        "python.in_string": Labels("binary", string_N),
        "python.nesting_depth": Labels("count", depth_N),
        "python.token": Labels("categorical", found["python.token"].labels_N, found["python.token"].classes),
        "python.in_comment": Labels("binary", found["python.in_comment"].labels_N),
        "column": Labels("count", column_N),
    }
    return ExplorerData(
        title="2 x 512 lstm on the standard library",
        text=text,
        activations=activations,
        guesses=likeliest(p_NV / p_NV.sum(1, keepdims=True), vocabulary),
        concepts=[
            entry("python.in_string", "binary", "single cell", STRING, 0.984, int(string_N.sum())),
            entry("python.nesting_depth", "count", "few cells", BRACKETS, 0.713, int((depth_N > 0).sum())),
            entry("column", "count", "single cell", LINE, 0.962, len(text)),
            entry("python.token", "categorical", "distributed", "layer1.h[0]", 0.41, len(text)),
            entry("python.in_comment", "binary", "absent", "layer1.h[2]", 0.58, 120),
        ],
        labels=shown,
        facts={"run": "runs/example", "corpus": "argparse.py", "command": "python -m experiments.interpretable_cells"},
    )


STATISTIC = {"binary": "auc", "count": "r2", "categorical": "mutual_information"}
REASONS = {
    "single cell": "one unit carries it alone: no other comes near, and the untrained network has none like it",
    "few cells": "no unit carries it alone, and four together do",
    "distributed": "all units together carry it, and no few of them do",
    "absent": "the whole network tells no more than the last characters do",
}


def entry(concept: str, kind: str, verdict: str, unit: str, confirm: float, positives: int) -> dict:
    """A concept's results as the study writes them."""
    layer, rest = unit.split(".")
    quantity = rest.split("[")[0]
    others = [f"{layer}.{quantity}[{index}]" for index in (1, 2, 4, 6, 8, 9, 10, 11, 12)]
    return {
        "concept": concept,
        "kind": kind,
        "positives": positives,
        "verdict": verdict,
        "reason": REASONS[verdict],
        "best": {
            "unit": unit,
            "statistic": STATISTIC[kind],
            "select": confirm + 0.003,
            "confirm": confirm,
            "sign": 1,
            "threshold": 0.12 if kind == "binary" else None,
            "mcc": 0.91 if kind == "binary" else None,
            "point_biserial": 0.88 if kind == "binary" else None,
            "spearman": None if kind == "binary" else 0.83,
        },
        "ranking": [
            {"unit": each, "confirm": confirm * (1 if each == unit else 0.8 - 0.02 * k)}
            for k, each in enumerate([unit, *others])
        ],
        "controls": {
            "untrained": 0.61,
            "last_characters": 0.74,
            "shifted_p": 0.005,
            "probe_all": 0.991,
            "probe_few": {"k": 4, "score": 0.987},
        },
        "effect": {"clamped_on": {"delta_nats": 0.41, "low95": 0.37, "high95": 0.45}, "p_quote_ratio": 14.2},
        "closing": {
            "unit": unit,
            "kind": "clamp",
            "value": -0.87,
            "bins": [
                {
                    "nearest": 1,
                    "farthest": 4,
                    "inside": {"positions": 1236, "plain": 0.131, "intervened": 0.125},
                    "at_end": {"positions": 75, "plain": 0.712, "intervened": 0.118},
                },
                {
                    "nearest": 5,
                    "farthest": None,
                    "inside": {"positions": 40, "plain": 0.05, "intervened": 0.06},
                    "at_end": {"positions": 0, "plain": None, "intervened": None},
                },
            ],
        },
    }
