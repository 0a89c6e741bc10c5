"""The cell study's pages: a report with every concept's verdict, and the explorer of the text itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, counted
from rnn_research.report import cell_effects, cell_figures, cell_pictures, cell_scores, html
from rnn_research.report.cell_config import config_details
from rnn_research.report.cell_figures import COLOURS, place_of
from rnn_research.report.explorer.data import ExplorerData, likeliest, quantised
from rnn_research.report.explorer.explorer_page import write_explorer
from rnn_research.report.one_measurement import distinct, one_measurement_sentence
from rnn_research.runs.directory import RunDirectory, read_json, write_text
from rnn_research.runs.shown import Shown
from rnn_research.runs.shown import read as read_shown

VERDICTS = (*COLOURS, "told by the last characters", "told without training", "absent", "too little in this text")
"""All of them, the clearest first."""
PICTURES = 6
FOLLOWING = "cells that follow it"

Entries = Sequence[dict[str, Any]]


def write_pages(out: RunDirectory) -> tuple[Path, ...]:
    """Writes explorer.html, the pictures and report.html.

    Args:
      out: where the study lies.

    Returns:
      The two pages.

    Raises:
      UserError: if a file that they are made from is missing or damaged, or it is a study that has no page.
    """
    results = read_json(out.results, dict)
    if "null_tables" in results:
        raise UserError(f"{out.path} holds labels without a meaning (--null), which have no page: see its results.json")
    provenance, shown = read_json(out.provenance, {"command": str}), read_shown(out)
    facts, explorer = shown.facts, out.path / "explorer.html"
    write_explorer(explorer, explorer_data(results, shown))
    entries = results["concepts"]
    found = [e for e in entries if e["verdict"] in COLOURS]
    body = [
        f"<h1>Cells of {html.escape(facts['network'])}</h1>",
        f"<p class='quiet'>{html.escape(provenance['command'])}</p>",
        f"<p class='lead'>{html.escape(conclusion(results))}</p>",
        f"<p>{html.escape(share_sentence(results))}</p>",
        f"<p class='quiet'>{html.escape(asked(results))} {html.escape(one_measurement_sentence(entries))}</p>",
        "<p><a href='explorer.html'>The explorer: the text, coloured by any unit</a></p>",
        concept_table(entries),
    ]
    if found:
        cell_figures.scores(found, out.figures / "scores.png")
        body.append(html.figure(out.figures / "scores.png", score_sentence(found)))
    proofs = [e for e in found if e["effect"]]
    if proofs:
        cell_figures.causes(proofs, out.figures / "causes.png")
        body.append(html.figure(out.figures / "causes.png", cell_effects.cause_sentence(proofs)))
    for entry in [e for e in found if e.get("closing") and any(b["at_end"]["plain"] for b in e["closing"]["bins"])][:2]:
        path = out.figures / f"closing_{entry['concept']}.png"
        cell_figures.closing(entry, path)
        body.append(html.figure(path, closing_sentence(entry)))
    if results.get("saturation"):
        cell_figures.saturation(results["saturation"], out.figures / "saturation.png")
        body.append(html.figure(out.figures / "saturation.png", saturation_sentence(results["saturation"])))
    if results.get("breakdown"):
        body.append(breakdown_table(results["breakdown"]))
    body.append("<h2>The text, coloured by the best units</h2>")
    for entry in found[:PICTURES]:
        path = out.figures / f"text_{entry['concept']}.png"
        cell_pictures.picture(entry, shown, path)
        body.append(html.figure(path, entry["reason"]))
    body += [
        "<h2>Where this comes from</h2>",
        *config_details(out, "config of the run"),
        html.details("provenance: code, versions, machine", html.fields(flatten(provenance))),
    ]
    write_text(out.report, html.page(f"Cells of {facts['network']}", body))
    return out.report, explorer


def explorer_data(results: dict[str, Any], shown: Shown) -> ExplorerData:
    """All h and c, and the gates of the units that are ranked for some concept."""
    ranked: dict[int, set[int]] = {}
    for entry in results["concepts"]:
        for found in entry["ranking"][:5]:
            layer, _, index = place_of(found["unit"])
            ranked.setdefault(layer, set()).add(index)
    activations = {}
    for (layer, quantity), a_NH in shown.activations.items():
        if quantity in ("h", "c"):
            activations[layer, quantity] = quantised(a_NH)
        elif units := sorted(ranked.get(layer, ())):
            activations[layer, quantity] = quantised(a_NH[:, units], units=units, scale=1.0)
    return ExplorerData(
        title=f"Cells of {shown.facts['network']}",
        text=shown.text,
        activations=activations,
        guesses=likeliest(shown.p_NV, shown.symbols),
        concepts=results["concepts"],
        labels=shown.labels,
        facts=shown.facts,
    )


def conclusion(results: dict[str, Any]) -> str:
    """How many concepts have which verdict, and for how many the network uses the unit that was held."""
    entries = distinct(results["concepts"])
    counts = {verdict: sum(e["verdict"] == verdict for e in entries) for verdict in VERDICTS}
    held = [e["effect"] for e in entries if e["effect"]]
    of = len(entries)
    said = ", ".join(f"{verdict}: {number}" for verdict, number in counts.items() if number)
    return f"Of {of} {'concept' if of == 1 else 'concepts'}: {said}. {cell_effects.proofs_said(held)}"


def share_sentence(results: dict[str, Any]) -> str:
    """What share of the cells follow something, and what that depends on."""
    share, tried = results["share_of_cells"], counted(len(distinct(results["concepts"])), "concept")
    counts = {e["concept"]: e.get("cells_that_follow", 0) for e in results["concepts"]}
    followed = cell_scores.most_followed(counts, results["cells"])
    return (
        f"Of {results['cells']} cells (each counted once, with its h, its c and its gates) "
        f"{share['follow']:.1%} follow one or more of the {tried} tried beyond chance "
        f"and controls, and {share['stand_alone']:.1%} stand alone for one. "
        f"{cell_scores.FOLLOW}{followed}More concepts, a lower threshold or "
        "another text give another share; the essay that began this speaks of about 5 %."
    )


def asked(results: dict[str, Any]) -> str:
    """Which concepts were tried, and what the text does not contain."""
    absent = results["not_in_text"]
    return f"Concepts: {results['chosen']}." + (f" Not in this text: {', '.join(absent)}." if absent else "")


def concept_table(entries: Entries) -> str:
    """One row a concept, the clearest verdicts first."""
    rows = []
    place = {verdict: number for number, verdict in enumerate(VERDICTS)}
    for e in sorted(entries, key=lambda e: (place[e["verdict"]], -(e["best"] or {"confirm": 0})["confirm"])):
        best, effect, controls = e["best"] or {}, e["effect"], e["controls"] or {}
        rows.append(
            (
                e["concept"],
                e["verdict"],
                best.get("unit", "-"),
                cell_scores.score(best["statistic"], best["confirm"]) if best else "-",
                f"{controls['last_characters']:.3f}" if best else "-",
                f"{controls['untrained']:.3f}" if best else "-",
                f"{controls['untrained_probe']:.3f}" if "untrained_probe" in controls else "-",
                f"{controls['probe_all']:.3f}" if best else "-",
                e.get("cells_that_follow", "-"),
                "-" if not effect else cell_effects.cause(effect),
            )
        )
    head = ("concept", "verdict", "best unit", "held-out score", *cell_scores.CONTROLS.values(), FOLLOWING, "cause")
    reasons = [(e["concept"], e["verdict"], e["reason"], (e["effect"] or {}).get("reason", "-")) for e in entries]
    why = html.table(reasons, ("concept", "verdict", "why", "what holding the unit does"))
    return html.table(rows, head) + html.details("the reasons", f"<p>{html.escape(cell_scores.SCALE)}</p>{why}")


def score_sentence(entries: Entries) -> str:
    """The concept whose unit is farthest beyond the last characters."""

    def beyond(e: dict[str, Any]) -> float:
        return cell_scores.gain(e, e["best"]["confirm"]) - cell_scores.gain(e, e["controls"]["last_characters"])

    clearest = max(entries, key=beyond)
    best, controls = clearest["best"], clearest["controls"]
    head, nearest = "Farthest beyond what the last characters tell", ""
    if beyond(clearest) <= 0:
        head, nearest = "No unit tells more than the last characters do", "nearest comes "
    return (
        f"{head}: {nearest}{clearest['concept']}, where {best['unit']} has "
        f"{cell_scores.score(best['statistic'], best['confirm'])} against {controls['last_characters']:.3f} for them "
        f"and {controls['untrained']:.3f} for the best unit of the untrained network. {cell_scores.SCALE} Bars are "
        "95 % intervals."
    )


def closing_sentence(entry: dict[str, Any]) -> str:
    """What holding the cell does to the closing symbol."""
    bins = [b for b in entry["closing"]["bins"] if b["at_end"]["plain"]]
    counts = np.array([b["at_end"]["positions"] for b in bins], float)
    plain, held = (float(np.average([b["at_end"][k] for b in bins], weights=counts)) for k in ("plain", "intervened"))
    return (
        f"Where the symbol that ends {entry['concept']} comes, the network gives it {plain:.3f}; with "
        f"{entry['closing']['unit']} held at its mean elsewhere, {held:.3f}."
    )


def saturation_sentence(gates: Sequence[dict[str, Any]]) -> str:
    """How many units of each gate are stuck nearly always."""
    parts = []
    for g in gates:
        open_share, shut = np.mean(np.array(g["right"]) > 0.9), np.mean(np.array(g["left"]) > 0.9)
        if open_share or shut:
            parts.append(f"gate {g['gate']} of layer {g['layer']}: {open_share:.0%} open, {shut:.0%} shut")
    return f"Units that are stuck more than nine tenths of the time: {'; '.join(parts) or 'none'}."


def breakdown_table(found: dict[str, Any]) -> str:
    """The errors that each oracle removes, in the paper's order."""
    rows = [(name, part["errors"], f"{part['share']:.1%}", part["left"]) for name, part in found["by_oracle"].items()]
    head = f"<h2>The errors, taken apart</h2><p>{found['errors']:,} of {found['characters']:,} characters "
    head += f"({found['errors'] / found['characters']:.1%}) have a probability below one half.</p>"
    return head + html.table(rows, ("oracle", "errors removed", "share of all", "left"))
