"""The losses of four runs, step by step, through the door that commands use; made anew by

    python -m tests.training.golden_runs

which is right only where training is meant to differ from here on: the commit that does it says why.
"""

import json
import tempfile
from pathlib import Path

import jax
from ml_collections import ConfigDict

from configs import adding, demo, hello
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.pack import Entry, train_pack
from rnn_research.training.train import train

FILE = Path(__file__).parent / "golden_losses.json"
STEPS = {"float64": 200, "float32": 20}
MEMBERS = ({"seed": 0}, {"seed": 1}, {"seed": 0, "optimizer.learning_rate": 1e-2}, {"model.init.forget_bias": 2.0})
SENTENCES = " ".join(f"{n} times {n + 7} is {n * (n + 7)}." for n in range(2000))


def configs() -> dict[str, list[ConfigDict]]:
    """The demo (of a text that is the same for every Python), the lecture's hello, adding, and a pack of four."""
    of_text = demo.get_config()
    of_text.task.text = SENTENCES
    numbers = adding.get_config()
    numbers.task.update({"length": 40, "evaluation_sequences": 32})
    members = []
    for overrides in MEMBERS:
        member = ConfigDict(of_text.to_dict())
        member.task.update({"batch_size": 4, "chunk_length": 20})
        member.model.update({"hidden": 8, "layers": 2, "dropout": 0.1})
        member.update_from_flattened_dict(overrides)
        members.append(member)
    return {"demo": [of_text], "hello": [hello.get_config()], "adding": [numbers], "packed": members}


def losses(name: str, dtype: str, folder: Path) -> list[list[float]]:
    """Of each member, step by step."""
    entries = []
    for m, config in enumerate(configs()[name]):
        config.training.update({"steps": STEPS[dtype], "log_every": 1, "dtype": dtype, "patience": 0})
        config.evaluation.update({"every": 0, "sample_length": 0, "show_scores": False})
        entries.append(Entry(f"{m}", config, RunDirectory(folder / f"{m}"), {}))
    if len(entries) > 1:
        train_pack(entries)
    else:
        train(entries[0].config, entries[0].directory, {})
    return [of_run(entry.directory) for entry in entries]


def of_run(directory: RunDirectory) -> list[float]:
    records = [json.loads(line) for line in directory.metrics.read_text().splitlines()]
    return [record["loss"] for record in records if record["kind"] == "train"]


def main() -> None:
    """Writes them down."""
    found: dict[str, dict[str, list[list[float]]]] = {name: {} for name in configs()}
    for dtype in STEPS:
        for name in found:
            with jax.enable_x64(dtype == "float64"), tempfile.TemporaryDirectory() as folder:
                found[name][dtype] = losses(name, dtype, Path(folder))
            print(name, dtype, found[name][dtype][0][-1], flush=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
