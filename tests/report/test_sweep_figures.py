"""What the figures of a sweep are made of, held against numbers known beforehand; each file is written twice."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from written_runs import write_run, write_sweep

from rnn_research.report.sweep import against, curves, heat_map, parallel_axes, pareto, sweep_pictures
from rnn_research.report.sweep.curves import Curve
from rnn_research.report.sweep.drawing import STYLES, field_axis, is_logarithmic, value_axis
from rnn_research.report.sweep.sweep_tables import Analysed, gather
from rnn_research.runs import load
from rnn_research.runs.conditions import parse
from rnn_research.runs.question import Question, ask
from rnn_research.runs.settings import best, summaries


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return load(write_sweep(tmp_path_factory.mktemp("sweep")))


def draw_all(sweep, folder):
    tables = gather(sweep)
    learning = curves.gather(sweep.counted, tables["best"].rows, sweep.question)
    return sweep_pictures.draw(sweep, tables, learning, folder)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1e-3, 1e-2, 1e-1), True),
        ((32, 64, 128), True),
        ((0.001, 0.003, 0.01), True),
        ((1, 2, 3, 4, 5), False),
        ((10, 20, 30, 40, 50, 60, 70, 80, 90, 100), False),
        ((1, 10), True),
        ((5, 10), False),
        ((0, 1, 10, 100), False),
        ((-1, 1, 10), False),
        ((7,), False),
        ((), False),
        ((1.0, float("nan"), 20.0), True),
        ((1.0, 1.1, 1.21), False),
    ],
)
def test_an_axis_is_logarithmic_where_it_should_be(values, expected):
    assert is_logarithmic(values) is expected


def test_axes_follow_their_values():
    _, (numbers, names) = plt.subplots(1, 2)
    field_axis(numbers, "optimizer.learning_rate", [0.1, 0.001, 0.01, 0.001])
    assert numbers.get_xscale() == "log"
    assert [label.get_text() for label in numbers.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert numbers.get_xlabel() == "learning rate"
    field_axis(names, "model.cell", ["lstm", "gru", "lstm"])
    assert names.get_xscale() == "linear"
    assert [label.get_text() for label in names.get_xticklabels()] == ["lstm", "gru"]
    value_axis(names, "test_error", [0.1, 5.0])
    assert (names.get_yscale(), names.get_ylabel()) == ("log", "test error")
    plt.close("all")


def test_lines_differ_in_more_than_colour():
    assert len({style.colour for style in STYLES}) == len(STYLES)
    assert len({style.marker for style in STYLES}) == len(STYLES)


def test_a_curve_is_the_mean_to_the_last_step_that_all_reached(tmp_path):
    write_run(tmp_path / "a", {"seed": 0}, curve=(1.0, 0.5, 0.25))
    write_run(tmp_path / "b", {"seed": 1}, curve=(0.8, 0.3))
    curve = curves.average(load(tmp_path), "mean_squared_error", "x")
    assert curve.step_S.tolist() == [10, 20]
    np.testing.assert_allclose(curve.mean_S, [0.9, 0.4])
    half = 12.7062 * 0.1  # Student's t of one degree of freedom; two values 0.2 apart have a standard error of 0.1
    np.testing.assert_allclose([curve.low_S, curve.high_S], [curve.mean_S - half, curve.mean_S + half], rtol=1e-5)


def test_a_run_whose_curve_is_not_finite_is_in_no_mean(tmp_path):
    for seed, last in enumerate((0.25, 0.35, float("nan"))):
        write_run(tmp_path / str(seed), {"seed": seed}, curve=(1.0, 0.5, last))
    curve = curves.average(load(tmp_path), "mean_squared_error", "x")
    assert (curve.seeds, curve.of, curve.step_S.tolist()) == (2, 3, [10, 20, 30])
    np.testing.assert_allclose(curve.mean_S, [1, 0.5, 0.3])
    assert "mean over 2 runs (failed and left out: 1)" in curves.sentence([curve], 0, ask(load(tmp_path))[0])
    assert curves.average(load(tmp_path), "no such curve", "x") is None


def test_the_curves_are_those_of_the_best_settings(runs):
    question, _ = ask(runs)
    found, left_out = curves.gather(runs, best(runs, question), question)
    assert [curve.label for curve in found] == ["learning rate 0.01, gru", "learning rate 0.01, lstm"]
    assert [curve.seeds for curve in found] == [3, 3]
    assert left_out == 0
    text = curves.sentence(found, left_out, question)
    assert "learning rate 0.01, gru is best with 0.11, then learning rate 0.01, lstm with 0.21" in text
    assert "reaches at step 30" in text
    assert "mean over 3 runs" in text


def test_the_sentence_tells_the_best_and_what_lies_at_an_end(runs):
    question, _ = ask(runs)
    table = summaries(runs, question.y, question.fields)
    assert "is best at learning rate 0.01 for every line." in against.sentence(table, question)
    cut = table[table["optimizer.learning_rate"] != 0.001]
    assert "beyond" not in against.sentence(cut, question)
    beyond = cut[cut["optimizer.learning_rate"] == 0.1].assign(**{"optimizer.learning_rate": 1.0, "mean": 0.01})
    more = pd.concat([cut, beyond], ignore_index=True)
    assert "The best may lie beyond what was tried for every line: it is at an end." in against.sentence(more, question)


@pytest.mark.parametrize(("second", "level"), [((0.4, 0.6), False), ((0.15, 0.35), True)])
def test_it_is_said_where_seeds_do_not_tell_the_best_from_the_rest(second, level):
    means, low, high = [0.1, 0.5], [0.05, second[0]], [0.2, second[1]]
    columns = {"mean": means, "mean_low95": low, "mean_high95": high, "failed": 0, "runs_of": 3}
    table = pd.DataFrame({"optimizer.learning_rate": [0.01, 0.1], **columns})
    question = Question(y="test_loss", x="optimizer.learning_rate", group=(), select="loss", curve="loss")
    assert ("Seeds do not tell the best from the rest" in against.sentence(table, question)) == level


def test_a_single_run_has_no_interval_and_none_is_spoken_of():
    columns = {"mean": [0.1, 0.5], "mean_low95": np.nan, "mean_high95": np.nan, "failed": 0, "runs_of": 1}
    table = pd.DataFrame({"optimizer.learning_rate": [0.01, 0.1], **columns})
    question = Question(y="test_loss", x="optimizer.learning_rate", group=(), select="loss", curve="loss")
    text = against.sentence(table, question)
    assert "Nothing tells the best from the rest: a single run has no interval." in text
    assert text.endswith("Mean over the runs of each point.")
    table.loc[1, ["mean_low95", "mean_high95"]] = 0.4, 0.6  # of another setting alone
    text = against.sentence(table, question)
    assert "Nothing tells the best from the rest" in text
    assert text.endswith("bar: its 95 % interval by Student's t over these runs, where there are two runs or more.")


@pytest.mark.parametrize(("half", "level"), [(0.01, False), (0.2, True), (np.nan, True)])
def test_it_is_said_where_two_curves_are_not_told_apart(half, level):
    step_S = np.array([1, 2])
    curve = lambda name, end: Curve(name, "", 3, 3, step_S, *(np.array([1.0, end + d]) for d in (0, -half, half)))  # noqa: E731
    question = Question(y="loss", x=None, group=(), select="loss", curve="loss")
    text = curves.sentence([curve("a", 0.1), curve("b", 0.2)], 0, question)
    assert ("(their intervals do not tell the two apart)" in text) == level


def test_too_many_lines_leave_the_worst_out():
    table = pd.DataFrame({"x.a": [1, 2] * 12, "x.b": np.repeat(np.arange(12), 2), "mean": np.linspace(1, 0, 24)})

    found, left_out = against.lines(table, Question("loss", "x.a", ("x.b",), "loss", "loss"))
    assert [name for name, _ in found] == [f"b {n}" for n in range(11, 3, -1)]
    assert left_out == 4


def test_the_front_is_that_of_a_brute_force_search():
    rng = np.random.default_rng(0)
    cost, loss = rng.integers(0, 12, 60).astype(float), rng.integers(0, 12, 60).astype(float)
    expected = [
        not any(c <= cost[i] and l <= loss[i] and (c, l) != (cost[i], loss[i]) for c, l in zip(cost, loss, strict=True))
        for i in range(60)
    ]
    assert pareto.front(cost, loss).tolist() == expected
    assert 0 < sum(expected) < 60


def test_a_front_of_the_sweep(runs):
    question, _ = ask(runs)
    table = pareto.gather(runs, question, "parameters")
    assert table[table["front"]]["label"].tolist() == ["learning rate 0.01, gru"]
    text = pareto.sentence(table, question, "parameters")
    assert text.startswith("1 of 6 settings is on the front of test mean squared error against parameters: (1)")
    assert "0.112 for 945" in text


def test_a_heat_map_takes_numbers_before_names(runs):
    question, _ = ask(runs)
    table = summaries(runs, question.y, question.fields)
    fields = heat_map.choose(table, question)
    assert fields == ("optimizer.learning_rate", "model.cell", ())
    assert "0.112 at learning rate 0.01, cell gru" in heat_map.sentence(table, question, fields)
    assert heat_map.choose(table, question._replace(group=())) is None
    with_length = table.assign(**{"task.length": range(6)})
    assert heat_map.choose(with_length, question._replace(group=("task.length", "model.cell"))).y == "model.cell"


def test_parallel_coordinates_tell_what_the_best_have_in_common(runs):
    question, _ = ask(runs)
    table = summaries(runs, question.y, question.fields)
    assert parallel_axes.sentence(table, question).startswith(
        "The best of 6 settings has learning rate 0.01; cell gru."
    )


def test_runs_that_lack_a_field_of_the_others_are_drawn_too(tmp_path):
    for number in range(6):
        fields = {"model.cell": ("gru", "lstm")[number % 2], "optimizer.learning_rate": 10.0 ** -(1 + number // 2)}
        fields |= {"task.symbols": number % 3} if number < 4 else {}
        write_run(tmp_path / str(number), fields, 0.1 * (number + 1), (1.0, 0.1 * (number + 1)))
    question, counted = ask(load(tmp_path))
    assert "task.symbols" in question.fields
    parallel_axes.draw(summaries(counted, question.y, question.fields), question, tmp_path / "parallel.png")
    assert (tmp_path / "parallel.png").exists()


def test_every_figure_is_drawn_for_screen_and_print(tmp_path):
    """Names and numbers, many fields, a failed run, a setting without any result."""
    number = 0
    for cell in ("lstm", "gru"):
        for rate in (1e-3, 1e-1):
            for length in (10, 20, 40):
                number += 1
                fields = {"model.cell": cell, "optimizer.learning_rate": rate, "task.length": length}
                failed = cell == "gru" and rate == 1e-1
                write_run(
                    tmp_path / "runs" / str(number),
                    fields,
                    0.01 * number,
                    (1.0, 0.5, 0.01 * number),
                    status="failed" if failed else "done",
                    parameters=number,
                    wall_seconds=float(20 - number),
                )
    runs = load(tmp_path)
    question, counted = ask(runs, lengths=True)
    assert question.x == "task.length"
    sweep = Analysed(runs, counted, question, parse("--success", "test_mean_squared_error<0.05"))
    drawn = draw_all(sweep, tmp_path / "figures")
    names = [
        "learning_curves",
        "against",
        "heat_map",
        "parallel",
        "success",
        "pareto_parameters",
        "pareto_wall_seconds",
    ]
    assert [picture.path.stem for picture in drawn] == names
    for picture in drawn:
        assert picture.path.read_bytes().startswith(b"\x89PNG")
        assert picture.path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
        assert picture.sentence.endswith(".")
    assert plt.get_fignums() == []


def test_runs_that_lack_a_swept_field_are_drawn_beside_the_others(tmp_path):
    """A number is then a name among names: ``none`` has a place on the axis, and no figure is lost."""
    for seed in (0, 1):
        for cell, better in (("lstm", 0.0), ("gru", 0.1)):
            write_run(tmp_path / f"before {cell} {seed}", {"seed": seed, "model.cell": cell}, 0.5 - better)
            for depth in (3, 5):
                fields = {"seed": seed, "model.cell": cell, "model.own.depth": depth}
                write_run(tmp_path / f"{depth} {cell} {seed}", fields, 0.3 - better - depth / 100)
    found = load(tmp_path)
    question, counted = ask(found, x="model.own.depth")
    success = parse("--success", "test_mean_squared_error<0.2")
    sweep = Analysed(found, counted, question, success)
    drawn = draw_all(sweep, tmp_path / "figures")
    assert {picture.path.stem for picture in drawn} >= {"against", "heat_map", "success"}
    sentences = {picture.path.stem: picture.sentence for picture in drawn}
    assert "best at depth 5" in sentences["against"]
    assert "no depth, gru; no depth, lstm" in sentences["success"]


def test_runs_that_have_their_time_in_common_are_not_held_against_it(runs):
    assert pareto.costs(runs) == pareto.COSTS
    assert pareto.costs(runs.assign(packed_runs=4)) == ("parameters",)
    assert pareto.costs(runs.assign(packed_runs=np.nan)) == pareto.COSTS


def paired_sweep(folder, differences, seeds=None):
    """Two rates over seeds that move a score more than the rate does; the second lies above by the differences."""
    for seed, difference in enumerate(differences):
        for rate, more in ((0.01, 0.0), (0.1, difference)):
            own = seed if seeds is None or rate == 0.01 else seed + seeds
            score = 0.2 + 0.1 * seed + more
            fields = {"optimizer.learning_rate": rate, "seed": own}
            write_run(folder / f"{rate}-{own}", fields, score, (1.0, 0.9, score))
    runs = load(folder)
    question, runs = ask(runs)
    return runs, question, summaries(runs, question.y, question.fields)


def test_settings_that_share_seeds_are_told_apart_by_their_pairs_where_intervals_overlap(tmp_path):
    runs, question, table = paired_sweep(tmp_path, (0.01, 0.012, 0.011))
    text = against.sentence(table, question, runs)
    assert (
        "The interval of the best meets another's, and yet seed by seed it is better than the next by 0.011 [" in text
    )
    assert "] over 3 pairs." in text
    assert "do not tell" not in text
    found, left_out = curves.gather(runs, best(runs, question), question)
    (curve,) = found
    other = curve._replace(
        label="b", mean_S=curve.mean_S + 0.011, low_S=curve.low_S + 0.011, high_S=curve.high_S + 0.011
    )
    shifted = {seed: end + more for (seed, end), more in zip(curve.end_by_seed.items(), (0.01, 0.012, 0.011))}
    text = curves.sentence([curve, other._replace(end_by_seed=shifted)], left_out, question)
    assert "(their intervals overlap, and yet seed by seed the first is better by 0.011 [0.00852, 0.0135] over" in text
    assert "(their intervals do not tell the two apart)" in curves.sentence(
        [curve, other._replace(end_by_seed=None)], 0, question
    ), "an analysis of an older version"


def test_pairs_that_scatter_about_zero_do_not_tell_either(tmp_path):
    runs, question, table = paired_sweep(tmp_path, (0.1, -0.09, 0.02))
    text = against.sentence(table, question, runs)
    assert "Seeds do not tell the best from the rest: its interval meets another's, and seed by seed the next" in text
    assert "differs by 0.01 [-0.227, 0.247] over 3 pairs." in text


def test_settings_without_a_seed_in_common_have_no_pairs(tmp_path):
    runs, question, table = paired_sweep(tmp_path, (0.01, 0.012, 0.011), seeds=10)
    text = against.sentence(table, question, runs)
    assert "its interval meets another's, and they share no two seeds to compare them by." in text


def test_an_interval_that_goes_on_below_zero_ends_with_an_arrow_on_a_logarithmic_axis(monkeypatch, tmp_path):
    """A bar to the edge of a logarithmic axis has a length that means nothing."""
    shown = []
    monkeypatch.setattr(against, "save", lambda drawn, panels, path: shown.extend(panels))
    columns = {"mean": [0.01, 0.5], "mean_low95": [-0.02, 0.4], "mean_high95": [0.04, 0.6], "failed": 0, "runs_of": 3}
    table = pd.DataFrame({"optimizer.learning_rate": [0.01, 0.1], **columns})
    question = Question(y="test_loss", x="optimizer.learning_rate", group=(), select="loss", curve="loss")
    against.draw(table, question, tmp_path / "x.png")
    (axes,) = shown
    assert axes.get_yscale() == "log"
    arrows = [line for line in axes.lines if line.get_marker() == "v"]
    assert [line.get_xydata().tolist() for line in arrows] == [[[0.01, 0.005]]]
    (bars,) = axes.containers[0][2]
    assert min(segment[:, 1].min() for segment in bars.get_segments()) == pytest.approx(0.005)
    assert axes.get_ylim()[0] > 0.001
    assert "an arrow: it goes on below zero" in against.sentence(table, question)
    above = table.assign(mean_low95=[0.005, 0.4])
    assert "arrow" not in against.sentence(above, question)
    plt.close("all")
