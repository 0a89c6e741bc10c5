"""The cell study: finds the units of a trained language model that mean something, proves it, and shows it.

    python -m experiments.interpretable_cells --workdir=runs/demo
    python -m experiments.interpretable_cells --workdir=runs/mine --text=main.c --concepts=code,prose --language=c
    python -m experiments.interpretable_cells --workdir=runs/mine --pattern=year=[0-9]{4} --labels=mine=labels.npy

Leaves results.json, cells.csv, arrays, figures, report.html and explorer.html in
--out, by default the folder cells of the run. A folder with a safetensors file and
a vocabulary.json, from PyTorch, serves as --workdir too.
"""

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags
from ml_collections import ConfigDict

from experiments import launch
from rnn_research import concepts
from rnn_research.errors import UserError
from rnn_research.runs import owner
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.runs.provenance import provenance
from rnn_research.tasks.text import corpus as corpora
from rnn_research.training import foreign, trained
from rnn_research.training.run_text import read_text

CONFIG = launch.config_flag()
WORKDIR = launch.workdir_flag("directory of a trained run, or of a PyTorch model")
OUT = launch.define(flags.DEFINE_string, "out", None, "where the results go; by default WORKDIR/cells")
TEXT = launch.define(flags.DEFINE_string, "text", None, "a file or folder to read instead of the run's test split")
SPLIT = launch.define(flags.DEFINE_string, "split", "test", "train, validation or test")
STEP = launch.define(flags.DEFINE_integer, "step", None, "which checkpoint; by default the best by validation")
CONCEPTS = launch.define(
    flags.DEFINE_list,
    "concepts",
    None,
    "groups (python, code, prose, latex, markdown, xml) or single concepts; by default what suits the text",
)
LANGUAGE = launch.define(flags.DEFINE_string, "language", "", "of --concepts=code, as Pygments calls it")
PATTERN = launch.define(flags.DEFINE_multi_string, "pattern", [], "a concept of your own, NAME=REGULAR_EXPRESSION")
LABELS = launch.define(flags.DEFINE_multi_string, "labels", [], "a concept of your own, NAME=FILE, a label a symbol")
SHOW = launch.define(flags.DEFINE_integer, "show_labels", 0, "print so many characters with their labels, and stop")
NONLINEARITY = launch.define(flags.DEFINE_string, "nonlinearity", None, "of an nn.RNN from PyTorch: tanh or relu")


def main() -> None:
    """Studies one model and writes its pages."""
    directory = launch.directory(WORKDIR.value)
    config = launch.config_or(CONFIG, "configs/interpretable_cells.py")
    if "shown" not in config.analysis:
        raise UserError("--config is not of a cell study: take configs/interpretable_cells.py")
    out = launch.directory(OUT.value or str(directory.path / "cells"), "--out")
    if not SHOW.value:
        owner.check(out, "cells", "--out")
    run = (
        foreign.read(directory, NONLINEARITY.value)
        if foreign.is_foreign(directory)
        else trained.read(directory, STEP.value)
    )
    text, source, training = texts(run, directory, config)
    named = chosen(text, run)
    if SHOW.value:
        show(text, run, named)
        return
    symbols = run.vocabulary.encode(text, source)
    with owner.taken(out, "cells", "--out"):
        began = time.monotonic()
        from rnn_research.report.cells import write_pages
        from rnn_research.studies.cells import study

        results, shown = study.run(run, text, symbols, named, config, say, training=training)
        results = {"text": source, "characters": len(symbols), "step": run.step, **results}
        results["wall_seconds"] = time.monotonic() - began
        write_json(out.config, config.to_dict())
        write_json(out.provenance, provenance({"text": source, "characters": len(symbols)}))
        write_json(out.results, results)
        write_table(out.path / "cells.csv", results["concepts"])
        write_arrays(out.path / "arrays" / "shown.npz", shown)
        write_pages(out, results, shown, symbols_as_text(run), facts(run, directory, source, symbols))
        write_text(out.done, "")
    for entry in results["concepts"]:
        print(line_of(entry))
    print(json.dumps({k: v for k, v in results.items() if not isinstance(v, list | dict)}))
    print(f"report: {out.report}\nexplorer: {out.path / 'explorer.html'}")


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


def show(text: bytes, run: trained.Trained, named: list[concepts.Concept]) -> None:
    """The beginning of the text with the labels of every concept under it, to be checked by eye."""
    characters = text.decode("latin-1") if run.vocabulary.level == "bytes" else text.decode()
    for concept in named:
        print(concepts.show_labels(characters[: SHOW.value], concept._replace(labels_N=concept.labels_N[: SHOW.value])))


