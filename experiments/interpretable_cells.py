"""The cell study: finds the units of a trained language model that mean something, proves it, and shows it.

    python -m experiments.interpretable_cells --workdir=runs/demo
    python -m experiments.interpretable_cells --workdir=runs/seeds
    python -m experiments.interpretable_cells --workdir=runs/mine --text=main.c --concepts=code,prose --language=c
    python -m experiments.interpretable_cells --workdir=runs/mine --pattern=year=[0-9]{4} --labels=mine=labels.npy
    python -m experiments.interpretable_cells --workdir=runs/mine --null=200

Leaves results.json, cells.csv, arrays, figures, report.html and explorer.html in
--out, by default the folder cells of the run. A folder with a safetensors file and
a vocabulary.json, from PyTorch, serves as --workdir too. So does a folder of runs
that differ in their seed, a sweep say: each is studied in its own folder cells, unless
it has been already, and --out (by default the folder cells beside them) says in how
many of them each verdict stands. --null judges tables of labels that have nothing to do
with the text, on the run's network and on a random one, and says in results.json of
--out (by default the folder null of the run) how many have a finding: 5 % may.
"""

import json
import os
import time
from typing import Any

import pandas as pd
from absl import flags
from ml_collections import ConfigDict

from experiments import launch
from rnn_research import concepts
from rnn_research.errors import RunFailed, UserError, at_least, some_of
from rnn_research.report import cell_effects, cell_scores
from rnn_research.restore import foreign, trained
from rnn_research.restore.run_text import own_text, read_text
from rnn_research.runs import conditions, frames, owner
from rnn_research.runs.directory import RunDirectory, read_json, write_json, write_text
from rnn_research.runs.files import there
from rnn_research.runs.provenance import provenance
from rnn_research.studies.cells import bounds
from rnn_research.studies.cells.asked import Asked, Documents, Wanted, ask
from rnn_research.studies.cells.several import Studied, only_seeds_differ, side_by_side
from rnn_research.studies.cells.written import asked_before, config_of, fingerprint, write_shown, write_table
from rnn_research.tasks.text.vocabulary import OF_WORDS

CONFIG = launch.config_flag(bounds.fields_of_config)
WORKDIR = launch.workdir_flag("directory of a trained run, of runs that differ in their seed, or of a PyTorch model")
OUT = launch.define(flags.DEFINE_string, "out", None, "where the results go; by default WORKDIR/cells")
WHERE = launch.define(
    flags.DEFINE_multi_string, "where", [], "which runs of a folder, FIELD=VALUE as in analyze; repeatable"
)
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
MODULE = launch.define(flags.DEFINE_string, "module", None, "which recurrent module of a PyTorch model, as in net.1")
NULL = launch.define(
    flags.DEFINE_integer, "null", 0, "judge so many tables of labels that have nothing to do with the text"
)
NONLINEARITY = launch.define(flags.DEFINE_string, "nonlinearity", None, "of an nn.RNN from PyTorch: tanh or relu")

MOST_SHOWN = 1_000_000  # characters with their labels
MOST_TABLES = 100_000  # of labels that have nothing to do with the text


def main() -> None:
    """Studies one model, or several that differ in their seed."""
    directory = launch.directory(WORKDIR.value)
    config = launch.config_or(CONFIG, "configs/interpretable_cells.py")
    bounds.check_config(config)
    at_least("--show_labels", SHOW.value, 0, MOST_SHOWN)
    at_least("--null", NULL.value, 0, MOST_TABLES)
    refuse_idle_flags(directory)
    out = launch.directory(OUT.value or str(directory.path / ("null" if NULL.value else "cells")), "--out")
    if NULL.value:
        study_null(directory, out, config)
        return
    runs = runs_below(directory)
    if runs is not None:
        study_runs(runs, directory, out, config)
        return
    launch.refuse_idle(f"it chooses among runs, and --workdir={directory.path} is one", "where")
    if not SHOW.value:
        owner.check(out, "cells", "--out")
    results = study_one(directory, out, config)
    if results is None:
        return
    for entry in results["concepts"]:
        print(line_of(entry))
    print(json.dumps({k: v for k, v in results.items() if not isinstance(v, list | dict)}))
    print(f"report: {out.report}\nexplorer: {out.path / 'explorer.html'}")


def refuse_idle_flags(directory: RunDirectory) -> None:
    """Refuses what is asked for and would do nothing."""
    if foreign.is_foreign(directory):
        launch.refuse_idle(f"--workdir={directory.path} is a PyTorch model", "split", "step", "where")
    else:
        launch.refuse_idle(f"--workdir={directory.path} is no PyTorch model", "module", "nonlinearity")
    if TEXT.value:
        launch.refuse_idle("--text names what is read", "split")
    if NULL.value:
        launch.refuse_idle("--null draws labels of its own", "concepts", "language", "pattern", "labels", "show_labels")


