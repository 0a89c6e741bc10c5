"""Studies of who learns, on tiny networks: every point is there, success is counted right, the page is whole."""

import json

import pytest
from small_studies import made, page_of, tiny

from rnn_research.errors import UserError
from rnn_research.studies import check

PROBLEMS = {
    "analysis.networks": ("elman", "gru"),
    "analysis.tasks": ("adding", "copying"),
    "analysis.problems.adding.lengths": (4,),
    "analysis.problems.adding.steps": 2,
    "analysis.problems.adding.solved": 50.0,
    "analysis.problems.copying.lengths": (3,),
    "analysis.problems.copying.steps": 2,
    "analysis.problems.copying.solved": 0.0,
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    config = tiny("memory", **PROBLEMS)
    return config, made(config, tmp_path_factory.mktemp("memory"))


def test_memory_reports_every_task_length_and_network(memory):
    points = memory[1]["points"]
    assert [(p["task"], p["length"], p["network"]) for p in points] == [
        ("adding", 4, "elman"),
        ("adding", 4, "gru"),
        ("copying", 3, "elman"),
        ("copying", 3, "gru"),
    ]
    assert all(p["solved"] == p["seeds"] == 2 and p["steps_to_success_median"] == 1 for p in points[:2])
    assert points[0]["solved_below"] == pytest.approx(50 / 6)  # a share of the floor, 1/6
    assert points[0]["success_rate_low95"] == pytest.approx(0.342, abs=1e-3)  # Wilson's interval for 2 of 2
    assert points[2]["solved"] == 0
    assert points[2]["floor_nats_per_answer"] == pytest.approx(10 * 2.0794415 / 23)


def test_memory_and_its_page(memory, tmp_path):
    assert page_of(*memory, tmp_path).count("<figure>") == 4


def test_an_unknown_network_or_task_is_refused():
    with pytest.raises(UserError, match="'lstm_forget_bias_1'"):
        check(tiny("memory", **{"analysis.networks": ("lstm_forget_bias1",)}))
    with pytest.raises(UserError, match="'copying'"):
        check(tiny("memory", **PROBLEMS | {"analysis.tasks": ("coping",)}))


def test_clipping_by_norm_bounds_what_no_clipping_does_not(tmp_path):
    fields = {"task.length": 10, "analysis.lengths": (10, 12), "optimizer.learning_rate": 1.0}
    kinds = (("none", 1.0), ("global_norm", 0.01))
    config = tiny("clipping", **fields, **{"analysis.kinds": kinds})
    results = made(config, tmp_path / "sweep")
    points = results["points"]
    assert [(p["clipping"], p["length"]) for p in points] == [(k, T) for T in (10, 12) for k, _ in kinds]
    bare, clipped = points[0], points[1]
    assert bare["grad_norm_max_by_seed"] == bare["grad_norm_clipped_max_by_seed"]
    assert max(max(norms) for norms in clipped["grad_norm_clipped_max_by_seed"]) <= 0.01 * 1.001
    assert clipped["grad_norm_largest"] > 0.01
    assert page_of(config, results, tmp_path).count("<figure>") == 2


FAILS = {"optimizer.learning_rate": 3e38, "optimizer.name": "sgd", "optimizer.clip.name": "none", "training.steps": 30}
"""A rate at which no network comes to its first evaluation."""


def test_a_study_whose_every_run_has_failed_has_its_page_and_counts_them(tmp_path, recwarn):
    lengths = {f"analysis.problems.{task}.steps": 30 for task in ("adding", "copying")}
    rates = {"analysis.rates": (), "evaluation.every": 30}
    kinds = {"analysis.lengths": (10,), "analysis.kinds": (("none", 1.0), ("value", 1.0))}
    for study, fields, page in (("memory", PROBLEMS | lengths | rates, 4), ("clipping", kinds | rates, 2)):
        config = tiny(study, **fields, **FAILS)
        results = made(config, tmp_path / study)
        assert all(p["not_finite"] == p["seeds"] == 2 and p["solved"] == 0 for p in results["points"])
        written = page_of(config, results, tmp_path / f"{study}-page")
        assert written.count("<figure>") == page
        assert written.count("0 of 2, 2 FAILED") == len(results["points"])
        assert "None" not in written
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_seeds_that_end_at_different_steps_are_drawn_each_to_its_own_end(tmp_path):
    seed = [1.0, 0.5, 0.2]
    point = {"clipping": "none", "limit": 1.0, "length": 10, "seeds": 3, "solved": 1, "not_finite": 1}
    point |= {"success_rate": 1 / 3, "success_rate_low95": 0.0, "success_rate_high95": 0.8}
    point |= {"curves": [[(n + 1, value) for n, value in enumerate(seed[:end])] for end in (3, 1, 0)]}
    norms = [seed, seed[:1], []]
    point |= {"grad_norm_max_by_seed": norms, "grad_norm_clipped_max_by_seed": norms, "grad_norm_largest": 1.0}
    written = page_of(tiny("clipping"), {"points": [point], "learning_rate": 0.1}, tmp_path)
    assert "1 of 3, 1 FAILED" in written
    assert "no clipping 1 (median 0.75)" in written


def test_images_are_scored_on_the_test_split(tmp_path):
    config = tiny("images", **{"analysis.networks": ("elman",), "analysis.forms": ("rows",)})
    results = made(config, tmp_path / "sweep")
    (point,) = results["points"]
    runs = [json.loads(path.read_text()) for path in sorted((tmp_path / "sweep" / "runs").glob("*/results.json"))]
    assert [run["test_accuracy"] for run in runs] == point["test_accuracy_by_seed"]
    assert point["sequence_steps"] == 8
    assert len(point["test_accuracy_by_seed"]) == 2
    assert all(accuracy * 300 == pytest.approx(round(accuracy * 300)) for accuracy in point["test_accuracy_by_seed"])
    assert "scikit-learn digits" in page_of(config, results, tmp_path)
    json.dumps(results)
