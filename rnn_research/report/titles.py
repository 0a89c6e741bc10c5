"""Titles that end where their figure does."""

import warnings

from matplotlib.font_manager import FontProperties, findfont, get_font


def width(text: str, size: float) -> float:
    """Of one line in the font of the figures, in inches.

    Args:
      text: without line breaks; no mathematics is read in it.
      size: of the font, in points.
    """
    font = get_font(findfont(FontProperties()))
    font.set_size(size, 72)
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box, and is as wide as one.
        warnings.simplefilter("ignore")
        font.set_text(text, 0)
    return float(font.get_width_height()[0]) / 64 / 72


def lines(text: str, inches: float, size: float) -> list[str]:
    """The text in lines of no more than a width, broken between words, and within a word that is wider alone.

    Args:
      text: of one title.
      inches: that a line may take.
      size: of the font, in points.
    """
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if width(longer, size) <= inches:
            found[-1] = longer
            continue
        if found[-1]:
            found.append("")
        for character in word:
            if found[-1] and width(found[-1] + character, size) > inches:
                found.append("")
            found[-1] += character
    return found
