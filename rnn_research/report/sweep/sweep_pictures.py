"""Which figures a sweep can have, drawn one after another, each with the sentence that it shows."""

from pathlib import Path
from typing import NamedTuple

from rnn_research.report.sweep import against, curves, heat_map, parallel_axes, pareto, success
from rnn_research.report.sweep.drawing import whole, words
from rnn_research.report.sweep.sweep_tables import Analysed, Table


class Picture(NamedTuple):
    """A heading, a file, and the sentence under it."""

    heading: str
    path: Path
    sentence: str


def draw(
    sweep: Analysed, tables: dict[str, Table], learning: tuple[list[curves.Curve], int], folder: Path
) -> list[Picture]:
    """Draws all that there is something to show for.

    Args:
      sweep: the runs and what is asked of them.
      tables: from ``tables.gather``.
      learning: from ``curves.gather``.
      folder: where the pictures go, each as PNG and PDF.
    """
    question, counted = sweep.question, sweep.counted
    settings = whole(tables["settings"].rows, question.fields)
    pictures = []
    found, left_out = learning
    if found:
        path = folder / "learning_curves.png"
        curves.draw(found, question.curve, path)
        pictures.append(Picture("How they learned", path, curves.sentence(found, left_out, question)))
    if settings["mean"].notna().sum() > 1 and question.x is not None:
        path = folder / "against.png"
        against.draw(settings, question, path)
        heading = f"{words(question.y)} against {words(question.x)}".capitalize()
        pictures.append(Picture(heading, path, against.sentence(settings, question, whole(counted, question.fields))))
        fields = heat_map.choose(settings, question)
        if fields is not None:
            path = folder / "heat_map.png"
            heat_map.draw(settings, question, fields, path)
            pictures.append(Picture("Two fields at once", path, heat_map.sentence(settings, question, fields)))
        if len(question.fields) >= parallel_axes.FEWEST:
            path = folder / "parallel.png"
            parallel_axes.draw(settings, question, path)
            pictures.append(Picture("All fields at once", path, parallel_axes.sentence(settings, question)))
    if sweep.success is not None and question.x is not None:
        path = folder / "success.png"
        rates = whole(tables["success"].rows, question.fields)
        success.draw(rates, question, path)
        heading = f"Success against {words(question.x)}"
        pictures.append(Picture(heading, path, success.sentence(rates, question, sweep.success)))
    for cost in pareto.costs(counted):
        if cost in counted.columns and cost != question.y and counted[cost].nunique() > 1 and len(settings) > 1:
            points = pareto.gather(counted, question, cost)
            if len(points) > 1:
                path = folder / f"pareto_{cost}.png"
                pareto.draw(points, question, cost, path)
                heading = "What it costs in " + words(cost)
                pictures.append(Picture(heading, path, pareto.sentence(points, question, cost)))
    return pictures
