"""The page of a cell study over several runs: in how many each verdict stands, and their cells side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from rnn_research.config.flat import flatten
from rnn_research.errors import counted
from rnn_research.report import cell_effects, cell_scores, html
from rnn_research.report.cell_config import config_details
from rnn_research.report.cell_figures import COLOURS
from rnn_research.report.figures import GREY, ORANGE, save
from rnn_research.report.one_measurement import distinct, one_measurement_sentence
from rnn_research.runs.directory import RunDirectory, read_json, write_text

Entries = Sequence[dict[str, Any]]


def write_page(out: RunDirectory) -> tuple[Path, ...]:
    """Writes report.html and its figure.

    Args:
      out: where the study lies.

    Returns:
      The page.

    Raises:
      UserError: if a file that it is made from is missing or damaged.
    """
    results = read_json(out.results, {"runs": [dict], "concepts": [dict], "missing": [dict]})
    entries, provenance = ordered(results["concepts"]), read_json(out.provenance, {"command": str})
    path = out.figures / "scores.png"
    scores([e for e in entries if e["held_out"]], path)
    body = [
        f"<h1>Cells of {counted(len(results['runs']), 'run')}</h1>",
        f"<p class='quiet'>{html.escape(provenance['command'])}</p>",
        f"<p class='lead'>{html.escape(conclusion(results))}</p>",
        f"<p>{html.escape(share_sentence(results))}</p>",
        concept_table(entries, len(results["runs"])),
        f"<p class='quiet'>{html.escape(read_as(results))} "
        f"{html.escape(one_measurement_sentence(results['concepts']))}</p>",
        html.figure(path, score_sentence(entries)),
        "<h2>The best unit of each run</h2>",
        cell_table(entries, results["runs"]),
        "<p>" + "; ".join(_link(run) for run in results["runs"]) + "</p>",
    ]
    if results["missing"]:
        rows = [(one["run"], one["reason"]) for one in results["missing"]]
        body += ["<h2>Runs that are missing here</h2>", html.table(rows, ("run", "why"))]
    body += [
        "<h2>Where this comes from</h2>",
        *config_details(out, "config of the runs, but for their seed"),
        html.details("provenance: code, versions, machine", html.fields(flatten(provenance))),
    ]
    write_text(out.report, html.page(f"Cells of {counted(len(results['runs']), 'run')}", body))
    return (out.report,)


def ordered(entries: Entries) -> list[dict[str, Any]]:
    """Those that most runs have first, and of these those with the clearest verdicts."""
    clearest = list(COLOURS)

    def key(entry: dict[str, Any]) -> tuple[int, list[int], float]:
        verdicts = entry["verdicts"]
        has = sum(verdicts.get(verdict, 0) for verdict in clearest)
        return -has, [-verdicts.get(verdict, 0) for verdict in clearest], -_mean(entry["held_out"], -1.0)

    return sorted(entries, key=key)


def conclusion(results: dict[str, Any]) -> str:
    """Which concepts have a cell of their own, in how many of the runs."""
    of, entries = len(results["runs"]), ordered(distinct(results["concepts"]))
    single = [e for e in entries if e["verdicts"].get("single cell")]
    proved = [f"{e['concept']} in {e['proved']} of {e['held']}" for e in entries if e["proved"]]
    if single:
        said = ", ".join(f"{e['concept']} in {e['verdicts']['single cell']} of {counted(of, 'run')}" for e in single)
        first = f"A single cell stands for {said}."
    else:
        where = "In the one run that was studied no" if of == 1 else f"In none of the {of} runs a"
        first = f"{where} single cell stands for a concept."
    missing = list(dict.fromkeys(why for e in entries for why in e.get("not_testable") or ()))
    if proved:
        second = f"Of the runs in which a unit was held, the network is proved to use it for {', '.join(proved)}."
    elif any(e["held"] for e in entries) or not missing:
        second = "In no run is the network proved to use a unit that was held."
    else:
        return (
            f"{first} Whether the network uses a unit that was held is not testable in any run: {'; '.join(missing)}."
        )
    rest = f" Not testable in others: {'; '.join(missing)}." if missing else ""
    return f"{first} {second}{rest}"


def share_sentence(results: dict[str, Any]) -> str:
    """What share of the cells follow something, and what that depends on."""
    share, tried = results["share_of_cells"], counted(len(distinct(results["concepts"])), "concept")
    counts = {e["concept"]: _mean(e.get("cells_that_follow"), 0.0) for e in results["concepts"]}
    followed = cell_scores.most_followed(counts, results["cells"])
    return (
        f"Of the {results['cells']} cells of a run (each counted once, with its h, its c and its gates) "
        f"{spread(share['follow'], '.1%')} follow one or more of the {tried} tried beyond "
        f"chance and controls, and {spread(share['stand_alone'], '.1%')} stand alone for one. "
        f"{cell_scores.FOLLOW}{followed}More concepts, a lower "
        f"threshold or another text give another share."
    )


def concept_table(entries: Entries, runs: int) -> str:
    """One row a concept."""
    rows = []
    for e in entries:
        controls = [spread(e.get(name), ".3f", ends=False) for name in cell_scores.CONTROLS]
        score = score_of(e) if e["held_out"] else "-"
        proved = proved_of(e) or "-"
        rows.append(
            (
                e["concept"],
                verdicts_of(e),
                score,
                *controls,
                spread(e.get("cells_that_follow"), ".1f", ends=False),
                proved,
            )
        )
    head = (
        "concept",
        f"verdict in how many of {runs}",
        "held-out score",
        *cell_scores.CONTROLS.values(),
        "cells that follow it",
        "proved",
    )
    return html.table(rows, head)


def read_as(results: dict[str, Any]) -> str:
    """How the table is to be read."""
    several = len(results["runs"]) > 1
    interval = "means over the runs with their 95 % intervals (Student's t)" if several else "those of the one run"
    absent = results["not_in_text"]
    return (
        f"Scores are of each run's best unit on the half of the text that did not choose it, {interval}; "
        "AUC 0.5, R² 0 and 0 nats know nothing. Proved: in how many runs, of those in which a unit was held "
        "and could be tested. "
        f"Concepts: {results['chosen']}." + (f" Not in this text: {', '.join(absent)}." if absent else "")
    )


def verdicts_of(entry: dict[str, Any]) -> str:
    """``single cell 3, distributed 2``; the verdict alone where all runs have it."""
    verdicts = entry["verdicts"]
    if len(verdicts) == 1:
        return f"{next(iter(verdicts))} (all)"
    return ", ".join(f"{verdict} {times}" for verdict, times in verdicts.items())


def proved_of(entry: dict[str, Any]) -> str:
    """In how many runs it is proved, of those in which it could be tested; nothing where no unit was held."""
    if entry["held"]:
        return f"{entry['proved']} of {entry['held']}"
    return "not testable" if entry.get("not_testable") else ""


def spread(average: dict[str, Any] | None, form: str, ends: bool = True) -> str:
    """A mean with its interval."""
    if average is None:
        return "-"
    shown = format(average["mean"], form)
    if not ends or average["low"] is None:
        return shown
    return f"{shown} [{format(average['low'], form)}, {format(average['high'], form)}]"


def score_of(entry: dict[str, Any]) -> str:
    """The best unit's score with its interval over the runs."""
    shown = spread(entry["held_out"], ".3f")
    return f"{shown} nats" if entry["kind"] == "categorical" else f"{cell_scores.NAMES[entry['statistic']]} {shown}"