def study_one(directory: RunDirectory, out: RunDirectory, config: ConfigDict, again: bool = True) -> Any:
    """Studies one model and writes its pages; returns its results, or None where only labels are shown.

    Args:
      directory: of the model.
      out: where the results go.
      config: of the study.
      again: also where the same has been asked before and is done.
    """
    run = (
        foreign.read(directory, NONLINEARITY.value, MODULE.value)
        if foreign.is_foreign(directory)
        else trained.read(directory, STEP.value)
    )
    documents, source, training = texts(run, directory, config)
    files = dict(pair("--labels", given) for given in LABELS.value)
    patterns = dict(pair("--pattern", given) for given in PATTERN.value)
    wanted = Wanted(CONCEPTS.value, LANGUAGE.value, patterns, files)
    asked = ask(documents, run.vocabulary.level, config.analysis.characters, wanted)
    mark = fingerprint(asked, run.step, config)
    if not again and asked_before(out, mark):
        say(f"{out.path} is done")
        return read_json(out.results)
    say(f"concepts: {', '.join(concept.name for concept in asked.concepts)} ({asked.why})")
    if asked.absent:
        say(f"not in this text: {', '.join(asked.absent)}")
    if SHOW.value:
        show(asked, run.vocabulary.level)
        return None
    symbols = run.vocabulary.encode(asked.text, source)
    with owner.taken(out, "cells", "--out"):
        began = time.monotonic()
        from rnn_research.report.cells import write_pages
        from rnn_research.studies.cells import cell_study

        results, shown = cell_study.run(run, asked.text, symbols, asked.concepts, config, say, training=training)
        head = {"text": source, "characters": len(symbols), "step": run.step}
        results = {**head, "chosen": asked.why, "not_in_text": asked.absent, "fingerprint": mark, **results}
        results["wall_seconds"] = time.monotonic() - began
        write_json(out.config, config_of(config, network_of(run, directory)))
        write_json(out.provenance, provenance({"text": source, "characters": len(symbols)}))
        write_json(out.results, results)
        write_table(out.path / "cells.csv", results["concepts"])
        write_shown(out, shown, run.vocabulary, facts(run, directory, source, len(symbols)))
        write_pages(out)
        write_text(out.done, "")
    return results


def study_null(directory: RunDirectory, out: RunDirectory, config: ConfigDict) -> None:
    """Judges labels that have nothing to do with the text, and writes how often something is found.

    Raises:
      UserError: for a PyTorch model, or a folder that holds a study of cells.
    """
    if foreign.is_foreign(directory):
        raise UserError("--null reads a run's network beside random ones of its shape: name a run, no PyTorch model")
    owner.check(out, "cells", "--out")
    if there(out.results) and "null_tables" not in read_json(out.results):
        raise UserError(f"--out={out.path} holds a study of concepts: name another folder for --null")
    import jax

    from rnn_research.studies.cells.null_tables import null_tables, table_of

    run = trained.read(directory, STEP.value)
    documents, source, _ = texts(run, directory, config)
    text = b"".join(content for _, content in documents)
    symbols = run.vocabulary.encode(text, source)[: config.analysis.characters]
    random, control = (run.model.init(jax.random.key(seed), run.config.model.init) for seed in (1, 2))
    with owner.taken(out, "cells", "--out"):
        networks = {"trained": run.params, "random": random}
        sample = config.analysis.sample
        found = null_tables(run.model, networks, control, symbols, NULL.value, sample=sample, say=say)
        write_json(out.config, config_of(config, network_of(run, directory)))
        write_json(out.provenance, provenance({"text": source, "characters": len(symbols)}))
        write_json(out.results, {"text": source, "step": run.step, "null_tables": found})
        write_text(out.done, "")
    print(table_of(found))
    print(f"results: {out.results}")


def runs_below(directory: RunDirectory) -> pd.DataFrame | None:
    """The runs of a folder that is none itself; None where it is a run, or a model, or holds nothing."""
    if not directory.path.is_dir() or there(directory.config) or foreign.is_foreign(directory):
        return None
    try:
        found = frames.load(directory.path)
    except UserError:
        return None
    return conditions.select(found, [conditions.parse("--where", text) for text in WHERE.value])


