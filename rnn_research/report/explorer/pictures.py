"""A stretch of text coloured by one unit, as a PNG (after Karpathy, Johnson and Li 2015, figure 2)."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle

from rnn_research.errors import UserError, one_of
from rnn_research.runs.directory import written_whole

PALETTES = {"safe": ("#D55E00", "#0072B2"), "paper": ("#DE2D26", "#2166E6")}
"""The colours of -1 and +1: orange and blue, which all can tell apart (Okabe and Ito 2008), or red and blue."""

SIGNS = {"\n": "\N{RETURN SYMBOL}", "\t": "\N{RIGHTWARDS ARROW}"}
WIDTH, HEIGHT, SIZE = 0.088, 0.19, 10.5
"""Of a character in inches, and the size of its font in points."""


def text_picture(
    path: Path,
    text: str,
    values_N: np.ndarray,
    title: str,
    *,
    top: float = 1.0,
    palette: str = "safe",
    columns: int = 88,
) -> None:
    """Draws the text on the colours of a unit.

    Args:
      path: of the PNG.
      text: N characters.
      values_N: the unit's activation after each; the paper takes tanh(c).
      title: say ``layer2.c[3]: python.in_string, AUC 0.98``.
      top: the absolute value that is full colour; what is beyond has the same.
      palette: of ``PALETTES``; positive is blue in both, as in the paper.
      columns: where long lines are broken.

    Raises:
      UserError: for an unknown palette, or values that do not fit the text.
    """
    negative, positive = PALETTES[one_of("palette", palette, PALETTES)]
    values_N = np.asarray(values_N, np.float64)
    if values_N.shape != (len(text),) or not text:
        raise UserError(f"values {values_N.shape} do not fit a text of {len(text)} characters: give one each")
    colours = LinearSegmentedColormap.from_list(palette, (negative, "white", positive))
    rows = wrapped(text, columns)
    width, height = max(stop - start for start, stop in rows), len(rows)
    figure = plt.figure(figsize=(width * WIDTH + 0.3, height * HEIGHT + 0.55))
    size = figure.get_size_inches()
    axes = figure.add_axes((0.15 / size[0], 0.12 / size[1], width * WIDTH / size[0], height * HEIGHT / size[1]))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    font = FontProperties(family="DejaVu Sans Mono", size=SIZE)
    known = get_font(findfont(font))
    for y, (start, stop) in enumerate(rows):
        for x, n in enumerate(range(start, stop)):
            # Never the whole colour, so that black stays legible on it.
            colour = colours(0.5 + 0.5 * 0.7 * float(np.clip(values_N[n] / top, -1, 1)))
            axes.add_patch(Rectangle((x, y + 0.04), 1, 0.92, color=colour, lw=0, antialiased=False))
            sign = SIGNS.get(text[n], text[n] if text[n].isprintable() else "\N{MIDDLE DOT}")
            if sign == " ":
                continue
            if not known.get_char_index(ord(sign)):
                sign = "\N{WHITE SQUARE}"
            ink = "0.6" if text[n] in SIGNS else "0.05"
            # Without parse_math a dollar sign would begin a formula.
            axes.text(
                x + 0.5, y + 0.54, sign, fontproperties=font, color=ink, ha="center", va="center", parse_math=False
            )
    figure.text(0.15 / size[0], 1 - 0.25 / size[1], title, fontsize=11, parse_math=False)
    with written_whole(path) as part:
        figure.savefig(part, dpi=150, facecolor="white")
    plt.close(figure)


def wrapped(text: str, columns: int) -> list[tuple[int, int]]:
    """Start and stop of every row: a line break ends one, and so do ``columns`` characters."""
    rows, start = [], 0
    for n, character in enumerate(text):
        if character == "\n" or n + 1 - start == columns:
            rows.append((start, n + 1))
            start = n + 1
    return [*rows, (start, len(text))] if start < len(text) else rows
