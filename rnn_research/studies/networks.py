"""The networks that the studies set side by side, each as what it changes of a config."""

from collections.abc import Iterable
from typing import Any

from rnn_research.training.numbers import FREE

NETWORKS: dict[str, dict[str, Any]] = {
    # Glorot's gain 1 puts the spectral radius of the recurrent matrix near 1 (circular law).
    "elman": {"model.cell": "elman", "model.init.recurrent": "glorot"},
    "elman_orthogonal": {"model.cell": "elman", "model.init.recurrent": "orthogonal"},
    "elman_relu": {"model.cell": "elman_relu", "model.init.recurrent": "orthogonal"},
    # Le, Jaitly and Hinton 2015: identity, zero biases, small inputs.
    "irnn": {
        "model.cell": "elman_relu",
        "model.init.recurrent": "identity",
        "model.init.input": "normal",
        "model.init.input_scale": 0.001,
        "model.init.output": "normal",
        "model.init.output_scale": 0.001,
    },
    "gru": {"model.cell": "gru"},
    "lstm_forget_bias_0": {"model.cell": "lstm", "model.init.forget_bias": 0.0},
    "lstm_forget_bias_1": {"model.cell": "lstm", "model.init.forget_bias": 1.0},
    "lstm_forget_bias_2": {"model.cell": "lstm", "model.init.forget_bias": 2.0},
}


def one_program(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups networks that differ in ``FREE`` numbers alone: each group is one compiled program."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name in names:
        shape = tuple(sorted((field, value) for field, value in NETWORKS[name].items() if field not in FREE))
        groups.setdefault(shape, []).append(name)
    return [tuple(group) for group in groups.values()]
