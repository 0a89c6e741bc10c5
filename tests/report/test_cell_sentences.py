"""A sentence of the cell study's page on planted scores: where a unit tells more than the text, and where none does."""

import pytest

from rnn_research.report.cells import score_sentence


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (0.9, "Farthest beyond what the last characters tell: quotes"),
        (0.5, "No unit tells more than the last characters do"),
    ],
)
def test_a_unit_is_beyond_the_last_characters_where_it_is(unit, said):
    best = {"unit": "layer1.c[3]", "statistic": "auc", "confirm": unit}
    entry = {"concept": "quotes", "best": best, "controls": {"last_characters": 0.6, "untrained": 0.55}}
    assert score_sentence([entry]).startswith(said)
