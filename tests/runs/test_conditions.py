"""Conditions as they are typed: what they select, and one line for each that cannot be."""

import numpy as np
import pandas as pd
import pytest

from rnn_research.errors import UserError
from rnn_research.runs.conditions import counted, parse, select


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "run": ["a", "b", "c", "d"],
            "status": ["done", "done", "failed", "unfinished"],
            "model.cell": ["lstm", "gru", "lstm", "elman"],
            "model.residual": [True, False, True, True],
            "optimizer.learning_rate": [1e-3, 1e-2, 1e-1, 1e-3],
            "optimizer.clip.limit": [1.0, np.nan, 5.0, 1.0],
            "test_error": [0.1, 0.2, np.nan, np.nan],
        }
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("model.cell=lstm", "ac"),
        ("model.cell=lstm,gru", "abc"),
        ("model.cell = LSTM , gru", "abc"),
        ("model.cell!=lstm", "bd"),
        ("model.cell!=lstm,gru", "d"),
        ("model.cell==gru", "b"),
        ("model.residual=true", "acd"),
        ("optimizer.learning_rate=0.001", "ad"),
        ("optimizer.learning_rate=1e-3,.1", "acd"),
        ("optimizer.learning_rate<0.01", "ad"),
        ("optimizer.learning_rate<=0.01", "abd"),
        ("optimizer.learning_rate>1e-2", "c"),
        ("optimizer.learning_rate>=1e-2", "bc"),
        ("test_error<0.15", "a"),
        ("test_error>0", "ab"),
        ("optimizer.clip.limit=none", "b"),
        ("status=done,failed", "abc"),
        ("status=done,damaged", "ab"),
        ("run=a", "a"),
    ],
)
def test_a_condition_selects(runs, text, names):
    assert "".join(select(runs, [parse("--where", text)])["run"]) == names


def test_all_conditions_hold_together(runs):
    both = [parse("--where", "model.cell=lstm"), parse("--where", "optimizer.learning_rate<0.01")]
    assert list(select(runs, both)["run"]) == ["a"]
    assert list(select(runs, [])["run"]) == list("abcd")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model.cell", "is no condition: write FIELD=VALUE"),
        ("", "is no condition"),
        ("=lstm", "is no condition"),
        ("model.cell=", "is no condition"),
        ("model.cell lstm", "is no condition"),
        ("test_error<small", "< needs a number behind it, not 'small'"),
    ],
)
def test_what_is_no_condition(text, words):
    with pytest.raises(UserError, match=f"^--where={text!r}.*{words}") as refused:
        parse("--where", text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model.cel=lstm", "'model.cel' is no field and no result of these runs, did you mean 'model.cell'?"),
        ("learning_rate<1", "did you mean 'optimizer.learning_rate'?"),
        ("cell=lstm", "did you mean 'model.cell'?"),
        ("path=x", "is no field"),
        ("qqq=1", "results: test_error"),
        ("model.cell=lsmt", "no run has 'lsmt', did you mean 'lstm'?; model.cell is lstm, gru, elman"),
        ("model.cell=lstm,gruu", "no run has 'gruu', did you mean 'gru'?"),
        ("optimizer.learning_rate=5", "no run has '5'; optimizer.learning_rate is 0.001, 0.01, 0.1"),
        ("optimizer.learning_rate>5", "leaves none of 4 runs: optimizer.learning_rate is 0.001, 0.01, 0.1"),
        ("status=damaged", "leaves none of 4 runs: status is done, failed, unfinished"),
        ("model.cell<3", "holds no numbers"),
    ],
)
def test_a_condition_that_does_not_fit(runs, text, words):
    with pytest.raises(UserError) as refused:
        select(runs, [parse("--where", text)])
    assert words in str(refused.value)
    assert str(refused.value).startswith("--where=")


def test_what_has_ended_counts_unless_the_status_is_asked_for(runs):
    assert list(counted(runs, [])["run"]) == ["a", "b", "c"]
    assert list(counted(runs, [parse("--where", "status=done")])["run"]) == ["a", "b"]
    assert list(counted(runs, [parse("--where", "status=unfinished")])["run"]) == ["d"]
    with pytest.raises(UserError, match=r"none of these runs has ended \(1 unfinished\)"):
        counted(runs, [parse("--where", "model.cell=elman")])


def test_values_with_commas_stand_in_quotes():
    assert parse("--where", 'task.path="Verne, the moon.txt", b.txt').values == ("Verne, the moon.txt", "b.txt")
