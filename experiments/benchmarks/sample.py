"""Symbols written per second by a 1 x 128 LSTM, one text and many side by side; PyTorch writes them in a loop."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from experiments.benchmarks import pytorch
from experiments.benchmarks.case import Case, Shape
from experiments.benchmarks.timing import Times, interleaved, speed, spread
from rnn_research.decoding.generate import Choice, generate, prime
from rnn_research.models import MODELS
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.training.defaults import defaults

V = 100
LENGTH = 4000
LOOP_LENGTH = 400  # that PyTorch writes in one turn
ROUNDS = 7
WAYS = {
    "one_text": (1, Choice()),
    "one_text_top_k": (1, Choice(top_k=20)),
    "one_text_top_p": (1, Choice(top_p=0.9)),
    "texts_32": (32, Choice()),
}
LOOPS = {"one_text": "pytorch_one_text", "texts_32": "pytorch_texts_32"}


def measure(rounds: int = ROUNDS, length: int = LENGTH, loop_length: int = LOOP_LENGTH) -> dict[str, Any]:
    """Median over rounds for each way of sampling, in turn, and the speed over PyTorch's where it is installed."""
    functions = {name: writer(texts, choice, length) for name, (texts, choice) in WAYS.items()}
    symbols = {name: texts * length for name, (texts, _) in WAYS.items()}
    hidden = defaults().model.hidden
    if not pytorch.missing():
        for name, loop in LOOPS.items():
            texts = WAYS[name][0]
            functions[loop] = pytorch.writer(Case("lstm", Shape(texts, loop_length, hidden), features=V))
            symbols[loop] = texts * loop_length
    found = interleaved(functions, rounds=rounds, seconds=60)
    per_symbol = {name: Times(t.first_call_s, t.seconds_R / symbols[name]) for name, t in found.items()}
    figures: dict[str, Any] = {"rounds": rounds}
    for name, times in per_symbol.items():
        figures[f"{name}_symbols_per_second_median"] = spread(1 / times.seconds_R).median
    for name, loop in LOOPS.items():
        if loop in per_symbol:
            faster = speed(per_symbol, name, loop)._asdict()
            figures |= {f"{name}_over_pytorch_{key}": value for key, value in faster.items()}
    return figures


def writer(texts: int, choice: Choice, length: int) -> Callable[[], Any]:
    """Writes ``length`` symbols in each text, in one compiled call."""
    config = defaults()
    model = MODELS["language_model"].build(config.model, interface(V))
    params = model.init(jax.random.key(0), config.model.init)
    start = prime(model, params, jnp.zeros(1, jnp.int32), texts)
    key = jax.random.key(1)
    return lambda: jax.block_until_ready(generate(model, params, start, key, length=length, choice=choice))
