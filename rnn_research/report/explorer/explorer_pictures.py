"""A stretch of text coloured by one unit, as a PNG (after Karpathy, Johnson and Li 2015, figure 2)."""

import pathlib
from functools import cache

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from rnn_research.errors import UserError, one_of
from rnn_research.report import titles
from rnn_research.runs.directory import written_whole

PALETTES = {"safe": ("#D55E00", "#0072B2"), "paper": ("#DE2D26", "#2166E6")}
"""The colours of -1 and +1: orange and blue, which all can tell apart (Okabe and Ito 2008), or red and blue."""

SIGNS = {"\n": "\N{RETURN SYMBOL}", "\t": "\N{RIGHTWARDS ARROW}"}
WIDTH, HEIGHT, SIZE = 0.088, 0.19, 10.5
"""Of a character in inches, and the size of its font in points."""
BASELINE = 0.72
"""Of a row, from above, in heights."""
MARGIN, LINE, KEY = 0.15, 0.2, 0.34
"""At the sides, of a line of the title, and of the colour key with its numbers, in inches."""
TITLE_SIZE, KEY_SIZE = 11, 8
KEYED = 4.2
"""How long the colour key is, in inches; no picture that has one is narrower."""
UNDERLINE = 0.93
"""Where a mark under a character stands in its row, from above, in heights."""
FULL = 0.7
"""Never the whole colour, so that black stays legible on it."""


def text_picture(
    path: pathlib.Path,
    text: str,
    values_N: np.ndarray,
    title: str,
    *,
    top: float = 1.0,
    palette: str = "safe",
    columns: int = 88,
    marked_N: np.ndarray | None = None,
    key: tuple[str, str, str] | None = None,
) -> None:
    """Draws the text on the colours of a unit.

    Args:
      path: of the PNG.
      text: N characters.
      values_N: the unit's activation after each, 0 where it has no colour: say its deviation from its mean.
      title: say ``layer2.c[3]: python.in_string, AUC 0.98``; broken into as many lines as the figure's width needs.
      top: the absolute value that is full colour; what is beyond has the same.
      palette: of ``PALETTES``; positive is blue in both, as in the paper.
      columns: where long lines are broken.
      marked_N: characters to be underlined.
      key: what stands under the colours of ``-top``, 0 and ``top``; None leaves the colour key out.

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
    inches = max(width * WIDTH, KEYED if key else 0.0)
    title_lines = titles.lines(title, inches, TITLE_SIZE)
    below = 0.12 + (KEY if key else 0.0)
    figure = plt.figure(figsize=(inches + 2 * MARGIN, height * HEIGHT + below + 0.23 + LINE * len(title_lines)))
    size = figure.get_size_inches()
    axes = figure.add_axes((MARGIN / size[0], below / size[1], width * WIDTH / size[0], height * HEIGHT / size[1]))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    colour_N4 = colours(0.5 + 0.5 * FULL * np.clip(values_N / top, -1, 1))
    column_N = np.concatenate([np.arange(stop - start) for start, stop in rows])
    row_N = np.repeat(np.arange(height), [stop - start for start, stop in rows])
    cell_42 = np.array([(0, 0.04), (1, 0.04), (1, 0.96), (0, 0.96)])
    cells_N42 = np.stack([column_N, row_N], axis=-1)[:, None] + cell_42
    axes.add_collection(PolyCollection(cells_N42, facecolors=colour_N4, linewidths=0, antialiaseds=False))
    for marks, ink in ((False, "0.05"), (True, "0.6")):
        here = [n for n in range(len(text)) if (text[n] in SIGNS) == marks and text[n] != " "]
        written = [_glyph(text[n]) for n in here]
        if written:
            # One path for all: a text of its own for every character takes ten times as long.
            moved = [
                Path(np.array([column_N[n], row_N[n] + BASELINE]) + glyph_P2, codes_P)
                for n, (glyph_P2, codes_P) in zip(here, written, strict=True)
            ]
            axes.add_patch(PathPatch(Path.make_compound_path(*moved), facecolor=ink, linewidth=0))
    if marked_N is not None:
        here_N = np.flatnonzero(marked_N)
        ends_M2 = np.stack([column_N[here_N], row_N[here_N] + UNDERLINE], axis=-1)
        axes.add_collection(LineCollection([[(x, y), (x + 1, y)] for x, y in ends_M2], colors="black", linewidths=1))
    for number, line in enumerate(title_lines):
        y = 1 - (0.25 + number * LINE) / size[1]
        figure.text(MARGIN / size[0], y, line, fontsize=TITLE_SIZE, parse_math=False)
    if key:
        _draw_key(figure, colours, key, size)
    with written_whole(path) as part:
        figure.savefig(part, dpi=150, facecolor="white")
    plt.close(figure)


def _draw_key(figure: Figure, colours: LinearSegmentedColormap, key: tuple[str, str, str], size: np.ndarray) -> None:
    """A strip of all colours at the lower edge, with what three of them stand for."""
    strip = figure.add_axes((MARGIN / size[0], 0.26 / size[1], KEYED / size[0], 0.1 / size[1]))
    strip.imshow(colours(np.linspace(0.5 - FULL / 2, 0.5 + FULL / 2, 256))[None], aspect="auto")
    strip.axis("off")
    for share, where, said in zip((0, 0.5, 1), ("left", "center", "right"), key, strict=True):
        x = (MARGIN + share * KEYED) / size[0]
        figure.text(x, 0.1 / size[1], said, ha=where, fontsize=KEY_SIZE, parse_math=False)


@cache
def _glyph(character: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Its outline and codes, from the left end of the baseline, in widths and heights of a character's place."""
    font = FontProperties(family="DejaVu Sans Mono", size=SIZE)
    sign = SIGNS.get(character, character if character.isprintable() else "\N{MIDDLE DOT}")
    if not get_font(findfont(font)).get_char_index(ord(sign)):
        sign = "\N{WHITE SQUARE}"
    outline = TextPath((0, 0), sign, prop=font)
    # Points from below up become places from above down.
    return np.asarray(outline.vertices) * np.array([1 / (72 * WIDTH), -1 / (72 * HEIGHT)]), outline.codes


def wrapped(text: str, columns: int) -> list[tuple[int, int]]:
    """Start and stop of every row: a line break ends one, and so do ``columns`` characters."""
    rows, start = [], 0
    for n, character in enumerate(text):
        if character == "\n" or n + 1 - start == columns:
            rows.append((start, n + 1))
            start = n + 1
    return [*rows, (start, len(text))] if start < len(text) else rows
