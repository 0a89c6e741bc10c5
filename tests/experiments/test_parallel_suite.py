"""The suite that measures parallel forms: what it leaves out, and a whole run of it, small."""

import pytest

from experiments.benchmarks.parallel import Case, grid, measure, table


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_the_grid(backend):
    cases = list(grid(backend))
    assert len(cases) == len(set(cases))
    assert {case.cell for case in cases} == {"elman", "gru", "lstm", "lru", "mingru", "minlstm"}
    for case in cases:
        assert (case.method == "associative") == (case.cell in ("lru", "mingru", "minlstm"))
        if case.method == "deer":
            states = case.H * (2 if case.cell == "lstm" else 1)
            assert 4 * case.T * case.B * states**2 <= (2**24 if backend == "cpu" else 2**30)  # bytes
    assert len(cases) < 40
    for H in (4, 32) if backend == "gpu" else ():
        for cell in ("elman", "gru"):
            assert Case(cell, "deer", 16384, H, 1) in cases


def test_a_small_run():
    results = measure(rounds=2, cases=(Case("elman", "quasi", 4, 2, 1), Case("mingru", "associative", 4, 2, 3)))
    elman, mingru = results["cases"]
    assert (elman["T"], elman["H"], elman["B"], mingru["B"]) == (4, 2, 1, 3)
    assert 1 <= elman["iterations"] <= 3
    assert mingru["iterations"] == 0
    for case in (elman, mingru):
        assert case["converged_share"] == 1
        assert case["forward_loop_ms_median"] > 0
        least, most = (case[f"gradient_loop_over_parallel_{which}"] for which in ("least", "most"))
        assert least <= case["gradient_loop_over_parallel_median"] <= most
    rows = table(results).splitlines()
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2].startswith("| elman | quasi | 4 | 2 | 1 |")