def study_runs(runs: pd.DataFrame, directory: RunDirectory, out: RunDirectory, config: ConfigDict) -> None:
    """Studies every run that is done, and writes what they have in common.

    Raises:
      UserError: if the runs differ in more than their seed, or none can be studied.
      RunFailed: at the end, naming the runs that are missing.
    """
    done = runs[runs["status"] == "done"].sort_values("seed", kind="stable")
    missed = {run["run"]: f"{run['status']}: {run['reason']}" for _, run in runs[runs["status"] != "done"].iterrows()}
    only_seeds_differ(done, f"--workdir={directory.path}")
    owner.check(out, "cells_of_runs", "--out")
    for name, why in missed.items():
        say(f"left out: {name} ({' '.join(why.split())})")
    studied: list[Studied] = []
    began = time.monotonic()
    for number, (_, row) in enumerate(done.iterrows()):
        left = (time.monotonic() - began) / number * (len(done) - number) if number else 0
        say(f"run {number + 1} of {len(done)}: {row['run']}" + (f" (about {left:.0f} s left)" if number else ""))
        run = RunDirectory(row["path"])
        try:
            results = study_one(run, RunDirectory(run.path / "cells"), config, again=False)
        except (UserError, RunFailed) as error:
            missed[row["run"]] = str(error)
            say(f"left out: {row['run']} ({error})")
            continue
        if results is None:
            return
        studied.append(Studied(row["run"], int(row["seed"]), results, {"path": os.path.relpath(run.path, out.path)}))
    if not studied:
        why = next(iter(missed.values()), "there is none")
        raise UserError(f"--workdir={directory.path}: no run of this folder can be studied ({why})")
    from rnn_research.report.cells_of_runs import line_of_runs, write_page

    first = studied[0].results
    results = {"text": first["text"], "characters": first["characters"], "chosen": first["chosen"]}
    results |= side_by_side(studied) | {"missing": [{"run": name, "reason": why} for name, why in missed.items()]}
    of_runs = read_json(RunDirectory(done["path"].iloc[0]).config, dict)
    without_seed = {name: value for name, value in of_runs.items() if name != "seed"}
    with owner.taken(out, "cells_of_runs", "--out"):
        write_json(out.config, config_of(config, without_seed))
        write_json(out.provenance, provenance({"text": first["text"], "characters": first["characters"]}))
        write_json(out.results, results)
        write_page(out)
        write_text(out.done, "")
    for entry in results["concepts"]:
        print(line_of_runs(entry))
    print(f"report: {out.report}")
    if missed:
        named = "; ".join(f"{name}: {' '.join(why.split())}" for name, why in missed.items())
        raise RunFailed(f"{some_of(len(missed), len(runs), 'run')} missing from {out.path} ({named})")


def network_of(run: trained.Trained, directory: RunDirectory) -> dict[str, Any]:
    """The config of a run; of a PyTorch model, its sizes alone: how it was trained nobody has said."""
    config: dict[str, Any] = run.config.to_dict()
    if foreign.is_foreign(directory):
        return {"model": {name: config["model"][name] for name in ("cell", "hidden", "layers", "embedding")}}
    return config


def say(line: str) -> None:
    """Prints at once."""
    print(line, flush=True)


def show(asked: Asked, level: str) -> None:
    """The beginning of the text with the labels of every concept under it, to be checked by eye."""
    characters = asked.text.decode("latin-1") if level == "bytes" else asked.text.decode()
    for concept in asked.concepts:
        print(concepts.show_labels(characters[: SHOW.value], concept._replace(labels_N=concept.labels_N[: SHOW.value])))


def texts(run: trained.Trained, directory: RunDirectory, config: ConfigDict) -> tuple[Documents, str, bytes | None]:
    """What is read, what it is called, and what the run was trained on if errors are to be taken apart.

    Raises:
      UserError: for a text that is missing, or that is not of bytes or characters.
    """
    if run.vocabulary.level in OF_WORDS:
        level = run.vocabulary.level
        raise UserError(f"--workdir: concepts label characters, and this model reads {level}: train one on bytes")
    documents: Documents
    most = (config.task.most_bytes, "--config.task.most_bytes")
    if foreign.is_foreign(directory):
        if not TEXT.value:
            raise UserError("--text is missing: name a text that the PyTorch model was not trained on")
        found, source = own_text(run.config, TEXT.value, *most), TEXT.value
        documents = list(zip(found.names, found.documents, strict=True))
    else:
        documents, source = read_text(run.config, directory, TEXT.value, SPLIT.value, *most)
    training = None
    if config.analysis.breakdown and not foreign.is_foreign(directory) and run.vocabulary.level == "bytes":
        training = b"".join(document for _, document in read_text(run.config, directory, None, "train")[0])
    return documents, source, training


def pair(flag: str, given: str) -> tuple[str, str]:
    """``NAME=VALUE`` as two.

    Raises:
      UserError: if there is no name or no value.
    """
    name, _, value = given.partition("=")
    if not name or not value:
        raise UserError(f"{flag}={given} must be NAME=VALUE, as in {flag}=year=[0-9]{{4}}")
    return name, value


def facts(run: trained.Trained, directory: RunDirectory, source: str, characters: int) -> dict[str, Any]:
    """What the explorer says of itself."""
    model = run.config.model
    return {
        "run": directory.path.name,
        "network": f"{model.layers} x {model.hidden} {model.cell}",
        "step": run.step,
        "text": source,
        "characters measured": characters,
    }


def line_of(entry: dict[str, Any]) -> str:
    """One concept in one line."""
    best = entry["best"]
    if best is None:
        return f"{entry['concept']:<28} {entry['verdict']:<28} {entry['reason']}"
    effect = entry.get("effect")
    # The unit that was held is named: a gate cannot be, and another unit then stands for it.
    cause = "" if not effect else f"{effect['unit']} {cell_effects.judgement(effect)}"
    return (
        f"{entry['concept']:<28} {entry['verdict']:<28} {best['unit']:<16} "
        f"{cell_scores.score(best['statistic'], best['confirm'])}  {cause}"
    )


if __name__ == "__main__":
    launch.run(main, __doc__)