def scores(entries: Entries, path: Path) -> None:
    """Each run's best unit, coloured by its verdict, beside the means of the controls."""
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * max(1, len(entries)) + 1.6))
    for y, e in enumerate(reversed(entries)):
        axes.axhline(y, color=GREY, lw=0.4, zorder=0)
        for name, marker in (("untrained", "x"), ("last_characters", "s"), ("probe_all", "|")):
            if e[name]:
                colour = {"x": GREY, "s": ORANGE, "|": "black"}[marker]
                axes.plot(
                    cell_scores.gain(e, e[name]["mean"]),
                    y,
                    marker,
                    color=colour,
                    ms=11 if marker == "|" else 6,
                    mfc="none",
                )
        for cell in e["cells"]:
            if cell["score"] is not None:
                colour = COLOURS.get(cell["verdict"], GREY)
                axes.plot(cell_scores.gain(e, cell["score"]), y, "o", color=colour, ms=6, alpha=0.7, mew=0)
    axes.set_yticks(range(len(entries)), [e["concept"] for e in reversed(entries)], fontsize=8)
    found = {cell["verdict"] for e in entries for cell in e["cells"] if cell["score"] is not None}
    drawn_verdicts = [(verdict, colour) for verdict, colour in COLOURS.items() if verdict in found]
    if found - COLOURS.keys():
        drawn_verdicts.append(("any other verdict", GREY))
    for verdict, colour in drawn_verdicts:
        axes.plot([], [], "o", color=colour, mew=0, alpha=0.7, label=f"best unit of a run: {verdict}")
    for label, marker, colour in (
        ("best unit, untrained (mean)", "x", GREY),
        ("probe on the last characters (mean)", "s", ORANGE),
        ("probe on all units (mean)", "|", "black"),
    ):
        axes.plot([], [], marker, color=colour, mfc="none", label=label)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    axes.set(xlabel=cell_scores.GAIN, ylim=(-0.6, max(1, len(entries)) - 0.4))
    save(drawn, [axes], path)


