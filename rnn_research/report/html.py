"""Pieces of a self-contained page: no script, no network, every text escaped."""

import base64
import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.lead { font-size: 1.1rem; } .quiet { opacity: .7; font-size: .9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.number { text-align: right; }
figure { margin: 1rem 0; } figure img { max-width: 100%; background: #fff; border-radius: 4px; }
figcaption { font-size: .95rem; }
pre { background: #8881; padding: .9rem; border-radius: 4px; overflow-x: auto; font-size: .85rem; line-height: 1.35; }
details { margin: .6rem 0; } summary { cursor: pointer; }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole page."""
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def escape(text: Any) -> str:
    """Text as text, never as markup."""
    return html.escape(str(text))


def figure(path: Path, caption: str) -> str:
    """A picture inside the page, with the sentence that it shows."""
    data = base64.b64encode(path.read_bytes()).decode()
    image = f"<img alt='{escape(caption)}' src='data:image/png;base64,{data}'>"
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def table(rows: Iterable[tuple[Any, ...]], head: tuple[str, ...] = ()) -> str:
    """Rows of cells; numbers stand to the right."""
    top = "<tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr>" if head else ""
    return "<table>" + top + "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows) + "</table>"


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"{value:,}" if isinstance(value, int) else number(value, 4)
        return f"<td class='number'>{text}</td>"
    return f"<td>{escape(value)}</td>"


def number(value: float, digits: int) -> str:
    """To this many significant digits; large ones written out, since 4.16e+03 steps are hard to read."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if 10**digits <= abs(rounded) < 1e7 else f"{value:,.{digits}g}"


def details(summary: str, body: str) -> str:
    """Something that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def fields(values: Mapping[str, Any]) -> str:
    """A two-column table of names and values."""
    return table((name, value) for name, value in values.items())
