"""Closing brackets and quotes by distance, against texts measured by hand."""

import numpy as np
import pytest

from rnn_research.analysis.closing import closed, closed_quotes, closing_by_distance
from rnn_research.errors import UserError


def test_brackets_nest_and_lonely_ones_are_left_out():
    #       0123456789012
    text = b")(a(b)c)d((e)"
    place, distance = closed(text, b"(", b")")
    assert dict(zip(place.tolist(), distance.tolist())) == {5: 2, 7: 6, 12: 2}


def test_means_by_distance():
    text = b"(a)(b)(cccc)"
    p_N = np.zeros(12)
    p_N[[2, 5, 11]] = 0.25, 0.75, 0.125
    p_N[3] = 1.0  # no closing bracket: never read
    found = closing_by_distance(p_N, text, b"(", b")", (1, 3, 5, 6))
    assert found.nearest.tolist() == [1, 3, 5]
    assert found.farthest.tolist() == [2, 4, 5]
    assert found.closings.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(found.mean, [0.5, np.nan, 0.125])


def test_distances_outside_of_the_bins_are_left_out():
    found = closing_by_distance(np.ones(12), b"(a)(b)(cccc)", b"(", b")", (3, 5))
    assert found.closings.tolist() == [0]


@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_quotes_begin_anew_at_blank_lines_only(line):
    text = b'"ab" c "d' + line + b'e"' + line * 2 + b'"open' + line * 2 + b'"f" "'
    place, distance = closed_quotes(text, b'"')
    last = text.index(b'"f"')
    assert dict(zip(place.tolist(), distance.tolist())) == {3: 3, 10 + len(line): 3 + len(line), last + 2: 2}
    found = closing_by_distance(np.full(len(text), 0.5), text, b'"', b'"', (1, 100))
    assert found.closings.tolist() == [3]


def test_a_text_without_any():
    found = closing_by_distance(np.zeros(0), b"", b"{", b"}", (1, 2))
    assert found.closings.tolist() == [0]
    assert np.isnan(found.mean[0])


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        closing_by_distance(np.zeros(3), b"ab", b"(", b")", (1, 2))
    for distances in ((1,), (3, 3), (5, 2)):
        with pytest.raises(UserError, match="increase"):
            closing_by_distance(np.zeros(2), b"ab", b"(", b")", distances)
    with pytest.raises(UserError, match="one byte"):
        closing_by_distance(np.zeros(2), b"ab", b"/*", b"*/", (1, 2))