def score_sentence(entries: Entries) -> str:
    """How alike the runs are."""
    judged = [e for e in distinct(entries) if e["held_out"] and len(e["cells"]) > 1]
    if not judged:
        return f"The best unit of the run for each concept, beside its controls. {cell_scores.SCALE}"
    split = [e["concept"] for e in judged if len(e["verdicts"]) > 1]
    if not split:
        return f"All runs agree on the verdicts of the {counted(len(judged), 'concept')}. {cell_scores.SCALE}"
    return (
        f"The runs agree on {len(judged) - len(split)} of {len(judged)} concepts and differ on "
        f"{len(split)}: {', '.join(split)}. {cell_scores.SCALE}"
    )


def cell_table(entries: Entries, runs: Entries) -> str:
    """A row a concept, a column a run."""
    rows = []
    for e in entries:
        cells = {cell["run"]: cell for cell in e["cells"]}
        rows.append((e["concept"], *(cell_text(cells.get(run["run"])) for run in runs)))
    return html.table(rows, ("concept", *(f"seed {run['seed']}" for run in runs)))


def cell_text(cell: dict[str, Any] | None) -> str:
    """One run's unit for one concept."""
    if cell is None:
        return "-"
    if cell["unit"] is None:
        return str(cell["verdict"])
    said = f"{cell['unit']} {cell['score']:.3f}, {cell['verdict']}"
    if cell["proved"] is None:
        return said
    held = "" if cell["held_unit"] == cell["unit"] else f"{cell['held_unit']} "
    return f"{said}, {held}{cell_effects.judgement(cell)}"


def line_of_runs(entry: dict[str, Any]) -> str:
    """One concept in one line, for the terminal."""
    score = score_of(entry) if entry["held_out"] else ""
    proved = f"proved {proved_of(entry)}" if entry["held"] else proved_of(entry)
    return f"{entry['concept']:<28} {verdicts_of(entry):<44} {score}  {proved}".rstrip()


def _link(run: dict[str, Any]) -> str:
    return f"<a href='{html.escape(run['path'])}/cells/report.html'>{html.escape(run['run'])}</a>"


def _mean(average: dict[str, Any] | None, otherwise: float) -> float:
    return otherwise if average is None else float(average["mean"])
