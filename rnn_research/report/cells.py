"""The cell study's pages: a report with every concept's verdict, and the explorer of the text itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.explorer.data import ExplorerData, Labels, likeliest, quantised
from rnn_research.report.explorer.page import write_explorer
from rnn_research.report.explorer.pictures import text_picture
from rnn_research.report.figures import BLUE, GREEN, GREY, ORANGE, save
from rnn_research.runs.configs import flatten
from rnn_research.runs.directory import RunDirectory, read_json, write_text

COLOURS = {"single cell": BLUE, "few cells": GREEN, "distributed": ORANGE}
"""Of the verdicts that say that training put a concept into the network."""
VERDICTS = (*COLOURS, "told by the last characters", "told without training", "absent", "too little in this text")
"""All of them, the clearest first."""
SHOWN = 1100  # characters of a picture
PICTURES = 6

Entries = Sequence[dict[str, Any]]


def write_pages(
    out: RunDirectory, results: dict[str, Any], shown: Any, symbols: Sequence[str], facts: dict[str, Any]
) -> None:
    """Writes explorer.html, the pictures and report.html.

    Args:
      out: where the study lies.
      results: as in results.json.
      shown: the stretch of text with its activations, distributions and labels.
      symbols: of the vocabulary, one character each.
      facts: what the explorer says of itself.
    """
    write_explorer(out.path / "explorer.html", explorer_data(results, shown, symbols, facts))
    entries = results["concepts"]
    found = [e for e in entries if e["verdict"] in COLOURS]
    provenance = out.read_provenance()
    body = [
        f"<h1>Cells of {html.escape(facts['network'])}</h1>",
        f"<p class='quiet'>{html.escape(provenance['command'])}</p>",
        f"<p class='lead'>{html.escape(conclusion(results))}</p>",
        f"<p>{html.escape(share_sentence(results))}</p>",
        f"<p class='quiet'>{html.escape(asked(results))}</p>",
        "<p><a href='explorer.html'>The explorer: the text, coloured by any unit</a></p>",
        concept_table(entries),
    ]
    if found:
        scores(found, out.figures / "scores.png")
        body.append(html.figure(out.figures / "scores.png", score_sentence(found)))
    proofs = [e for e in found if e["effect"]]
    if proofs:
        causes(proofs, out.figures / "causes.png")
        body.append(html.figure(out.figures / "causes.png", cause_sentence(proofs)))
    for entry in [e for e in found if e.get("closing") and any(b["at_end"]["plain"] for b in e["closing"]["bins"])][:2]:
        path = out.figures / f"closing_{entry['concept']}.png"
        closing(entry, path)
        body.append(html.figure(path, closing_sentence(entry)))
    if results.get("saturation"):
        saturation(results["saturation"], out.figures / "saturation.png")
        body.append(html.figure(out.figures / "saturation.png", saturation_sentence(results["saturation"])))
    if results.get("breakdown"):
        body.append(breakdown_table(results["breakdown"]))
    body.append("<h2>The text, coloured by the best units</h2>")
    for entry in found[:PICTURES]:
        path = out.figures / f"text_{entry['concept']}.png"
        picture(entry, shown, path)
        body.append(html.figure(path, entry["reason"]))
    body += [
        "<h2>Where this comes from</h2>",
        html.details("config", html.fields(flatten(read_json(out.config)))),
        html.details("provenance: code, versions, machine", html.fields(flatten(provenance))),
    ]
    write_text(out.report, html.page(f"Cells of {facts['network']}", body))


def explorer_data(results: dict[str, Any], shown: Any, symbols: Sequence[str], facts: dict[str, Any]) -> ExplorerData:
    """All h and c, and the gates of the units that are ranked for some concept."""
    ranked: dict[int, set[int]] = {}
    for entry in results["concepts"]:
        for found in entry["ranking"][:5]:
            layer, index = place_of(found["unit"])
            ranked.setdefault(layer, set()).add(index)
    activations = {}
    for (layer, quantity), a_NH in shown.activations.items():
        if quantity in ("h", "c"):
            activations[layer, quantity] = quantised(a_NH)
        elif units := sorted(ranked.get(layer, ())):
            activations[layer, quantity] = quantised(a_NH[:, units], units=units, scale=1.0)
    return ExplorerData(
        title=f"Cells of {facts['network']}",
        text=shown.text,
        activations=activations,
        guesses=likeliest(shown.p_NV, symbols),
        concepts=results["concepts"],
        labels={
            name: Labels(concept.kind, np.asarray(concept.labels_N), tuple(concept.classes))
            for name, concept in shown.labels.items()
        },
        facts=facts,
    )


def place_of(unit: str) -> tuple[int, int]:
    """Layer from 0 and index of ``layer1.c[37]``."""
    layer, _, rest = unit.partition(".")
    return int(layer.removeprefix("layer")) - 1, int(rest.partition("[")[2].rstrip("]"))


def conclusion(results: dict[str, Any]) -> str:
    """How many concepts have a cell, and how many units pass."""
    counts = {verdict: sum(e["verdict"] == verdict for e in results["concepts"]) for verdict in VERDICTS}
    proved = sum(bool(e["effect"] and e["effect"]["proved"]) for e in results["concepts"])
    of = len(results["concepts"])
    said = ", ".join(f"{verdict}: {number}" for verdict, number in counts.items() if number)
    return (
        f"Of {of} concepts: {said}. {proved} of the units held {'is' if proved == 1 else 'are'} proved to matter for "
        "their concept."
    )


def share_sentence(results: dict[str, Any]) -> str:
    """What share of the cells follow something, and what that depends on."""
    share = results["share_of_cells"]
    return (
        f"Of {results['cells']} cells (each counted once, with its h, its c and its gates) "
        f"{share['follow']:.1%} follow one or more of the {len(results['concepts'])} concepts tried beyond chance "
        f"and controls, and {share['stand_alone']:.1%} stand alone for one. More concepts, a lower threshold or "
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
                f"{best['statistic']} {best['confirm']:.3f}" if best else "-",
                f"{controls['last_characters']:.3f}" if best else "-",
                f"{controls['untrained']:.3f}" if best else "-",
                f"{controls['probe_all']:.3f}" if best else "-",
                "-" if not effect else cause(effect),
            )
        )
    head = ("concept", "verdict", "best unit", "held-out score", "last characters", "untrained", "all units", "cause")
    reasons = [(e["concept"], e["verdict"], e["reason"], (e["effect"] or {}).get("reason", "-")) for e in entries]
    why = html.table(reasons, ("concept", "verdict", "why", "what holding the unit does"))
    return html.table(rows, head) + html.details("the reasons", why)


def cause(effect: dict[str, Any]) -> str:
    """The unit that was held, what its holding does, and whether that is a proof."""
    said = f"{effect['unit']}: {'proved' if effect['proved'] else 'not proved'}"
    contrast = effect["contrast"]
    if contrast["value"] is None or contrast["low"] is None:
        return said
    return f"{said} ({contrast['value']:+.3f}; {contrast['low']:+.3f} to {contrast['high']:+.3f})"


def scores(entries: Entries, path: Path) -> None:
    """The best unit's score beside its controls."""
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * len(entries) + 1.4))
    for y, e in enumerate(reversed(entries)):
        controls, best = e["controls"], e["best"]
        axes.plot([0, 1], [y, y], color=GREY, lw=0.4)
        axes.plot(controls["untrained"], y, "x", color=GREY, ms=6)
        axes.plot(controls["last_characters"], y, "s", color=ORANGE, ms=5, mfc="none")
        axes.plot(controls["probe_all"], y, "|", color="black", ms=11)
        axes.plot(best["confirm"], y, "o", color=COLOURS[e["verdict"]], ms=7)
    names = [f"{e['concept']}  ({e['best']['statistic']})" for e in reversed(entries)]
    axes.set_yticks(range(len(entries)), names, fontsize=8)
    handles = {
        "best unit (coloured by verdict)": ("o", BLUE, BLUE),
        "best unit, untrained": ("x", GREY, GREY),
        "probe on the last characters": ("s", ORANGE, "none"),
        "probe on all units": ("|", "black", "black"),
    }
    for name, (marker, colour, face) in handles.items():
        axes.plot([], [], marker, color=colour, mfc=face, label=name)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=4)
    axes.set(xlim=(0, 1.02), title="held-out score")
    save(drawn, [axes], path)


