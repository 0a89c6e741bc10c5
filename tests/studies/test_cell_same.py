"""Concepts that are one measurement, on texts whose labels are known, and how they are counted."""

import numpy as np
import pytest

from rnn_research.concepts import labels
from rnn_research.concepts.concept import binary, categorical, count
from rnn_research.report import cells, cells_of_runs
from rnn_research.report.one_measurement import one_measurement_sentence
from rnn_research.studies.cells.same import same, same_as
from rnn_research.studies.cells.several import Studied, side_by_side

TEXT = "\n".join("Thou art, and shalt be, what I promised"[: 5 + n % 30] for n in range(300))


def test_the_place_in_the_line_is_the_distance_to_the_last_line_break():
    concepts = labels(TEXT, ["prose"])
    assert same_as(concepts) == {"prose.since_line_break": "prose.line_position"}


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (lambda y: y, True),
        (lambda y: y + 3, True),
        (lambda y: np.roll(y, 1), True),
        (lambda y: np.roll(y, -1), True),
        (lambda y: np.roll(y, 2), False),
        (lambda y: 2 * y, False),
    ],
)
def test_up_to_a_constant_and_a_shift(other, is_same):
    y_N = np.random.default_rng(0).integers(0, 9, 10_000)
    assert same(count("a", y_N), count("b", other(y_N))) is is_same


def test_rare_concepts_are_not_the_same_because_both_are_rare():
    rng = np.random.default_rng(0)
    a_N, b_N = rng.random((2, 100_000)) < 1e-4
    assert not same(binary("a", a_N), binary("b", b_N))
    assert same(binary("a", a_N), binary("b", a_N))
    assert not same(binary("a", np.zeros(9, bool)), binary("b", np.zeros(9, bool)))
    classes = categorical("c", np.arange(9) % 2, ("x", "y"))
    assert not same(classes, classes)


def test_they_are_counted_once():
    def entry(name, twin):
        return {
            "concept": name,
            "kind": "count",
            "verdict": "single cell",
            "same_as": twin,
            "best": None,
            "controls": None,
            "effect": {"unit": "layer1.c[0]", "proved": True},
        }

    entries = [entry("position", None), entry("distance", "position")]
    results = {
        "concepts": entries,
        "cells": 8,
        "share_of_cells": {"follow": 0.5, "stand_alone": 0.0},
        "not_in_text": [],
    }
    assert one_measurement_sentence(entries).startswith("position and distance are one measurement in this text")
    assert cells.conclusion(results).startswith("Of 1 concept: single cell: 1. For the one concept for")
    assert "the 1 concept tried" in cells.share_sentence(results)
    found = side_by_side([Studied("seed=0", 0, results)])
    assert "distance" not in cells_of_runs.conclusion(found)
    assert one_measurement_sentence(found["concepts"]) == one_measurement_sentence(entries)
    assert one_measurement_sentence(entries[:1]) == ""
