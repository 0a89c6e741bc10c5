"""Symbols written per second by a 1 x 128 LSTM: one text, and many side by side."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.models import MODELS
from rnn_research.models.generate import Choice, generate, prime
from rnn_research.training.defaults import defaults

V = 100
LENGTH = 4000
ROUNDS = 7


def measure(rounds: int = ROUNDS, length: int = LENGTH) -> dict[str, Any]:
    """Median over rounds for each way of sampling, in turn."""
    config = defaults()
    model = MODELS["language_model"](config.model, V, V)
    params = model.init(jax.random.key(0), config.model.init)
    cases = {
        "one_text": (1, Choice()),
        "one_text_top_k": (1, Choice(top_k=20)),
        "one_text_top_p": (1, Choice(top_p=0.9)),
        "texts_32": (32, Choice()),
    }
    starts = {name: prime(model, params, jnp.zeros(1, jnp.int32), n) for name, (n, _) in cases.items()}

    def write(name: str) -> float:
        n, choice = cases[name]
        began = time.perf_counter()
        jax.block_until_ready(generate(model, params, starts[name], jax.random.key(1), length=length, choice=choice))
        return n * length / (time.perf_counter() - began)

    for name in cases:
        write(name)
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name in cases:
            speeds[name].append(write(name))
    return {f"{name}_symbols_per_second_median": float(np.median(values)) for name, values in speeds.items()}
