"""The page of a sweep in a headless Chromium: tables sorted and filtered, links that lead, text that stays text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from chromium import COMMAND, SHELL, Chromium
from written_runs import write_run, write_sweep

from rnn_research.report.sweep.sweep_page import analyse, conclusion
from rnn_research.report.sweep.sweep_tables import Analysed, Table, as_html, gather
from rnn_research.runs import load
from rnn_research.runs.conditions import counted, parse
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.pairs import parse_pair
from rnn_research.runs.question import ask

needs_chromium = pytest.mark.skipif(not (COMMAND and SHELL), reason="needs the commands chromium and bash")
HOSTILE = "<script>document.title='broken'<|script>&'\" #?%41"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sweep of 18 runs that are done, three that are not, and one with a name that is markup."""
    folder = write_sweep(tmp_path_factory.mktemp("sweep"))
    (folder / "runs" / "gru-0.01-0" / "report.html").write_text("the page of a run")
    hostile = write_run(folder / "runs" / HOSTILE, {"model.cell": "<b>bold</b>", "seed": 9}, test=0.9)
    (hostile / "report.html").write_text("a page")
    write_run(folder / "runs" / "torn", {"model.cell": "gru", "seed": 7}, status="unfinished")
    write_run(folder / "runs" / "failed", {"model.cell": "gru", "seed": 8}, status="failed")
    (write_run(folder / "runs" / "damaged") / "config.json").write_text('{"')
    runs = load(folder)
    question, kept = ask(counted(runs, []))
    success = parse("--success", "test_mean_squared_error<0.3")
    directory = RunDirectory(folder / "analysis")
    sweep = Analysed(runs, kept, question, success, (parse_pair("--pair", "model.cell=lstm:gru"),))
    analyse(directory, sweep, "python -m experiments.analyze --where='seed<3'")
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser, folder):
    """The page, just opened; whatever a test does, no script may fail and nothing may be asked for."""
    browser.errors.clear()
    browser.requests.clear()
    path = folder / "analysis" / "report.html"
    browser.open(path)
    yield browser
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [path.as_uri()]


def column(page, table: str, name: str) -> list[str]:
    """The texts of a column, of the rows that are shown."""
    return page.run(
        f"""(() => {{ const table = document.querySelector('#{table} table');
        const n = [...table.tHead.rows[0].cells].findIndex((head) => head.dataset.name === {json.dumps(name)});
        return [...table.tBodies[0].rows].filter((r) => !r.hidden).map((r) => r.cells[n].textContent); }})()"""
    )


def type_filter(page, table: str, text: str) -> None:
    page.run(
        f"(() => {{ const box = document.querySelector('#{table} input'); box.value = {json.dumps(text)};"
        "box.dispatchEvent(new Event('input')); })()"
    )


@needs_chromium
def test_a_click_sorts_and_another_turns_it_round(page):
    head = "#settings th[data-name=mean] button"
    before = column(page, "settings", "mean")
    page.click(head)
    # What has no result stands last, whichever way the order goes.
    ascending = [float(cell.split()[0]) for cell in column(page, "settings", "mean") if cell]
    assert ascending == sorted(ascending)
    assert sorted(before) == sorted(column(page, "settings", "mean"))
    page.click(head)
    assert [float(cell.split()[0]) for cell in column(page, "settings", "mean") if cell] == ascending[::-1]
    assert page.run("document.querySelector('#settings th[data-name=mean]').ariaSort") == "descending"
    page.click("#runs th[data-name=parameters] button")
    counts = [int(cell) for cell in column(page, "runs", "parameters") if cell]
    assert counts == sorted(counts)
    assert {len(str(count)) for count in counts} == {3, 4}  # as words they would stand otherwise
    page.click("#runs th[data-name=run] button")
    names = column(page, "runs", "run")
    assert names.index("runs/gru-0.001-0") < names.index("runs/gru-0.1-0") < names.index("runs/lstm-0.001-0")


@needs_chromium
def test_what_is_missing_stands_last_both_ways(page):
    for _ in range(2):
        page.click("#runs th[data-name=test_mean_squared_error] button")
        assert column(page, "runs", "test_mean_squared_error")[-3:] == ["", "", ""]


@needs_chromium
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", 22),
        ("lstm", 9),
        ("LSTM done", 9),
        ("-lstm -gru", 2),
        ("seed<1", 6),
        ("seed>=2 cell=gru", 5),
        ("model.cell=gru status=done", 9),
        ("learning_rate<=0.01 lstm", 6),
        ("test_mean_squared_error<0.15", 3),
        ("cell!=lstm", 13),
        ("nonsense", 0),
        ("nocolumn<3", 0),
    ],
)
def test_the_filter_knows_words_and_comparisons(page, text, left):
    type_filter(page, "runs", text)
    assert len(column(page, "runs", "run")) == left
    expected = "22 rows" if left == 22 else f"{left} of 22 rows"
    assert page.run("document.querySelector('#runs output').textContent") == expected


@needs_chromium
def test_markup_in_a_name_stays_text(page):
    assert page.run("document.title") == "Test mean squared error of 19 of 20 runs"
    assert f"runs/{HOSTILE}" in column(page, "runs", "run")
    assert "<b>bold</b>" in column(page, "settings", "model.cell")
    assert page.run("document.querySelectorAll('body b').length") == 0
    assert page.run("document.querySelectorAll('script').length") == 1


