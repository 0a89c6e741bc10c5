"""Sentences of the cell study's page on planted scores: where a unit tells more than the text, and where none does."""

import pytest

from rnn_research.analysis.units import verdict
from rnn_research.report import cell_effects, cell_scores
from rnn_research.report.cell_effects import cause, cause_sentence
from rnn_research.report.cells import concept_table, conclusion, score_sentence, share_sentence
from rnn_research.studies.cells import proofs


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


def test_what_cannot_be_tested_is_not_called_unproved():
    """A layer of 16 cells has 15 controls: not one in twenty of them can have as large an effect."""
    assert cell_effects.FEWEST_CONTROLS == proofs.FEWEST_CONTROLS
    few = {"unit": "layer1.c[3]", "proved": False, "controls": {"units": ["layer1.c[0]"] * 15}}
    enough = {**few, "controls": {"units": ["layer1.c[0]"] * 19}, "contrast": {"value": None, "low": None}}
    few["contrast"] = {"value": 0.1, "low": 0.05, "high": 0.15}
    assert cause(few) == "layer1.c[3]: not testable (15 controls, 19 are needed) (+0.1000; +0.0500 to +0.1500)"
    assert cause(enough) == "layer1.c[3]: not proved"
    entries = [{"concept": "quotes", "verdict": "distributed", "effect": few}]
    assert conclusion({"concepts": entries}).endswith("is not testable (15 controls, 19 are needed).")
    assert "not testable (hollow): 15 controls, 19 are needed" in cause_sentence(entries)
    both = [*entries, {"concept": "brackets", "verdict": "distributed", "effect": enough}]
    said = conclusion({"concepts": both})
    assert "For the one concept for which a unit was held, the network is not proved to use that unit." in said
    assert said.endswith("For 1 more it is not testable (15 controls, 19 are needed).")
    assert cause_sentence(both).endswith("Hollow: not testable.")


def test_a_unit_that_changes_nothing_is_said_to():
    """No interval between zeros, and no proof that failed."""
    contrast = {"value": 9e-10, "low": -3e-10, "high": 2e-9}
    still = {"unit": "layer1.c[52]", "proved": False, "changes_nothing": True, "contrast": contrast}
    assert cause(still) == "layer1.c[52]: holding it changes nothing"
    small = cause({**still, "changes_nothing": False})
    assert small == "layer1.c[52]: not proved (+9e-10; -3e-10 to +2e-9)"
    entries = [{"concept": "comment", "verdict": "distributed", "effect": still}]
    assert "For 1 of them holding it changes nothing" in conclusion({"concepts": entries})
    assert cause_sentence(entries).endswith("Hollow: changes nothing.")


def test_the_table_shows_the_probe_that_decides():
    """Told without training rests on all units of the untrained network, not on the best of them."""
    controls = {"last_characters": 0.6, "untrained": 0.55, "untrained_probe": 0.81, "probe_all": 0.84}
    best = {"unit": "layer1.c[3]", "statistic": "auc", "confirm": 0.7}
    known = {"concept": "quotes", "kind": "binary", "verdict": "told without training", "reason": "why"}
    table = concept_table([{**known, "best": best, "controls": controls, "effect": None}])
    assert "<th>best untrained unit</th><th>all units, untrained</th><th>all units, trained</th>" in table
    assert "<td>0.550</td><td>0.810</td><td>0.840</td>" in table


def test_the_share_says_what_follow_means_and_what_it_is_made_of():
    assert cell_scores.MARGIN == verdict.MARGIN
    names = {"brackets": 12, "quotes": 3, "comment": 0}
    entries = [{"concept": name, "cells_that_follow": number} for name, number in names.items()]
    said = share_sentence({"cells": 64, "concepts": entries, "share_of_cells": {"follow": 0.2, "stand_alone": 0.0}})
    assert "a gain 0.1 or more above both the best unit of the untrained network and the last characters" in said
    assert "Most of them follow brackets (12 of 64), quotes (3 of 64); a cell may follow several." in said
