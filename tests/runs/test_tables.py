"""Tables in four forms, each read back by others' readers; LaTeX held against what it would print."""

import re

import numpy as np
import pandas as pd
import pytest

from rnn_research.runs import tables
from rnn_research.runs.tables import latex, markdown, readable, write

HOSTILE = r"50% & $x_1$ #3 {a}\b~^<>|"


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "model.cell": ["lstm", HOSTILE, None],
            "model.hidden": [16, 32, 64],
            "error": [0.123456, 1234.5678, np.nan],
            "error_low95": [0.1, 1000.0, np.nan],
            "error_high95": [0.2, 2000.0, np.nan],
        }
    )


def test_figures_have_four_digits_and_their_interval_behind_them(table):
    shown = readable(table)
    assert list(shown.columns) == ["model.cell", "model.hidden", "error"]
    assert shown["error"].tolist() == ["0.1235 [0.1, 0.2]", "1235 [1000, 2000]", ""]
    assert shown["model.hidden"].tolist() == ["16", "32", "64"]
    alone = readable(pd.DataFrame({"x_low95": [0.5]}))
    assert alone["x_low95"].tolist() == ["0.5"]


def test_counts_that_are_not_all_say_of_how_many():
    shown = readable(pd.DataFrame({"runs": [3, 2], "runs_of": [3, 5]}))
    assert shown.to_dict("list") == {"runs": ["3", "2 of 5"]}


def test_markdown_has_a_row_a_row(table):
    lines = markdown(readable(table), "a caption\nof two lines").splitlines()
    assert lines[:4] == ["a caption of two lines", "", "| model.cell | model.hidden | error |", "| --- | --- | --- |"]
    assert lines[4] == "| lstm | 16 | 0.1235 [0.1, 0.2] |"
    for line in lines[2:]:
        assert len(re.findall(r"(?<!\\)\|", line)) == 4, line


def test_latex_prints_what_the_table_holds(table):
    """Each command back into its character: what is left must be the text."""
    text = latex(readable(table), "95 % of a_b")
    assert r"\caption{95 \% of a\_b}" in text
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    (row,) = [line for line in text.splitlines() if line.startswith("50")]
    printed = row.split(" & ")[:-2]
    printed = " & ".join(printed).replace(r"\&", "&")
    for command, character in (("textasciitilde", "~"), ("textasciicircum", "^"), ("textless", "<"), ("textgreater", ">")):
        printed = printed.replace(f"\\{command}{{}}", character)
    printed = printed.replace(r"\textbackslash{}", "\0")
    assert re.sub(r"\\([%$#_{}])", r"\1", printed).replace("\0", "\\") == HOSTILE
    assert all(line.endswith(r"\\") for line in text.splitlines() if " & " in line)


def test_a_bracket_at_the_head_of_a_latex_row_is_no_argument():
    """Behind a line's end, LaTeX would read it as the height of a gap."""
    assert r"{[}1, 2] \\" in latex(pd.DataFrame({"a": ["[1, 2]"]}), "")


def test_csv_keeps_every_digit(table, tmp_path):
    write(tmp_path / "new", "t", table, "c")
    back = pd.read_csv(tmp_path / "new" / "t.csv")
    assert back["error"].tolist()[:2] == [0.123456, 1234.5678]
    assert back["model.cell"].tolist()[1] == HOSTILE
    assert list(back.columns) == list(table.columns)


def test_parquet_keeps_types_and_writes_what_has_several(table, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table["task.path"] = ["a", 1, None]
    table["model.sizes"] = [(1, 2), (3,), (1, 2)]
    assert write(tmp_path, "t", table, "c")[-1] == tmp_path / "t.parquet"
    back = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert back["model.hidden"] == [16, 32, 64]
    assert back["error"][0] == 0.123456
    assert back["task.path"] == ["a", "1", None]
    assert back["model.sizes"] == ["(1, 2)", "(3,)", "(1, 2)"]


def test_without_pyarrow_the_others_are_written(table, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "parquet_can_be_written", lambda: False)
    assert [path.suffix for path in write(tmp_path, "t", table, "c")] == [".md", ".csv", ".tex"]


def test_an_empty_table(tmp_path):
    write(tmp_path, "t", pd.DataFrame({"a": []}), "nothing")
    assert (tmp_path / "t.md").read_text() == "nothing\n\n| a |\n| --- |\n"
