"""The picture of a text under one unit: its pixels where they must be blue, orange or white."""

import matplotlib.image
import numpy as np
import pytest
from explorer_example import HOSTILE

from rnn_research.errors import UserError
from rnn_research.report import titles
from rnn_research.report.explorer.explorer_pictures import text_picture, wrapped


@pytest.mark.parametrize(("palette", "negative"), [("safe", (1, 0.6)), ("paper", (1, 0.5))])
def test_positive_is_blue_and_negative_red_or_orange(tmp_path, palette, negative):
    # Nine spaces, so that no ink is in the way: three at -1, three at 0, three at +1.
    text_picture(tmp_path / "a.png", " " * 9, np.repeat([-1.0, 0, 1], 3), "", palette=palette)
    pixels = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    row = pixels[int(pixels.shape[0] - (0.12 + 0.095) * 150)]
    left, middle, right = (row[int((0.15 + cell * 0.088) * 150)] for cell in (1.5, 4.5, 7.5))
    np.testing.assert_allclose(middle, 1, atol=0.01)
    assert right[2] > right[0] + 0.2
    assert left[0] > left[2] + 0.2
    assert left[0] > right[0]


def test_any_text_can_be_drawn(tmp_path):
    text_picture(tmp_path / "a.png", HOSTILE + "$x_1$", np.zeros(len(HOSTILE) + 5), "$ and $")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_rows_end_at_line_breaks_and_where_they_are_full():
    assert wrapped("ab\ncdefg\n\nh", 4) == [(0, 3), (3, 7), (7, 9), (9, 10), (10, 11)]
    assert wrapped("ab\n", 4) == [(0, 3)]


def test_values_must_fit_the_text(tmp_path):
    with pytest.raises(UserError, match=r"values \(2,\) do not fit a text of 3 characters"):
        text_picture(tmp_path / "a.png", "abc", np.zeros(2), "")
    with pytest.raises(UserError, match="palette='blue'"):
        text_picture(tmp_path / "a.png", "abc", np.zeros(3), "", palette="blue")


@pytest.mark.parametrize("columns", [12, 40])
def test_no_title_is_wider_than_its_figure(tmp_path, columns):
    """The last pixels of every row are white, however narrow the text."""
    title = "layer1.c[52]: python.in_comment, AUC 0.852 (distributed); underlined where a_very_long_name_indeed holds"
    text_picture(tmp_path / "a.png", "x = f(y)\n" * 4, np.zeros(36), title, columns=columns)
    pixels = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    assert pixels[:, -4:].min() == 1
    assert pixels[:, :4].min() == 1
    for inches in (0.7, 2.0, 9.0):
        broken = titles.lines(title, inches, 11)
        assert max(titles.width(line, 11) for line in broken) <= inches
        assert "".join(broken).replace(" ", "") == title.replace(" ", "")


def test_what_is_marked_is_underlined_and_the_key_shows_all_colours(tmp_path):
    marked_N = np.arange(9) < 3
    key = ("31 and below", "c = 32", "33 and above")
    text_picture(tmp_path / "a.png", " " * 9, np.zeros(9), "", marked_N=marked_N, key=key)
    pixels = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    columns = [int((0.15 + cell * 0.088) * 150) for cell in (1.5, 4.5, 7.5)]
    bottom = int(0.46 * 150)
    row = pixels[pixels.shape[0] - bottom - 28 : pixels.shape[0] - bottom]
    dark = [bool((row[:, column] < 0.5).all(axis=-1).any()) for column in columns]
    assert dark == [True, False, False]
    strip = pixels[pixels.shape[0] - int(0.31 * 150)]
    left, middle, right = (strip[int((0.15 + share * 4.2) * 150)] for share in (0.02, 0.5, 0.98))
    np.testing.assert_allclose(middle, 1, atol=0.02)
    assert left[0] > left[2] + 0.2
    assert right[2] > right[0] + 0.2
