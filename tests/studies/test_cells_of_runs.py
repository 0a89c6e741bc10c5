"""Several runs side by side, worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from rnn_research.analysis.units.unit import Unit
from rnn_research.errors import UserError
from rnn_research.report.cells_of_runs import (
    cell_text,
    concept_table,
    conclusion,
    line_of_runs,
    ordered,
    score_sentence,
    share_sentence,
)
from rnn_research.studies.cells.counting import cells_of, number_of_cells, share_of_cells
from rnn_research.studies.cells.several import Studied, averaged, only_seeds_differ, side_by_side


def test_a_cell_is_counted_once():
    units = [Unit(layer, name, index) for layer in range(2) for name in ("h", "c", "i") for index in range(4)]
    assert cells_of(units).tolist() == [*range(4)] * 3 + [*range(4, 8)] * 3
    holds = [str(unit) in ("layer1.h[1]", "layer1.c[1]", "layer1.i[1]", "layer2.i[3]") for unit in units]
    assert share_of_cells(np.array(holds), units) == 2 / 8
    assert number_of_cells(np.array(holds), units) == 2
    assert share_of_cells(np.zeros(len(units), bool), units) == 0


CONTROLS = {"last_characters": 0.6, "untrained": 0.5, "untrained_probe": 0.7, "probe_all": 0.9}


def entry(concept, verdict, score=None, proved=None):
    unit = None if score is None else f"layer1.c[{int(score * 10)}]"
    return {
        "concept": concept,
        "kind": "binary",
        "verdict": verdict,
        "cells_that_follow": 0 if score is None else round(10 * score),
        "best": None if score is None else {"unit": unit, "statistic": "auc", "confirm": score},
        "controls": None if score is None else CONTROLS,
        "effect": None if proved is None else {"unit": "layer1.c[0]", "proved": proved},
    }


def results(follow, *entries):
    return {
        "concepts": list(entries),
        "cells": 8,
        "share_of_cells": {"follow": follow, "stand_alone": 0.0},
        "not_in_text": ["prose.url"],
        "chosen": "named by --concepts",
    }


STUDIED = [
    Studied("seed=0", 0, results(0.25, entry("a", "absent", 0.5), entry("b", "single cell", 0.9, True))),
    Studied("seed=1", 1, results(0.50, entry("a", "absent", 0.6), entry("b", "distributed", 0.8, False))),
    Studied("seed=2", 2, results(0.75, entry("a", "too little in this text"), entry("b", "single cell", 1.0, True))),
]


def test_three_runs_side_by_side():
    found = side_by_side(STUDIED)
    a, b = found["concepts"]
    assert a["verdicts"] == {"absent": 2, "too little in this text": 1}
    assert b["verdicts"] == {"single cell": 2, "distributed": 1}
    half = t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert b["held_out"] == pytest.approx({"mean": 0.9, "low": 0.9 - half, "high": 1.0, "runs": 3})
    assert 0.9 + half > 1  # no AUC is
    wide = averaged([0.8, 0.9, 1.0], most=2.0)
    assert wide == pytest.approx({"mean": 0.9, "low": 0.9 - half, "high": 0.9 + half, "runs": 3})
    assert a["held_out"]["runs"] == 2
    assert (b["held"], b["proved"], a["held"]) == (3, 2, 0)
    assert [cell["unit"] for cell in b["cells"]] == ["layer1.c[9]", "layer1.c[8]", "layer1.c[10]"]
    assert a["cells"][2]["unit"] is None
    assert found["share_of_cells"]["follow"]["mean"] == 0.5


def test_what_is_said_of_them():
    found = side_by_side(STUDIED) | {"missing": [], "chosen": "named by --concepts"}
    assert [e["concept"] for e in ordered(found["concepts"])] == ["b", "a"]
    said = conclusion(found)
    assert "b in 2 of 3 runs" in said
    assert "is proved to use it for b in 2 of 3." in said
    assert "differ on 2: b, a" in score_sentence(ordered(found["concepts"]))
    assert "Of the 8 cells" in share_sentence(found)
    assert "50.0% [0.0%, 100.0%]" in share_sentence(found)
    assert "single cell 2, distributed 1" in line_of_runs(ordered(found["concepts"])[0])
    none = side_by_side([Studied("x", 0, results(0.0, entry("a", "absent", 0.5, False)))])
    assert conclusion(none).startswith("In the one run that was studied no single cell")


def test_runs_that_could_not_be_tested_are_not_counted():
    """Two runs have too few controls: of the other two one is proved."""
    missing = "15 controls, 19 are needed"

    def studied(seed, proved, why):
        found = entry("b", "distributed", 0.8, proved)
        found["effect"]["not_testable"] = why
        return Studied(f"seed={seed}", seed, results(0.5, found))

    few = [studied(0, False, missing), studied(1, False, missing)]
    found = side_by_side([*few, studied(2, True, None), studied(3, False, None)])
    (b,) = found["concepts"]
    assert (b["held"], b["proved"]) == (2, 1)
    assert "b in 1 of 2. Not testable in others: 15 controls, 19 are needed." in conclusion(found)
    none = side_by_side(few)
    said = conclusion(none)
    assert "In no run" not in said
    assert "not testable in any run: 15 controls, 19 are needed." in said
    assert line_of_runs(none["concepts"][0]).endswith("not testable")
    assert cell_text(none["concepts"][0]["cells"][0]).endswith("layer1.c[0] not testable (15 controls, 19 are needed)")


def test_the_probe_that_decides_stands_beside_the_trained_one():
    found = side_by_side(STUDIED)
    assert found["concepts"][1]["untrained_probe"]["mean"] == pytest.approx(0.7)
    table = concept_table(found["concepts"], 3)
    assert "<th>all units, untrained</th><th>all units, trained</th>" in table
    assert "<td>0.700</td><td>0.900</td><td>9.0</td>" in table
    assert "follow b (9 of 8), a (3.67 of 8)" in share_sentence(found)


def test_averages_of_what_is_there():
    assert averaged([None, float("nan")]) is None
    assert averaged([0.5, None]) == {"mean": 0.5, "low": None, "high": None, "runs": 1}


def test_runs_must_differ_in_their_seed_alone():
    rows = {"run": ["a", "b"], "status": "done", "reason": "", "seed": [0, 1], "model.hidden": [64, 128]}
    with pytest.raises(UserError, match=r"--x: .*model\.hidden is 128 and 64.*--where=model\.hidden=128"):
        only_seeds_differ(pd.DataFrame(rows), "--x")
    only_seeds_differ(pd.DataFrame({**rows, "model.hidden": 64}), "--x")
    with pytest.raises(UserError, match="seed 0 comes twice, in a and b"):
        only_seeds_differ(pd.DataFrame({**rows, "model.hidden": 64, "seed": 0}), "--x")