def score_sentence(entries: Entries) -> str:
    """The clearest concept."""
    clearest = max(entries, key=lambda e: e["best"]["confirm"] - e["controls"]["last_characters"])
    best, controls = clearest["best"], clearest["controls"]
    beyond = best["confirm"] > controls["last_characters"]
    head = (
        "Farthest beyond what the last characters tell" if beyond else "No unit tells more than the last characters do"
    )
    return (
        f"{head}: {'' if beyond else 'nearest comes '}{clearest['concept']}, where {best['unit']} has "
        f"{best['statistic']} {best['confirm']:.3f} against {controls['last_characters']:.3f} for them and "
        f"{controls['untrained']:.3f} for the best unit of the untrained network."
    )


def causes(entries: Entries, path: Path) -> None:
    """How much more the loss rises where the concept holds than elsewhere, beside control units."""
    drawn, axes = plt.subplots(figsize=(8.4, 0.34 * len(entries) + 1.2))
    for y, e in enumerate(reversed(entries)):
        others = [contrast for contrast in e["effect"]["controls"]["contrast"] if contrast is not None]
        axes.plot(others, [y] * len(others), "o", color=GREY, ms=4, alpha=0.5, mew=0)
        contrast = e["effect"]["contrast"]
        if contrast["value"] is not None:
            colour = BLUE if e["effect"]["proved"] else ORANGE
            if contrast["low"] is not None:
                axes.plot([contrast["low"], contrast["high"]], [y, y], color=colour, lw=2)
            axes.plot(contrast["value"], y, "D", color=colour, ms=7)
    names = [f"{e['concept']}  {e['effect']['unit']}" for e in reversed(entries)]
    axes.set_yticks(range(len(entries)), names, fontsize=8)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.set(xlabel="rise of the loss where the concept holds less the rise elsewhere, nats per symbol")
    save(drawn, [axes], path)