def texts(run: trained.Trained, directory: RunDirectory, config: ConfigDict) -> tuple[bytes, str, bytes | None]:
    """What is read, what it is called, and what the run was trained on if errors are to be taken apart.

    Raises:
      UserError: for a text that is missing, or that is not of bytes or characters.
    """
    if run.vocabulary.level == "words":
        raise UserError("--workdir: concepts label characters, and this model reads words: train one on bytes")
    if foreign.is_foreign(directory):
        if not TEXT.value:
            raise UserError("--text is missing: name a text that the PyTorch model was not trained on")
        documents, source = list(corpora.read(TEXT.value, "**/*", flag="--text").documents), TEXT.value
    else:
        found, source = read_text(run.config, directory, TEXT.value, SPLIT.value)
        documents = [document for _, document in found]
    text = b"".join(documents)
    if run.vocabulary.level == "bytes":
        text = text[: config.analysis.characters]
    else:
        text = text.decode()[: config.analysis.characters].encode()
    training = None
    if config.analysis.breakdown and not foreign.is_foreign(directory) and run.vocabulary.level == "bytes":
        training = b"".join(document for _, document in read_text(run.config, directory, None, "train")[0])
    return text, source, training


def chosen(text: bytes, run: trained.Trained) -> list[concepts.Concept]:
    """The concepts that the flags name, with a label for every symbol.

    Raises:
      UserError: for an unknown concept, a bad pattern, or a file of labels that does not fit.
    """
    names = CONCEPTS.value or default_groups(text)
    patterns = dict(pair("--pattern", given) for given in PATTERN.value)
    files = dict(pair("--labels", given) for given in LABELS.value)
    options: dict[str, Any] = {"language": LANGUAGE.value, "patterns": patterns}
    if run.vocabulary.level == "bytes":
        found = concepts.labels_of_bytes(text, names, **options)
    else:
        found = concepts.labels(text.decode(), names, **options)
    count = found[0].labels_N.size if found else len(text)
    return [*found, *(concepts.from_file(path, count, name) for name, path in files.items())]


def default_groups(text: bytes) -> list[str]:
    """Python for Python, prose for all else: told by how many lines begin with its keywords."""
    lines = text[:200_000].decode("utf-8", "replace").splitlines()
    words = ("def ", "class ", "import ", "from ", "return", "if ", "for ", "self.")
    share = sum(line.lstrip().startswith(words) for line in lines) / max(1, len(lines))
    return ["python", "prose.line_position"] if share > 0.05 else ["prose"]


def pair(flag: str, given: str) -> tuple[str, str]:
    """``NAME=VALUE`` as two.

    Raises:
      UserError: if there is no name or no value.
    """
    name, _, value = given.partition("=")
    if not name or not value:
        raise UserError(f"{flag}={given} must be NAME=VALUE, as in {flag}=year=[0-9]{{4}}")
    return name, value


def symbols_as_text(run: trained.Trained) -> list[str]:
    """Every symbol as one character that can be shown."""
    if run.vocabulary.level == "codepoints":
        return list(run.vocabulary.symbols)
    return [s.encode("latin-1").decode("ascii", "surrogateescape") for s in run.vocabulary.symbols]


def facts(run: trained.Trained, directory: RunDirectory, source: str, symbols: np.ndarray) -> dict[str, Any]:
    """What the explorer says of itself."""
    model = run.config.model
    return {
        "run": directory.path.name,
        "network": f"{model.layers} x {model.hidden} {model.cell}",
        "step": run.step,
        "text": source,
        "characters measured": len(symbols),
    }


def write_table(path: Path, entries: list[dict[str, Any]]) -> None:
    """A row for every concept and ranked unit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["concept", "kind", "verdict", "rank", "unit", "statistic", "confirm"])
        for entry in entries:
            common = [entry["concept"], entry["kind"], entry["verdict"]]
            statistic = (entry["best"] or {}).get("statistic", "")
            for rank, found in enumerate(entry["ranking"], 1):
                writer.writerow([*common, rank, found["unit"], statistic, found["confirm"]])


def write_arrays(path: Path, shown: Any) -> None:
    """The stretch that is shown: activations as float16, text, distributions, labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"layer{layer + 1}.{name}": a.astype(np.float16) for (layer, name), a in shown.activations.items()}
    labels = {f"label.{name}": concept.labels_N for name, concept in shown.labels.items()}
    text = np.frombuffer(shown.text.encode("utf-8", "surrogatepass"), np.uint8)
    np.savez_compressed(path, text=text, p_NV=shown.p_NV.astype(np.float16), **arrays, **labels)


def line_of(entry: dict[str, Any]) -> str:
    """One concept in one line."""
    best = entry["best"]
    if best is None:
        return f"{entry['concept']:<28} {entry['verdict']:<12} {entry['reason']}"
    effect = entry.get("effect")
    cause = "" if not effect else ("proved" if effect["proved"] else "not proved")
    return (
        f"{entry['concept']:<28} {entry['verdict']:<12} {best['unit']:<16} "
        f"{best['statistic']} {best['confirm']:.3f}  {cause}"
    )


if __name__ == "__main__":
    launch.run(main, __doc__)
