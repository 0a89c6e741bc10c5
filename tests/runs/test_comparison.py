"""What differs between two runs, cause by cause, and what came of it."""

import json

import pytest
from written_runs import PROVENANCE, write_run

from rnn_research.errors import UserError
from rnn_research.runs.comparison import differing, results, same_corpus
from rnn_research.runs.directory import RunDirectory


@pytest.fixture
def pair(tmp_path):
    write_run(tmp_path / "a", test=0.2, test_mean_squared_error_low95=0.1, test_mean_squared_error_high95=0.3)
    write_run(tmp_path / "b", {"model.cell": "gru"}, test=0.15, floor=1.0)
    return RunDirectory(tmp_path / "a"), RunDirectory(tmp_path / "b")


def test_every_cause_is_told_apart(pair):
    changed = {**PROVENANCE, "python": "3.12.1", "git": {"commit": "b" * 40, "dirty": True}, "cores": 8}
    changed |= {"versions": {**PROVENANCE["versions"], "jax": "0.12"}, "corpus": {"corpus_sha256": "1234"}}
    pair[1].provenance.write_text(json.dumps(changed))
    assert differing(*pair) == {
        "config": ["model.cell: 'lstm' -> 'gru'"],
        "corpus": ["corpus_sha256: (new) -> '1234'", "task: 'adding' -> (gone)"],
        "versions": ["jax: '0.10.2' -> '0.12'", "python: '3.11.0' -> '3.12.1'"],
        "code": [f"commit: '{'a' * 40}' -> '{'b' * 40}'", "dirty: False -> True"],
        "machine": ["cores: 2 -> 8"],
    }
    assert not any(differing(pair[0], pair[0]).values())


def test_results_side_by_side(pair):
    table = results(*pair).set_index("result")
    row = table.loc["test_mean_squared_error"]
    assert (row["first"], row["first_low95"], row["first_high95"], row["second"]) == (0.2, 0.1, 0.3, 0.15)
    assert row["difference"] == pytest.approx(-0.05)
    assert row["per cent"] == pytest.approx(-25)
    assert table.loc["floor", "second"] == 1.0
    assert table.loc["floor", ["first", "difference"]].isna().all()
    assert table.loc["objective", "first"] == "mean_squared_error"
    assert "test_mean_squared_error_low95" not in table.index


def test_no_score_is_held_against_that_of_another_text_and_no_count_is_a_share(pair):
    for run, sha, step in zip(pair, ("12", "34"), (100, 300), strict=True):
        stored = json.loads(run.provenance.read_text())
        run.provenance.write_text(json.dumps({**stored, "corpus": {"corpus_sha256": sha}}))
        run.results.write_text(json.dumps(json.loads(run.results.read_text()) | {"test_tokens": step}))
    assert not same_corpus(*pair)
    assert results(*pair)["per cent"].isna().all()
    assert same_corpus(pair[0], pair[0])
    table = results(pair[0], pair[0]).set_index("result")
    assert table.loc["test_mean_squared_error", "per cent"] == 0
    assert table.loc[["test_tokens", "step"], "per cent"].isna().all()


def test_what_is_missing_is_said(pair):
    pair[1].provenance.unlink()
    pair[1].results.unlink()
    found = differing(*pair)
    assert found["config"] == ["model.cell: 'lstm' -> 'gru'"]
    assert all(found[cause] == [f"not known: {pair[1].provenance} is missing"] for cause in ("corpus", "code"))
    assert results(*pair)["second"].isna().all()


@pytest.mark.parametrize("content", ['{"a": ', "[]"])
def test_a_damaged_file_is_named(pair, content):
    pair[1].config.write_text(content)
    with pytest.raises(UserError, match=str(pair[1].config)):
        differing(*pair)
