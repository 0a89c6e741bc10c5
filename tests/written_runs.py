"""Run directories written by hand, as training leaves them, so that what is read from them is known."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CONFIG = {
    "seed": 0,
    "task": {"name": "adding", "length": 10},
    "model": {"name": "language_model", "cell": "lstm", "hidden": 16, "init": {"forget_bias": 1.0}},
    "optimizer": {"name": "adam", "learning_rate": 1e-3},
    "training": {"steps": 100},
    "analysis": {"gradient_flow": False},
}
PROVENANCE = {
    "command": "python -m experiments.train",
    "git": {"commit": "a" * 40, "dirty": False},
    "python": "3.11.0",
    "versions": {"jax": "0.10.2", "optax": "0.2.8"},
    "platform": "Linux",
    "processor": "a processor",
    "cores": 2,
    "backend": "cpu",
    "devices": ["cpu"],
    "corpus": {"task": "adding"},
}


def config_with(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The config with some fields changed, named as in ``model.cell``."""
    config = json.loads(json.dumps(CONFIG))
    for name, value in fields.items():
        *sections, last = name.split(".")
        place = config
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return config


def write_run(
    folder: Path,
    fields: Mapping[str, Any] | None = None,
    test: float | None = 0.1,
    curve: Iterable[float] = (0.5, 0.3),
    status: str = "done",
    **more: Any,
) -> Path:
    """One run: ``curve`` are its validation errors, every ten steps; the last of them is its validation score."""
    folder.mkdir(parents=True)
    curve = list(curve)
    (folder / "config.json").write_text(json.dumps(config_with(fields or {})))
    (folder / "provenance.json").write_text(json.dumps(PROVENANCE))
    records = []
    for number, value in enumerate(curve, 1):
        records.append({"step": 10 * number, "kind": "train", "loss": 2 * value, "grad_norm": 1.0})
        records.append({"step": 10 * number, "kind": "validation", "mean_squared_error": value})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    if status == "done":
        results = {"objective": "mean_squared_error", "step": 10 * len(curve), "parameters": 1000}
        results |= {"validation_mean_squared_error": curve[-1], "test_mean_squared_error": test, "wall_seconds": 2.0}
        (folder / "results.json").write_text(json.dumps({**results, **more}))
        (folder / "DONE").write_text("")
    if status == "failed":
        (folder / "FAILED").write_text("step 7: the loss is nan\n")
    return folder


def write_sweep(folder: Path, seeds: int = 3) -> Path:
    """Two cells at three rates: the GRU is better by 0.1 at every rate and seed, and 0.01 is the best rate of both."""
    for cell, better in (("lstm", 0.0), ("gru", 0.1)):
        for rate, error in ((1e-3, 0.5), (1e-2, 0.2), (1e-1, 0.7)):
            for seed in range(seeds):
                score = error - better + 0.01 * seed
                fields = {"model.cell": cell, "optimizer.learning_rate": rate, "seed": seed}
                parameters = 1233 if cell == "lstm" else 945
                run = folder / "runs" / f"{cell}-{rate:g}-{seed}"
                write_run(run, fields, score + 0.002, (1.0, 0.9, score), parameters=parameters)
    return folder
