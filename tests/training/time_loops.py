"""Prints where the compiled program of a chunk of training sums over devices. Run by ``test_all_reduce`` with two."""

import json
import re
import sys

from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.machines import devices


def compiled(form: str) -> str:
    """The program of two steps of training, its batch spread over all devices."""
    config = defaults()
    config.task.update({"text": "the quick brown fox jumps over the lazy dog; " * 12, "batch_size": 4})
    config.task.update({"chunk_length": 6, "validation_fraction": 0.1, "test_fraction": 0.1})
    config.model.update({"cell": "lstm_peephole", "hidden": 8, "unroll": form})
    config.training.update({"steps": 2, "log_every": 2})
    built = build(config)
    state = built.program.init(built.numbers)
    split = built.task.splits["train"]
    state = devices.spread_state(devices.mesh(), state)
    data = devices.spread_data(devices.mesh(), split.data, split.batch_axis)
    return built.program.chunk.lower(state, data, built.numbers, 2).compile().as_text()


def sums(program: str) -> tuple[int, int]:
    """How many all-reduces stand in the innermost loops, and how many elsewhere."""
    bodies = {}
    for text in re.split(r"\n(?=%|ENTRY)", program):
        name = re.match(r"(?:ENTRY )?%([\w.\-]+)", text)
        if name:
            bodies[name[1]] = text
    loops = {body: bodies[body] for body in re.findall(r"body=%([\w.\-]+)", program)}
    innermost = [text for text in loops.values() if " while(" not in text]
    count = lambda text: len(re.findall(r" all-reduce(?:-start)?\(", text))  # noqa: E731
    inside = sum(map(count, innermost))
    return inside, count(program) - inside


if __name__ == "__main__":
    print(json.dumps({form: sums(compiled(form)) for form in sys.argv[1:]}))
