"""Numbers as pages write them."""

import pytest

from rnn_research.report import html


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (10943.2, 4, "10,940"),
        (4157.4, 3, "4,160"),
        (999.7, 3, "1,000"),
        (999.2, 3, "999"),
        (-4157.4, 2, "-4,200"),
        (0.00012345, 3, "0.000123"),
        (3e9, 3, "3e+09"),
        (float("inf"), 3, "inf"),
        (float("nan"), 3, "nan"),
    ],
)
def test_large_numbers_are_written_out(value, digits, text):
    assert html.number(value, digits) == text
    assert f">{html.number(value, 4)}<" in html.table([(value,)])
