"""Settings of a sweep that is known to the last digit: averages, the best of them, success rates, pairs."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from written_runs import write_run, write_sweep

from rnn_research.errors import UserError
from rnn_research.runs import load
from rnn_research.runs.conditions import parse
from rnn_research.runs.pairs import compare, parse_pair
from rnn_research.runs.question import ask, swept
from rnn_research.runs.settings import best, label, success_rates, summaries, telling

Y = "test_mean_squared_error"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """GRU scores 0.1 below LSTM at every rate and seed; 0.01 is the best rate; seeds are 0.01 apart."""
    return load(write_sweep(tmp_path_factory.mktemp("sweep")))


def test_what_differs_is_swept(runs):
    assert swept(runs) == ["model.cell", "optimizer.learning_rate"]


def test_what_has_no_whole_config_is_not_swept_by_that(tmp_path):
    write_run(tmp_path / "runs" / "a", {"model.hidden": 8})
    write_run(tmp_path / "runs" / "b", {"model.hidden": 16})
    (write_run(tmp_path / "runs" / "c") / "config.json").write_text("{")
    points = [{"name": "d", "overrides": {"model.hidden": 32}}]
    (tmp_path / "sweep.json").write_text(json.dumps({"points": points}))
    table = load(tmp_path)
    assert table["status"].tolist() == ["done", "done", "damaged", "unfinished"]
    assert swept(table) == ["model.hidden"]


def test_the_default_question(runs):
    question, same = ask(runs)
    assert question == (Y, "optimizer.learning_rate", ("model.cell",), "validation_mean_squared_error", "mean_squared_error")
    assert same is runs


def test_a_question_of_ones_own(runs):
    question, _ = ask(runs, "wall_seconds", "model.cell", [], "validation_mean_squared_error")
    assert question[:3] == ("wall_seconds", "model.cell", ())
    question, with_curve = ask(runs, "loss")
    assert question.curve == "loss"
    chosen = with_curve[(with_curve["model.cell"] == "gru") & (with_curve["optimizer.learning_rate"] == 0.01)]
    np.testing.assert_allclose(chosen["loss"], [0.2, 0.22, 0.24])  # the last training loss: twice the last error
    question, with_curve = ask(runs, "mean_squared_error")
    assert question.select == "validation_mean_squared_error"
    np.testing.assert_allclose(with_curve["mean_squared_error"], with_curve["validation_mean_squared_error"])


def test_averages_and_their_intervals(runs):
    table = summaries(runs, Y, ["model.cell", "optimizer.learning_rate"])
    assert table["runs"].tolist() == [3] * 6
    row = table[(table["model.cell"] == "gru") & (table["optimizer.learning_rate"] == 0.01)].iloc[0]
    values = np.array([0.102, 0.112, 0.122])
    for name in ("mean", "median", "interquartile mean"):
        assert row[name] == pytest.approx(0.112)
    assert row[["mean_low95", "mean_high95"]].tolist() == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval())
    assert row[["median_low95", "interquartile mean_high95"]].isna().all()  # three are too few


def test_six_seeds_give_every_average_an_interval(tmp_path):
    for seed in range(6):
        write_run(tmp_path / str(seed), {"seed": seed}, test=0.1 * seed)
    row = summaries(load(tmp_path), Y, []).iloc[0]
    assert row[["median_low95", "median_high95"]].tolist() == pytest.approx([0, 0.5])
    assert row["interquartile mean_low95"] < row["interquartile mean"] < row["interquartile mean_high95"]


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), -float("inf"), None])
def test_a_run_that_ended_without_a_finite_figure_has_failed(tmp_path, figure):
    """It is in no mean, counts among the failed and as no success, and its setting stands behind the others."""
    for seed in range(3):
        broken = {"validation_mean_squared_error": figure} if seed == 2 else {}
        odd = figure if seed == 2 else 0.01 * seed
        write_run(tmp_path / f"odd{seed}", {"model.hidden": 8, "seed": seed}, odd, (0.5, 0.1), **broken)
        write_run(tmp_path / f"whole{seed}", {"model.hidden": 16, "seed": seed}, 0.5, (0.5, 0.4))
    table = load(tmp_path)
    question = ask(table)[0]
    rows = summaries(table, Y, ["model.hidden"]).set_index("model.hidden")
    assert rows.loc[8, ["runs", "runs_of", "failed"]].tolist() == [2, 3, 1]
    assert rows.loc[8, "mean"] == pytest.approx(0.005)
    assert best(table, question).iloc[0]["model.hidden"] == 16
    for condition in (f"{Y}<0.05", f"{Y}>-1", f"{Y}!=7"):
        rates = success_rates(table, parse("--success", condition), ["model.hidden"]).set_index("model.hidden")
        assert rates.loc[8, ["succeeded", "runs"]].tolist() == [2, 3]


def test_where_all_have_failed_nothing_is_best(tmp_path):
    for seed in range(2):
        figures = {"validation_mean_squared_error": math.nan}
        write_run(tmp_path / f"a{seed}", {"model.cell": "gru", "model.hidden": 8, "seed": seed}, math.nan, **figures)
        write_run(tmp_path / f"b{seed}", {"model.cell": "lstm", "model.hidden": 16, "seed": seed})
    table = load(tmp_path)
    found = best(table, ask(table)[0]).set_index("best of")
    assert found.loc["all runs", "model.cell"] == "lstm"
    assert found.loc["gru", ["runs", "runs_of", "failed"]].tolist() == [0, 2, 2]
    assert found.loc["gru", ["model.hidden", Y]].isna().all()


def test_what_is_not_named_is_a_stratum(runs):
    """Over all rates the mean of a cell varies with the seeds alone, not with how often each rate is drawn."""
    table = summaries(runs, Y, ["model.cell"]).set_index("model.cell")
    assert table.loc["lstm", "mean"] == pytest.approx((0.5 + 0.2 + 0.7) / 3 + 0.012)
    assert table.loc["lstm", "mean_high95"] - table.loc["lstm", "mean_low95"] < 0.02


def test_the_best_is_chosen_by_validation_and_never_by_test(tmp_path):
    for seed in range(2):
        write_run(tmp_path / f"a{seed}", {"model.hidden": 8, "seed": seed}, test=0.9, curve=(0.5, 0.1))
        write_run(tmp_path / f"b{seed}", {"model.hidden": 16, "seed": seed}, test=0.1, curve=(0.5, 0.2))
    table = load(tmp_path)
    question, _ = ask(table)
    found = best(table, question).iloc[0]
    assert (found["model.hidden"], found[Y], found["validation_mean_squared_error"]) == (8, 0.9, 0.1)
    with pytest.raises(UserError, match=r"--select=test_mean_squared_error.*no test score left"):
        ask(table, select=Y)


def test_the_best_of_every_cell(runs):
    found = best(runs, ask(runs)[0]).set_index("best of")
    assert found.index.tolist() == ["all runs", "gru", "lstm"]
    assert found["optimizer.learning_rate"].tolist() == [0.01] * 3
    assert found.loc["all runs", "model.cell"] == "gru"
    assert found[Y].tolist() == pytest.approx([0.112, 0.112, 0.212])


def test_more_accuracy_is_better(tmp_path):
    for hidden, accuracy in ((8, 0.7), (16, 0.9)):
        figures = {"validation_accuracy": accuracy, "test_accuracy": accuracy - 0.1}
        write_run(tmp_path / str(hidden), {"model.hidden": hidden}, **figures)
    table = load(tmp_path)
    assert best(table, ask(table, "test_accuracy")[0]).iloc[0]["model.hidden"] == 16


def test_a_setting_in_which_a_run_failed_stands_behind_all_others(tmp_path):
    """One lucky survivor of a rate that breaks the others must not win."""
    for seed in range(2):
        write_run(tmp_path / f"safe{seed}", {"model.hidden": 8, "seed": seed}, curve=(0.5, 0.3))
    write_run(tmp_path / "lucky", {"model.hidden": 16, "seed": 0}, curve=(0.5, 0.1))
    write_run(tmp_path / "broken", {"model.hidden": 16, "seed": 1}, status="failed")
    table = load(tmp_path)
    assert best(table, ask(table)[0]).iloc[0]["model.hidden"] == 8
    counts = summaries(table, Y, ["model.hidden"]).set_index("model.hidden")
    assert counts.loc[16, ["runs", "failed"]].tolist() == [1, 1]
    assert math.isnan(counts.loc[16, "mean_low95"])


def test_scores_of_different_problems_are_not_compared(tmp_path):
    for length, easy in ((10, 0.0), (50, 0.5)):
        for cell, error in (("lstm", 0.1), ("gru", 0.2)):
            fields = {"task.length": length, "model.cell": cell}
            write_run(tmp_path / f"{length}{cell}", fields, error + easy, (0.9, error + easy))
    table = load(tmp_path)
    found = best(table, ask(table)[0])
    assert found["best of"].tolist() == [
        *("length 10", "length 50"),
        *("length 10, gru", "length 10, lstm", "length 50, gru", "length 50, lstm"),
    ]
    assert found["model.cell"].tolist() == ["lstm", "lstm", "gru", "lstm", "gru", "lstm"]


def test_success_counts_what_failed(tmp_path):
    for seed, error in enumerate((0.01, 0.02, 0.2)):
        write_run(tmp_path / str(seed), {"seed": seed}, error)
    write_run(tmp_path / "failed", {"seed": 3}, status="failed")
    found = success_rates(load(tmp_path), parse("--success", f"{Y}<0.05"), []).iloc[0]
    assert (found["succeeded"], found["runs"], found["share"]) == (2, 4, 0.5)
    assert found[["share_low95", "share_high95"]].tolist() == pytest.approx([0.1500, 0.8500], abs=1e-4)  # Wilson 1927


def test_pairs_are_alike_in_seed_and_all_else(runs):
    found = compare(runs, Y, parse_pair("--pair", "model.cell=lstm:gru"))
    assert (found["pairs"], found["without partner"]) == (9, 0)
    for end in ("difference", "difference_low95", "difference_high95"):
        assert found[end] == pytest.approx(0.1)  # all alike
    assert found["p"] == pytest.approx(2 / 2**9)
    turned = compare(runs, Y, parse_pair("--pair", "model.cell=gru:lstm"))
    assert turned["difference"] == pytest.approx(-0.1)
    rates = compare(runs, Y, parse_pair("--pair", "optimizer.learning_rate=0.1:1e-3"))
    assert (rates["pairs"], rates["difference"]) == (6, pytest.approx(0.2))


def test_runs_without_a_partner_are_counted_and_left_out(runs):
    fewer = runs[~((runs["model.cell"] == "gru") & (runs["seed"] == 2))]
    found = compare(fewer, Y, parse_pair("--pair", "model.cell=lstm:gru"))
    assert (found["pairs"], found["without partner"]) == (6, 3)
    alone = runs[(runs["model.cell"] == "gru") ^ (runs["seed"] == 2)]
    with pytest.raises(UserError, match=r"no two runs are alike in seed, optimizer.learning_rate"):
        compare(alone, Y, parse_pair("--pair", "model.cell=lstm:gru"))


@pytest.mark.parametrize("text", ["model.cell", "model.cell=lstm", "model.cell=:gru", "=a:b", "a=b:c:d", "a=b:b"])
def test_what_is_no_pair(text):
    with pytest.raises(UserError, match=r"^--pair="):
        parse_pair("--pair", text)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": "test_mean_square_error"}, "did you mean 'test_mean_squared_error'?"),
        ({"y": "lossy"}, "did you mean 'loss'?"),
        ({"y": "zzz"}, "results: step, parameters"),
        ({"y": "objective"}, "holds no numbers"),
        ({"x": "model.hiden"}, "did you mean 'model.hidden'?"),
        ({"x": "step"}, "is a result, not a field"),
        ({"group": ["cell"]}, "did you mean 'model.cell'?"),
        ({"select": "validation_accuracy"}, "--select='validation_accuracy' is unknown"),
    ],
)
def test_a_name_that_is_none_gets_the_nearest(runs, given, words):
    with pytest.raises(UserError) as refused:
        ask(runs, **given)
    assert words in str(refused.value)
    assert f"--{next(iter(given))}=" in str(refused.value)


def test_several_objectives_need_a_choice(tmp_path):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", objective="nats_per_token", test_nats_per_token=1.0)
    table = load(tmp_path)
    with pytest.raises(UserError, match=r"several objectives \(mean_squared_error, nats_per_token\)"):
        ask(table)
    assert ask(table, "test_nats_per_token")[0].y == "test_nats_per_token"


def test_without_validation_nothing_is_chosen_by_test(tmp_path):
    path = write_run(tmp_path / "a")
    (path / "results.json").write_text('{"objective": "mean_squared_error", "test_mean_squared_error": 0.1}')
    with pytest.raises(UserError, match="held out no validation split"):
        ask(load(tmp_path))


def test_a_setting_in_words():
    assert label({"model.cell": "lstm", "optimizer.learning_rate": 0.001}) == "lstm, learning rate 0.001"
    assert label({"model.dropout": float("nan"), "task.path": ""}) == "no dropout, path empty"
    assert label({}) == "all runs"


def test_a_choice_by_name_is_called_by_what_is_chosen():
    assert label({"model.cell": "gru", "optimizer.clip.name": "none"}) == "gru, no clip"
    assert label({"optimizer.clip.name": "global_norm", "model.hidden": 64}) == "global_norm, hidden 64"


def among(*rows):
    return pd.DataFrame([{"model.cell": cell, "model.init.forget_bias": bias, "task.length": T} for cell, bias, T in rows])


def told(table, cell, bias, T, keep=()):
    setting = {"model.cell": cell, "model.init.forget_bias": bias, "task.length": T}
    return label(telling(setting, table, keep))


def test_a_number_that_tells_nothing_apart_is_not_named():
    """A sweep gives an Elman network the one forget bias that it does not have, and LSTMs three that they do."""
    rows = [("elman", 1.0, T) for T in (25, 50)] + [("lstm", bias, T) for bias in (0.0, 1.0, 3.0) for T in (25, 50)]
    table = among(*rows)
    assert told(table, "elman", 1.0, 25) == "elman, length 25"
    assert told(table, "lstm", 1.0, 50) == "lstm, forget bias 1, length 50"
    assert len({told(table, *row) for row in rows}) == len(rows)


def test_a_field_of_one_value_and_a_run_that_lacks_one_are_not_named():
    table = among(("lstm", 1.0, 25), ("gru", 1.0, 25))
    assert told(table, "gru", 1.0, 25) == "gru"
    assert told(table, "gru", 1.0, 25, keep=["task.length"]) == "gru, length 25"
    table = among(("gru", None, 25), ("lstm", 0.0, 25), ("lstm", 1.0, 25))
    assert told(table, "gru", float("nan"), 25) == "gru"
    assert told(table, "lstm", 0.0, 25) == "lstm, forget bias 0"


def test_numbers_that_go_with_a_name_one_to_one_are_named():
    """Nobody knows whether the cell or the bias made the difference."""
    table = among(("lstm", 1.0, 25), ("gru", 2.0, 25))
    assert told(table, "gru", 2.0, 25) == "gru, forget bias 2"
    table = among(("lstm", 1.0, 25), ("lstm", 2.0, 50))
    assert told(table, "lstm", 1.0, 25) == "lstm, forget bias 1, length 25"
