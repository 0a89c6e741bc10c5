"""Tables in the four forms that others read: Markdown, CSV, LaTeX (booktabs) and Parquet."""

import importlib.util
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rnn_research.runs.directory import written_whole, write_text

NO_PARQUET = "no Parquet is written without pyarrow: pip install -e .[analysis]"

LATEX = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}


def write(folder: Path, name: str, table: pd.DataFrame, caption: str) -> list[Path]:
    """Writes ``name.md``, ``.csv``, ``.tex`` and, where pyarrow is installed, ``.parquet``.

    Args:
      folder: made if it is missing.
      name: of the files.
      table: its intervals in columns ``x_low95`` and ``x_high95`` beside ``x``, how many there
        are of in all in ``x_of``; in Markdown and LaTeX they stand behind the figure, in the
        other two they stay columns.
      caption: what the table shows.

    Returns:
      The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{end}" for end in ("md", "csv", "tex")]
    shown = readable(table)
    write_text(paths[0], markdown(shown, caption))
    write_text(paths[1], table.to_csv(index=False))
    write_text(paths[2], latex(shown, caption))
    if parquet_can_be_written():
        paths.append(folder / f"{name}.parquet")
        with written_whole(paths[-1]) as part:
            _plain(table).to_parquet(part, engine="pyarrow", index=False)
    return paths


def parquet_can_be_written() -> bool:
    """Whether pyarrow is installed, which writes it."""
    return importlib.util.find_spec("pyarrow") is not None


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table in words: four digits, each interval behind its figure, ``0.512 [0.498, 0.530]``; counts as ``4 of 5``."""
    columns = {}
    for column in table.columns:
        ends = [f"{column}_low95", f"{column}_high95"]
        if set(ends) <= set(table.columns):
            columns[column] = [_interval(*cells) for cells in zip(table[column], *(table[end] for end in ends))]
        elif f"{column}_of" in table.columns:
            columns[column] = [_of(*cells) for cells in zip(table[column], table[f"{column}_of"])]
        elif not is_end(column, table):
            columns[column] = [shown(cell) for cell in table[column]]
    return pd.DataFrame(columns, dtype=object)


def is_end(column: str, table: pd.DataFrame) -> bool:
    """Whether a column holds ends of the intervals of another, or how many there are in all."""
    figure = re.sub("_(low95|high95|of)$", "", column)
    return figure != column and figure in table.columns


def shown(cell: Any) -> str:
    """One cell in words; nothing where it is missing."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e6 else f"{cell:.4g}"
    return str(cell)


def markdown(table: pd.DataFrame, caption: str) -> str:
    """A table of text as Markdown."""
    head = _row(table.columns)
    rule = "|" + " --- |" * len(table.columns)
    return "\n".join([_one_line(caption), "", head, rule, *map(_row, table.itertuples(index=False))]) + "\n"


def latex(table: pd.DataFrame, caption: str) -> str:
    """A table of text as LaTeX; needs the package booktabs."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        r"\toprule",
        _cells(table.columns, escape),
        r"\midrule",
        *(_cells(row, escape) for row in table.itertuples(index=False)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: Any) -> str:
    """Text that LaTeX sets as it stands."""
    return re.sub(r"[\\^~<>&%$#_{}]", lambda found: LATEX[found[0]], _one_line(text))


def _interval(middle: Any, low: Any, high: Any) -> str:
    return f"{shown(middle)} [{shown(low)}, {shown(high)}]" if not pd.isna([low, high]).any() else shown(middle)


def _of(count: Any, all_of_them: Any) -> str:
    return shown(count) if count == all_of_them else f"{shown(count)} of {shown(all_of_them)}"


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(_one_line(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"


def _cells(cells: Iterable[Any], how: Callable[[Any], str]) -> str:
    # A bracket behind \\ or \midrule would be read as its argument.
    return " & ".join(re.sub(r"^\[", "{[}", how(cell)) for cell in cells) + r" \\"


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of several types, or of lists, as text: a Parquet column has one type."""
    changed = {}
    for name in table.columns:
        kinds = {type(cell) for cell in table[name].dropna()} if table[name].dtype == object else set()
        if len(kinds) > 1 or kinds & {tuple, list, dict}:
            changed[name] = [None if cell is None or cell != cell else str(cell) for cell in table[name]]
    return table.assign(**changed)
