"""report.html of many runs: one file without a network, with tables that are sorted and filtered in the browser."""

import math
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from rnn_research.errors import counted, some_of
from rnn_research.report import html
from rnn_research.report.sweep import curves, stored, sweep_pictures
from rnn_research.report.sweep.drawing import words
from rnn_research.report.sweep.sweep_tables import Analysed, Table, as_html, gather
from rnn_research.runs import owner
from rnn_research.runs import tables as files
from rnn_research.runs.directory import RunDirectory, write_json, write_text
from rnn_research.runs.frames import is_field
from rnn_research.runs.question import Question, more_is_better
from rnn_research.runs.settings import problem_fields, scored
from rnn_research.runs.tables import readable, shown

POLICY = "default-src 'none'; img-src data:; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


def analyse(directory: RunDirectory, sweep: Analysed, command: str) -> tuple[Path, ...]:
    """Stores what is asked of which runs, and writes the page of it.

    Args:
      directory: where it goes, made if it is missing.
      sweep: the runs and what is asked of them.
      command: that asks it.

    Returns:
      The page.

    Raises:
      UserError: for a condition or a pair that does not fit these runs, or a directory that
        cannot be written.
    """
    tables = gather(sweep)  # before anything is made: here a wrong condition shows itself
    found = curves.gather(sweep.counted, tables["best"].rows, sweep.question)
    with owner.taken(directory, "analysis"):
        stored.write(directory, sweep, found, command)
        return write_page(directory)


def write_page(directory: RunDirectory) -> tuple[Path, ...]:
    """Writes tables, figures, results.json and the page, from analysed.json alone.

    Returns:
      The page.

    Raises:
      UserError: if that file is missing or damaged.
    """
    sweep, found, command = stored.read(directory)
    tables = gather(sweep)
    have, of = len(scored(sweep.counted, sweep.question.y)), len(sweep.counted)
    title = f"{words(sweep.question.y).capitalize()} of {counted(of, 'run') if have == of else f'{have} of {of} runs'}"
    for table in tables.values():
        files.write(directory.path / "tables", table.name, table.rows, table.caption)
    drawn = sweep_pictures.draw(sweep, tables, found, directory.figures)
    write_json(directory.results, headline(sweep, tables))
    write_text(directory.report, page(title, body(sweep, tables, drawn, title, command)))
    return (directory.report,)


def headline(sweep: Analysed, tables: dict[str, Table]) -> dict[str, Any]:
    """What came out, ready for JSON."""
    counts = sweep.runs["status"].value_counts()
    rows = [{name: _plain(value) for name, value in row.items()} for row in tables["best"].rows.to_dict("records")]
    return {
        "y": sweep.question.y,
        "x": sweep.question.x,
        "group": list(sweep.question.group),
        "select": sweep.question.select,
        "runs": len(sweep.runs),
        **{status: int(counts.get(status, 0)) for status in ("done", "failed", "unfinished", "damaged")},
        "counted": len(sweep.counted),
        "settings": len(tables["settings"].rows),
        "best": rows,
        **(
            {"pairs": [{n: _plain(v) for n, v in row.items()} for row in tables["pairs"].rows.to_dict("records")]}
            if "pairs" in tables
            else {}
        ),
    }


def conclusion(sweep: Analysed, best: pd.DataFrame) -> str:
    """The first sentence of the page, for each problem: the setting that validation chose, and its score."""
    question = sweep.question
    problems = problem_fields(sweep.counted)
    count = len(best[problems].drop_duplicates()) if problems else 1
    sentences = []
    for _, row in best.head(count).iterrows():
        if row[question.y] != row[question.y]:
            continue
        fields = [field for field in best.columns if is_field(field) and field not in problems]
        setting = ", ".join(f"{words(field)} {shown(row[field])}" for field in fields) or "the only setting"
        score = readable(best[[question.y, *(question.y + end for end in ("_low95", "_high95"))]]).loc[row.name].iloc[0]
        where = "" if row["best of"] == "all runs" else f"on {row['best of']}: "
        over = "over" if score == shown(row[question.y]) else "95 % by Student's t over"
        sentences.append(
            f"{where}by {words(question.select)} the choice is {setting}; its {words(question.y)} is {score}, "
            f"{over} {_of(row['runs'], row['runs_of'])}{_beside_floor(row, question)}."
        )
    return " ".join(text[0].upper() + text[1:] for text in sentences) or f"No run has a {words(question.y)}."


def _beside_floor(row: pd.Series, question: Question) -> str:
    """On which side of the task's floor a score lies by its interval, where there are both."""
    floor = row.get("floor", math.nan)
    if floor != floor:
        return ""
    low, high = (row[f"{question.y}_{end}95"] for end in ("low", "high"))
    if low != low or high != high:
        return f"; the floor, without memory or context, is {shown(floor)}"
    better, worse = (low > floor, high < floor) if more_is_better(question.y) else (high < floor, low > floor)
    side = "better than" if better else "worse than" if worse else "not told apart from"
    return f"; it is {side} the floor of {shown(floor)}, which needs no memory or context"


def _of(runs: int, of: int) -> str:
    if runs < of:
        return f"{runs} of {counted(of, 'run')}, the others failed"
    return counted(runs, "run")


def body(
    sweep: Analysed,
    tables: dict[str, Table],
    drawn: list[sweep_pictures.Picture],
    title: str,
    command: str,
) -> list[str]:
    """The page from its title to its last table."""
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p class='quiet'>{html.escape(command)}</p>",
        f"<p class='lead'>{html.escape(conclusion(sweep, tables['best'].rows))}</p>",
        trouble(sweep),
        _section(tables["best"]),
    ]
    for picture in drawn:
        parts += [f"<h2>{html.escape(picture.heading)}</h2>", html.figure(picture.path, picture.sentence)]
    parts += [_section(tables[name]) for name in ("success", "pairs", "settings") if name in tables]
    parts.append(_section(tables["runs"], sweep.runs[stored.PAGE]))
    return parts


def trouble(sweep: Analysed) -> str:
    """Every run that is not done, with what was the matter."""
    odd = sweep.runs[sweep.runs["status"] != "done"].sort_values("status")
    if odd.empty:
        return ""
    counts = ", ".join(f"{count} {status}" for status, count in odd["status"].value_counts().items())
    rows = html.table(zip(odd["run"], odd["status"], odd["reason"]), ("run", "status", "reason"))
    return html.details(f"{some_of(len(odd), len(sweep.runs), 'run')} not done: {counts}", rows)


def page(title: str, parts: list[str]) -> str:
    """The whole file."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{html.escape(title)}</title><style>{html.STYLE}{_file('sweep.css')}</style></head>\n<body>\n"
        + "\n".join(parts)
        + f"\n<script>\n{_file('sweep.js')}</script>\n</body></html>\n"
    )


def _section(table: Table, pages: pd.Series | None = None) -> str:
    ends = ["csv", "md", "tex", *(["parquet"] if files.parquet_can_be_written() else [])]
    links = ", ".join(f"<a href='tables/{table.name}.{end}'>{end}</a>" for end in ends)
    heading = f"<h2>{html.escape(table.heading)} <span class='quiet'>{links}</span></h2>"
    return heading + as_html(table, pages)


def _file(name: str) -> str:
    return resources.files("rnn_research.report.sweep").joinpath(name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    """A cell as JSON has it: what is missing is null."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
