"""What the figures of a sweep share: how lines are told apart, which axes are logarithmic, how names are written."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnn_research.errors import counted
from rnn_research.report import figures
from rnn_research.runs.directory import written_whole
from rnn_research.runs.statistics import Paired

BELOW = "an arrow: it goes on below zero, for which a logarithmic axis has no place"
"""Of an interval that ends at ``least_drawn``."""

NO_DATE = {"CreationDate": None}
"""Of a PDF: the same picture is then the same file."""
LINES = 8
"""As many lines as one picture can hold before they are no longer told apart."""


class Style(NamedTuple):
    """How one line is drawn."""

    colour: str
    line: str
    marker: str


# The palette of Okabe and Ito 2008 without its yellow, which print loses on white. Line styles
# and markers differ too, so that a print in grey still tells the lines apart.
STYLES = [
    Style("#0072B2", "-", "o"),
    Style("#D55E00", "--", "s"),
    Style("#009E73", "-.", "^"),
    Style("#CC79A7", ":", "D"),
    Style("#000000", "-", "v"),
    Style("#E69F00", "--", "P"),
    Style("#56B4E9", "-.", "X"),
    Style("#7f7f7f", ":", "*"),
]


def words(name: str) -> str:
    """The name of a figure or field as a reader sees it: ``optimizer.clip.name`` is ``clip``."""
    return name if " " in name else name.removesuffix(".name").rsplit(".", 1)[-1].replace("_", " ")


def is_logarithmic(values: Iterable[float]) -> bool:
    """Whether an axis should be: its values span a decade or have equal ratios, and are not evenly spaced."""
    found = np.unique(np.array([v for v in values if np.isfinite(v)], np.float64))
    if len(found) < 2 or found[0] <= 0:
        return False
    steps, ratios = np.diff(found), found[1:] / found[:-1]
    if len(found) > 3 and np.allclose(steps, steps[0], rtol=0.02):
        return False
    return bool(
        found[-1] / found[0] >= 10 or (len(found) > 2 and ratios[0] >= 1.5 and np.allclose(ratios, ratios[0], 0.1))
    )


def positions(values: Sequence[Any]) -> tuple[np.ndarray, bool]:
    """Where values stand on an axis: numbers where they are, names one after another.

    Returns:
      The positions ``[N]``, and whether the values are numbers.
    """
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values):
        return np.array(values, np.float64), True
    order = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return np.array([order[value] for value in values], np.float64), False


def whole(table: pd.DataFrame, fields: Iterable[str]) -> pd.DataFrame:
    """The table with ``none`` (as ``--where`` says it) where a run has no such field: one more place on an axis."""
    lacking = [field for field in fields if table[field].isna().any()]
    return table.assign(**{field: table[field].astype(object).where(table[field].notna(), "none") for field in lacking})


def field_axis(axes: Axes, field: str, values: Sequence[Any]) -> None:
    """The x axis of a swept field: marked where there are values, logarithmic where it should be."""
    distinct = sorted(dict.fromkeys(values)) if positions(values)[1] else list(dict.fromkeys(values))
    places, numbers = positions(distinct)
    if numbers and is_logarithmic(places):
        axes.set_xscale("log")
    if not numbers or len(distinct) <= 10:
        axes.set_xticks(places, [short(value) for value in distinct])
        axes.minorticks_off()
    if not numbers and max(len(short(value)) for value in distinct) > 8:
        axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel(words(field))


def value_axis(axes: Axes, name: str, values: Iterable[float]) -> None:
    """The y axis of a figure, logarithmic where it should be."""
    if is_logarithmic(values):
        axes.set_yscale("log")
    axes.set_ylabel(words(name))


def least_drawn(values: Iterable[float], lows: Iterable[float]) -> float | None:
    """Where intervals end that go on below zero, on an axis that is logarithmic; None where none do, or it is not.

    Args:
      values: that decide whether it is.
      lows: lower ends of their intervals.
    """
    values, lows = (np.array(list(each), np.float64) for each in (values, lows))
    if not is_logarithmic(values) or not (lows <= 0).any():
        return None
    both = np.concatenate([values, lows])
    return float(both[both > 0].min() / 2)


def paired_words(found: Paired) -> str:
    """``0.0123 [0.0101, 0.0145] over 3 pairs``."""
    return f"{abs(found.mean):.3g} [{_ends(found)}] over {counted(found.pairs, 'pair')}"


def _ends(found: Paired) -> str:
    low, high = (found.low, found.high) if found.mean >= 0 else (-found.high, -found.low)
    return f"{low:.3g}, {high:.3g}"


def short(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return str(value) if len(str(value)) <= 24 else f"{str(value)[:23]}…"
    return f"{value:.4g}"


def size(count: int) -> tuple[float, float]:
    """Of a figure, in inches, so that the legend of so many lines has room."""
    return (7.2, 4.2) if count <= 4 else (9.6, 4.2)


def key(axes: Axes, count: int) -> None:
    """The legend, beside the axes where it would cover lines; none for a single line without a name."""
    if not axes.get_legend_handles_labels()[0]:
        return
    if count <= 4:
        axes.legend(frameon=False, fontsize=9, handlelength=3)
    else:
        axes.legend(frameon=False, fontsize=9, handlelength=3, loc="upper left", bbox_to_anchor=(1.01, 1))


def save(figure: Figure, axes: Iterable[Axes], path: Path) -> None:
    """Writes a picture for the page (PNG) and for print (PDF, with its letters as text) in the house's style."""
    figure.set_layout_engine("constrained")
    axes = list(axes)
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25)
    with matplotlib.rc_context({"pdf.fonttype": 42}), written_whole(path.with_suffix(".pdf")) as part:
        figure.savefig(part, metadata=NO_DATE)
    figures.save(figure, axes, path)
