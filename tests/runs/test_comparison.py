"""What differs between two runs, cause by cause, and what came of it."""

import json

import pytest
from written_runs import PROVENANCE, write_run

from rnn_research.errors import UserError
from rnn_research.runs.comparison import differing, results
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
