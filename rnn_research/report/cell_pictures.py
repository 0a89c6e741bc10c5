"""A stretch of text coloured by the best unit of a concept, underlined where the concept holds."""

from pathlib import Path
from typing import Any

import numpy as np

from rnn_research.report import cell_scores
from rnn_research.report.cell_figures import place_of
from rnn_research.report.explorer.data import own_range
from rnn_research.report.explorer.explorer_pictures import text_picture
from rnn_research.runs.shown import Labels, Shown

SHOWN = 1100
"""Characters of a picture."""
CLIPPED = 0.98
"""The quantile of the unit's |deviation from its mean| that is its full colour: of fewer characters than a page has."""


def picture(entry: dict[str, Any], shown: Shown, path: Path) -> None:
    """The stretch in which the concept changes most often; the colour is the unit's deviation from its own mean.

    Args:
      entry: of the concept.
      shown: what a study has kept of the text.
      path: of the PNG.
    """
    layer, quantity, index = place_of(entry["best"]["unit"])
    a_N = shown.activations[layer, quantity][:, index].astype(np.float64)
    labels = shown.labels[entry["concept"]]
    labels_N = np.asarray(labels.values_N)
    changes = np.concatenate([[0], np.cumsum(labels_N[1:] != labels_N[:-1])])
    width = min(SHOWN, len(a_N) - 1)
    begin = int(np.argmax(changes[width:] - changes[:-width])) if len(changes) > width else 0
    here = slice(begin, begin + width)
    best = entry["best"]
    score = cell_scores.score(best["statistic"], best["confirm"])
    marked_N, mark = holds(labels)
    said = f"; {mark}" if mark else ""
    (centre,), (reach,) = own_range(a_N[:, None], CLIPPED)
    text_picture(
        path,
        shown.text[here],
        a_N[here] - centre,
        f"{best['unit']}: {entry['concept']}, {score} ({entry['verdict']}){said}",
        top=float(reach),
        marked_N=None if marked_N is None else marked_N[here],
        key=(
            f"{centre - reach:.3g} and below",
            f"{quantity} = {centre:.3g}, its mean",
            f"{centre + reach:.3g} and above",
        ),
    )


def holds(labels: Labels) -> tuple[np.ndarray | None, str]:
    """Where a concept holds, and what an underline there says; of classes, nowhere and nothing."""
    values_N = np.asarray(labels.values_N)
    if labels.kind == "binary":
        return values_N.astype(bool), "underlined where it holds"
    if labels.kind == "count":
        return values_N > np.median(values_N), "underlined where it is above its median"
    return None, ""
