"""The page of the image study: test accuracy by form and network."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from rnn_research.report import html
from rnn_research.report.figures import GREY, save
from rnn_research.report.gradient.styles import label, style, with_interval
from rnn_research.runs.directory import RunDirectory

Points = list[dict[str, Any]]
GUESSING = 0.1


def page(directory: RunDirectory, results: dict[str, Any]) -> tuple[str, list[str]]:
    """Title and body."""
    points = results["points"]
    accuracies(points, directory.figures / "accuracy.png")
    rows = [
        (
            p["form"],
            p["sequence_steps"],
            label(p["network"]),
            with_interval(p, "test_accuracy", ".1f", 100),
            "-" if p["parameters"] is None else p["parameters"],
            p["steps"],
        )
        for p in points
    ]
    head = ("form", "T", "network", "test accuracy, % [95 % over seeds]", "parameters", "steps of training")
    return f"{points[0]['source']} as sequences", [
        html.figure(directory.figures / "accuracy.png", sentence(points)),
        html.table(rows, head),
    ]


def accuracies(points: Points, path: Path) -> None:
    """Every seed a dot, the mean a bar."""
    forms = list(dict.fromkeys(p["form"] for p in points))
    drawn, panels = plt.subplots(1, len(forms), figsize=(3.8 * len(forms), 4.0), sharey=True, squeeze=False)
    for axes, form in zip(panels[0], forms, strict=True):
        here = [p for p in points if p["form"] == form]
        for x, point in enumerate(here):
            colour = style(point["network"]).colour
            seeds = np.array(point["test_accuracy_by_seed"], np.float64)  # None, for one that failed, as nan
            if point["test_accuracy"] is not None:
                axes.bar(x, point["test_accuracy"], color=colour, alpha=0.35, width=0.7)
            axes.plot(np.linspace(x - 0.2, x + 0.2, len(seeds)), seeds, "o", color=colour, ms=4)
        axes.axhline(GUESSING, color=GREY, lw=0.9, ls=":")
        axes.set(title=f"{form}, T = {here[0]['sequence_steps']}", ylim=(0, 1))
        axes.set_xticks(range(len(here)), [label(p["network"]).replace(", ", "\n") for p in here], fontsize=8)
    panels[0][0].set_ylabel("test accuracy")
    save(drawn, panels[0], path)


def sentence(points: Points) -> str:
    """The best and the worst of each form, and which others are not told apart from the best."""
    parts = []
    for form in dict.fromkeys(p["form"] for p in points):
        known = [p for p in points if p["form"] == form and p["test_accuracy"] is not None]
        if not known:
            parts.append(f"{form}: every seed of every network has failed")
            continue
        here = sorted(known, key=lambda p: p["test_accuracy"])
        worst, best = here[0], here[-1]
        # An interval that is missing (one seed) tells nothing apart.
        low = _end(best, "low")
        level = [label(p["network"]) for p in here[:-1] if not _below(_end(p, "high"), low)]
        parts.append(
            f"{form}: {label(best['network'])} {100 * best['test_accuracy']:.1f} %"
            + (f" (its interval meets that of {', '.join(level)})" if level else "")
            + f", {label(worst['network'])} {100 * worst['test_accuracy']:.1f} %"
        )
    learned = [p for p in points if p["test_accuracy"] is None or _below(GUESSING, _end(p, "low"))]
    guessing = [f"{label(p['network'])} on {p['form']}" for p in points if p not in learned]
    text = f"Best and worst test accuracy, guessing being 10 %: {'; '.join(parts)}."
    return text + (f" Not told apart from guessing: {', '.join(guessing)}." if guessing else "")


def _end(point: dict[str, Any], end: str) -> float | None:
    return point.get(f"test_accuracy_{end}95")


def _below(less: float | None, more: float | None) -> bool:
    return less is not None and more is not None and less < more
