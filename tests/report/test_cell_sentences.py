"""Sentences of the cell study's page on planted scores: where a unit tells more than the text, and where none does."""

import pytest

from rnn_research.report import cell_scores
from rnn_research.report.cells import conclusion, score_sentence


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (0.9, "Farthest beyond what the last characters tell: quotes"),
        (0.5, "No unit tells more than the last characters do"),
    ],
)
def test_a_unit_is_beyond_the_last_characters_where_it_is(unit, said):
    best = {"unit": "layer1.c[3]", "statistic": "auc", "confirm": unit}
    entry = {
        "concept": "quotes",
        "kind": "binary",
        "best": best,
        "controls": {"last_characters": 0.6, "untrained": 0.55},
    }
    assert score_sentence([entry]).startswith(said)


def test_scores_of_different_kinds_are_compared_on_one_scale():
    """0.2 of an AUC are more than 0.3 nats of 3: twice as far above chance, the entropy is 3."""

    def entry(concept, kind, statistic, most, unit, last):
        best = {"unit": "layer1.c[3]", "statistic": statistic, "confirm": unit}
        controls = {"last_characters": last, "untrained": last}
        return {"concept": concept, "kind": kind, "most": most, "best": best, "controls": controls}

    classes = entry("classes", "categorical", "mutual_information", 3.0, 1.5, 1.2)
    quotes = entry("quotes", "binary", "auc", 1.0, 0.9, 0.7)
    assert cell_scores.gain(classes, 1.5) == 0.5
    assert cell_scores.gain(quotes, 0.75) == 0.5
    said = score_sentence([classes, quotes])
    assert "quotes, where layer1.c[3] has AUC 0.900 against 0.700" in said
    assert "1.500 nats against 1.200" in score_sentence([classes])


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        ([], "For none of them a unit was held."),
        ([True, False], "For 1 of the 2 concepts for which a unit was held, the network is proved to use that unit."),
    ],
)
def test_the_conclusion_counts_concepts(effects, said):
    held = [{"verdict": "distributed", "effect": {"proved": proved}} for proved in effects]
    found = conclusion({"concepts": [{"verdict": "absent", "effect": None}, *held]})
    assert found.endswith(said)
