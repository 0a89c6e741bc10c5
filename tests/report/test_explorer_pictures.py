"""The picture of a text under one unit: its pixels where they must be blue, orange or white."""

import matplotlib.image
import numpy as np
import pytest
from explorer_example import HOSTILE

from rnn_research.errors import UserError
from rnn_research.report.explorer.pictures import text_picture, wrapped


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