def cause_sentence(entries: Entries) -> str:
    """Which cells the network uses."""
    proved = [f"{e['concept']} ({e['effect']['unit']})" for e in entries if e["effect"]["proved"]]
    if not proved:
        return (
            "Held at its mean elsewhere, no unit costs more where its concept holds, beyond chance and beyond "
            "control units (grey) whose holding moves the loss as much."
        )
    return (
        "Held at its mean elsewhere, a unit costs more where its concept holds, beyond chance (bars: 95 %) and "
        f"beyond control units (grey) whose holding moves the loss as much, for: {', '.join(proved)}."
    )


def closing(entry: dict[str, Any], path: Path) -> None:
    """Probability of the closing symbol where it comes, by distance, plain and with the unit held."""
    drawn, axes = plt.subplots(figsize=(6.6, 3.8))
    bins = entry["closing"]["bins"]
    names = [f"{b['nearest']}+" if b["farthest"] is None else f"{b['nearest']}-{b['farthest']}" for b in bins]
    for key, colour, label in (("plain", BLUE, "plain"), ("intervened", ORANGE, "unit held")):
        values = [np.nan if b["at_end"][key] is None else b["at_end"][key] for b in bins]
        axes.plot(names, values, "o-", color=colour, label=label)
    axes.set(xlabel="distance from the opening (characters)", ylabel="probability of the closing symbol")
    axes.legend(frameon=False)
    axes.set_title(
        f"{entry['concept']}, {entry['closing']['unit']} held at {entry['closing']['value']:+.2f}", fontsize=10
    )
    save(drawn, [axes], path)


def closing_sentence(entry: dict[str, Any]) -> str:
    """What holding the cell does to the closing symbol."""
    bins = [b for b in entry["closing"]["bins"] if b["at_end"]["plain"]]
    counts = np.array([b["at_end"]["positions"] for b in bins], float)
    plain, held = (float(np.average([b["at_end"][k] for b in bins], weights=counts)) for k in ("plain", "intervened"))
    return (
        f"Where the symbol that ends {entry['concept']} comes, the network gives it {plain:.3f}; with "
        f"{entry['closing']['unit']} held at its mean inside, {held:.3f}."
    )


def saturation(gates: Sequence[dict[str, Any]], path: Path) -> None:
    """Every unit's share of time below 0.1 and above 0.9: a panel a gate, a colour a layer, as the paper plots it."""
    names = list(dict.fromkeys(g["gate"] for g in gates))
    drawn, panels = plt.subplots(
        1, len(names), figsize=(3.2 * len(names), 3.2), sharex=True, sharey=True, squeeze=False
    )
    colours = (BLUE, ORANGE, GREEN, GREY)
    for axes, name in zip(panels[0], names, strict=True):
        for g in gates:
            if g["gate"] == name:
                colour = colours[(g["layer"] - 1) % len(colours)]
                axes.plot(g["right"], g["left"], "o", color=colour, ms=4, alpha=0.6, mew=0, label=f"layer {g['layer']}")
        axes.plot([0, 1], [1, 0], color=GREY, lw=0.8, ls=":")
        axes.set(title=f"gate {name}", xlabel="share above 0.9", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panels[0][0].set_ylabel("share below 0.1")
    panels[0][-1].legend(frameon=False, fontsize=8)
    save(drawn, panels[0], path)


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


def picture(entry: dict[str, Any], shown: Any, path: Path) -> None:
    """A stretch in which the concept changes most often, coloured by the best unit."""
    layer, index = place_of(entry["best"]["unit"])
    quantity = entry["best"]["unit"].partition(".")[2].partition("[")[0]
    a_N = shown.activations[layer, quantity][:, index].astype(np.float64)
    values_N = a_N if quantity == "h" else np.tanh(a_N) if quantity == "c" else 2 * a_N - 1
    labels_N = np.asarray(shown.labels[entry["concept"]].labels_N)
    changes = np.concatenate([[0], np.cumsum(labels_N[1:] != labels_N[:-1])])
    width = min(SHOWN, len(values_N) - 1)
    begin = int(np.argmax(changes[width:] - changes[:-width])) if len(changes) > width else 0
    here = slice(begin, begin + width)
    best = entry["best"]
    title = f"{best['unit']}: {entry['concept']}, {best['statistic']} {best['confirm']:.3f} ({entry['verdict']})"
    text_picture(
        path, shown.text[here], values_N[here], title, top=max(1e-6, float(np.quantile(np.abs(values_N), 0.98)))
    )