@needs_chromium
def test_links_lead_to_the_pages_of_runs(page, folder):
    links = page.run("[...document.querySelectorAll('#runs td a')].map((a) => a.href)")
    expected = [folder / "runs" / HOSTILE / "report.html", folder / "runs" / "gru-0.01-0" / "report.html"]
    assert sorted(unquote(link) for link in links) == sorted(f"file://{path}" for path in expected)
    tables = page.run("[...document.querySelectorAll('h2 a')].map((a) => a.href)")
    assert len(tables) >= 15
    for link in tables:
        assert unquote(link).startswith("file://")
        assert Path(unquote(link.removeprefix("file://"))).is_file(), link


@needs_chromium
def test_a_whole_picture_of_the_page_has_its_figures(page):
    shown = page.run("[...document.querySelectorAll('figure img')].map((i) => [i.complete, i.naturalWidth > 500])")
    assert len(shown) >= 5
    assert all(complete and wide for complete, wide in shown)
    assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


class Text(HTMLParser):
    """All that a reader reads."""

    def __init__(self, page: str):
        super().__init__()
        self.parts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def test_the_page_says_what_was_found_and_what_is_amiss(folder):
    text = " ".join(Text((folder / "analysis" / "report.html").read_text()).parts)
    assert "By validation mean squared error the choice is learning rate 0.01, cell gru; " in text
    assert "its test mean squared error is 0.112 [0.08716, 0.1368], 95 % by Student's t over 3 runs." in text
    assert "3 of 22 runs are not done: 1 damaged, 1 failed, 1 unfinished" in text
    for reason in ("step 7: the loss is nan", "it has come to step 20", "config.json is damaged"):
        assert reason in text
    assert "python -m experiments.analyze --where='seed<3'" in text


def test_results_hold_the_headline(folder):
    results = json.loads((folder / "analysis" / "results.json").read_text())
    assert {name: results[name] for name in ("runs", "done", "failed", "unfinished", "damaged", "counted")} == {
        **{"runs": 22, "done": 19, "failed": 1, "unfinished": 1, "damaged": 1},
        "counted": 20,
    }
    assert results["best"][0]["model.cell"] == "gru"
    assert results["best"][0]["test_mean_squared_error"] == pytest.approx(0.112)
    assert results["pairs"][0]["difference"] == pytest.approx(0.1)


def test_every_number_can_be_sorted_by(tmp_path):
    """Also where a table holds nothing but numbers."""
    rows = pd.DataFrame({"model.hidden": [8, 16], "error": [0.1234567, np.nan]})
    text = as_html(Table("t", "h", "c", rows))
    assert re.findall("data-value='([^']*)'", text) == ["8", "0.1234567", "16"]


def test_one_run_alone_makes_a_page(tmp_path):
    write_run(tmp_path / "run")
    runs = load(tmp_path)
    question, kept = ask(runs)
    assert question.x is None
    analyse(RunDirectory(tmp_path / "out"), Analysed(runs, kept, question), "c")
    assert "the choice is the only setting" in (tmp_path / "out" / "report.html").read_text()


def test_the_page_says_of_how_many_runs_a_mean_is(tmp_path):
    for seed, test in enumerate((0.1, 0.2, float("nan"))):
        write_run(tmp_path / "runs" / str(seed), {"seed": seed}, test)
    runs = load(tmp_path / "runs")
    question, kept = ask(runs)
    analyse(RunDirectory(tmp_path / "out"), Analysed(runs, kept, question), "c")
    assert "over 2 of 3 runs, the others failed." in (tmp_path / "out" / "report.html").read_text()
    assert "| 2 of 3 | 1 |" in (tmp_path / "out" / "tables" / "best.md").read_text()


@pytest.mark.parametrize(
    ("floor", "said"),
    [
        (0.5, "; it is better than the floor of 0.5, which needs no memory or context."),
        (0.11, "; it is not told apart from the floor of 0.11, which needs no memory or context."),
        (0.01, "; it is worse than the floor of 0.01, which needs no memory or context."),
        (None, "over 3 runs."),
    ],
)
def test_a_floor_stands_beside_the_best(tmp_path, floor, said):
    for seed in range(3):
        more = {} if floor is None else {"floor_mean_squared_error": floor}
        write_run(tmp_path / str(seed), {"seed": seed}, 0.1 + 0.01 * seed, **more)
    sweep = asked_of(tmp_path)
    rows = gather(sweep)["best"].rows
    assert conclusion(sweep, rows).endswith(said)
    assert ("floor" in rows.columns) == (floor is not None)


def test_a_floor_stands_beside_a_single_run_without_a_verdict(tmp_path):
    write_run(tmp_path / "a", {"seed": 0}, 0.1, floor_mean_squared_error=0.5)
    sweep = asked_of(tmp_path)
    text = conclusion(sweep, gather(sweep)["best"].rows)
    assert text.endswith("is 0.1, over 1 run; the floor, without memory or context, is 0.5.")


def test_the_interval_of_a_run_is_said_not_to_be_over_seeds(tmp_path):
    ends = {"test_mean_squared_error_low95": 0.05, "test_mean_squared_error_high95": 0.2}
    write_run(tmp_path / "a", {"seed": 0}, **ends, interval_of_test="over 12 stretches of about 400 symbols")
    write_run(tmp_path / "b", {"seed": 1}, **ends, interval_of_test="no interval: 1 stretch is too few")
    caption = gather(asked_of(tmp_path))["runs"].caption
    assert "is that of one run alone, over its own stretches, not over seeds." in caption


def asked_of(folder):
    runs = load(folder)
    question, kept = ask(counted(runs, []))
    return Analysed(runs, kept, question)
