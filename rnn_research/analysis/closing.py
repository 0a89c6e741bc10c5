"""How sure a model is of a closing character, by how far back its opening lies.

After Karpathy, Johnson and Li 2015 (arXiv:1506.02078), section 4.3.
An n-gram model cannot see an opening n characters ago; a network that carries it over stays sure.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnn_research.errors import UserError


class Closing(NamedTuple):
    """Per bin of distance, ``[D]``.

    Attributes:
      nearest, farthest: the bin's distances in characters, both within.
      closings: closing characters in the bin.
      mean: their mean probability; NaN in an empty bin.
    """

    nearest: np.ndarray
    farthest: np.ndarray
    closings: np.ndarray
    mean: np.ndarray


def closing_by_distance(
    p_close_N: np.ndarray, text: bytes, opening: bytes, closing: bytes, distances: Sequence[int]
) -> Closing:
    """Mean probability of the closing character where it is right, by distance to its opening.

    Args:
      p_close_N: probability of the closing character at every place; only places where
        it stands are read, so that the probability of the right character serves too.
      text: N bytes.
      opening, closing: one byte each; the same byte for quotes.
      distances: the bins' first distances, increasing, and the distance at which the last one ends
        (exclusive): ``(1, 10, 20)`` is 1 to 9 and 10 to 19. Other distances are left out.

    Raises:
      UserError: for a bracket of more than a byte, or distances that do not increase.
      ValueError: for probabilities that do not fit the text.
    """
    p_close_N, edges = np.asarray(p_close_N, np.float64), np.asarray(distances)
    if p_close_N.shape != (len(text),):
        raise ValueError(f"probabilities {p_close_N.shape} do not fit a text of {len(text)} bytes")
    if len(edges) < 2 or np.any(np.diff(edges) <= 0):
        raise UserError(f"distances={tuple(distances)} must be two or more and increase")
    place_P, distance_P = closed_quotes(text, closing) if opening == closing else closed(text, opening, closing)
    bin_P = np.searchsorted(edges, distance_P, "right") - 1
    within_P = (bin_P >= 0) & (bin_P < len(edges) - 1)
    D = len(edges) - 1
    closings = np.bincount(bin_P[within_P], minlength=D)
    total = np.bincount(bin_P[within_P], p_close_N[place_P[within_P]], minlength=D)
    mean = np.divide(total, closings, out=np.full(D, np.nan), where=closings > 0)
    return Closing(edges[:-1], edges[1:] - 1, closings, mean)


def closed(text: bytes, opening: bytes, closing: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where each closing bracket stands ``[P]`` and how far back its own opening is ``[P]``.

    Brackets nest. A closing bracket without an opening is left out.
    """
    text_N = _bytes(text, opening, closing)
    open_places: list[int] = []
    pairs: list[tuple[int, int]] = []
    for place in np.flatnonzero((text_N == opening[0]) | (text_N == closing[0])).tolist():
        if text_N[place] == opening[0]:
            open_places.append(place)
        elif open_places:
            pairs.append((place, place - open_places.pop()))
    return _columns(pairs)


def closed_quotes(text: bytes, quote: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The same where one byte opens and closes in turn.

    Every blank line begins anew: novels open a quote in each paragraph of a long speech and
    close it in the last one only, which would turn all that follows inside out.
    """
    text_N = _bytes(text, quote, quote)
    place_P = np.flatnonzero(text_N == quote[0])
    # A line end that follows another one, carriage returns aside, ends a paragraph.
    kept = np.flatnonzero(text_N != ord("\r"))
    ends = text_N[kept] == ord("\n")
    paragraph_P = np.searchsorted(kept[1:][ends[1:] & ends[:-1]], place_P)
    pairs: list[tuple[int, int]] = []
    open_place, open_paragraph = -1, -1
    for place, paragraph in zip(place_P.tolist(), paragraph_P.tolist(), strict=True):
        if open_place >= 0 and paragraph == open_paragraph:
            pairs.append((place, place - open_place))
            open_place = -1
        else:
            open_place, open_paragraph = place, paragraph
    return _columns(pairs)


def _bytes(text: bytes, *characters: bytes) -> np.ndarray:
    for character in characters:
        if len(character) != 1:
            raise UserError(f"the opening or closing character {character!r} must be one byte")
    return np.frombuffer(text, np.uint8)


def _columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]
