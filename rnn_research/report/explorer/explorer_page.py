"""Writes the explorer: one file that needs no network and no server, with every character of the text escaped."""

import json
import math
import re
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from rnn_research.errors import UserError
from rnn_research.report.explorer.data import Activations, ExplorerData
from rnn_research.report.explorer.encoding import levels, nibbles, packed
from rnn_research.report.html import escape
from rnn_research.runs.directory import written_whole

SCRIPTS = (
    *("data.js", "measures.js", "text.js", "card.js", "spans.js"),
    *("search.js", "address.js", "pointer.js", "explorer.js"),
)


def write_explorer(path: Path, data: ExplorerData) -> None:
    """Writes the page.

    The text is in it as numbers and all other strings as JSON without a ``<``, and the page's script shows both
    as text alone: whatever the text holds, it stays text. Activations are kept in 15 levels (16 where none is
    negative), which is what a colour tells.

    Raises:
      UserError: where an array does not fit the text.
    """
    check(data)
    blocks: dict[str, str] = {"text": packed(code_points(data.text))}
    meta: dict[str, Any] = {
        "title": data.title,
        "length": len(data.text),
        "facts": dict(data.facts),
        "concepts": [dict(concept) for concept in data.concepts],
        "activations": [],
        "labels": {},
        "guesses": None,
    }
    for (layer, quantity), activations in data.activations.items():
        key = f"activations-{layer}-{quantity}"
        entry, blocks[key] = _activations(activations)
        meta["activations"].append({"layer": layer, "quantity": quantity, "block": key, **entry})
    for number, (concept, labels) in enumerate(data.labels.items()):
        key = f"labels-{number}"
        blocks[key] = packed(np.asarray(labels.values_N, np.int32))
        meta["labels"][concept] = {"kind": labels.kind, "classes": list(labels.classes), "block": key}
    if data.guesses is not None:
        meta["guesses"] = {"vocabulary": list(data.guesses.vocabulary), "count": data.guesses.index_NK.shape[1]}
        blocks["guesses-index"] = packed(np.asarray(data.guesses.index_NK, np.uint32))
        blocks["guesses-probability"] = packed(np.asarray(data.guesses.probability_NK, np.uint8))
    with written_whole(path) as part:
        part.write_text(_page(data.title, meta, blocks), encoding="utf-8", errors="xmlcharrefreplace")


def code_points(text: str) -> np.ndarray:
    """The code point of every character, ``uint32 [N]``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def check(data: ExplorerData) -> None:
    """Refuses arrays that do not fit the text or each other.

    Raises:
      UserError: naming the array and what does not fit.
    """
    N = len(data.text)
    if not N:
        raise UserError("the explorer has no text to show: give at least one character")
    if not data.activations:
        raise UserError("the explorer has no activations to show: give h of at least one layer")
    lengths = {f"activations of layer {l + 1}, {q}": len(a.q_NU) for (l, q), a in data.activations.items()}
    lengths |= {f"labels of {name}": len(labels.values_N) for name, labels in data.labels.items()}
    if data.guesses is not None:
        lengths |= {"guesses": len(data.guesses.index_NK), "their probabilities": len(data.guesses.probability_NK)}
    for name, length in lengths.items():
        if length != N:
            raise UserError(f"{name} are of {length} characters and the text has {N}: cut both alike")
    for (l, quantity), (q_NU, scale_U, *others) in data.activations.items():
        U = q_NU.shape[1]
        if q_NU.dtype != np.int8 or any(len(each) != U for each in (scale_U, *others) if each is not None):
            raise UserError(
                f"layer {l + 1}, {quantity}: {U} units of int8 need as many scales and indices: see quantised()"
            )
    for name, labels in data.labels.items():
        values_N = np.asarray(labels.values_N)
        most = {"binary": 1, "categorical": len(labels.classes) - 1}.get(labels.kind)
        if most is not None and (values_N.min() < 0 or values_N.max() > most):
            raise UserError(f"labels of {name} are {labels.kind} and must be from 0 to {most}")


def _activations(activations: Activations) -> tuple[dict[str, Any], str]:
    level_NU, signed = levels(activations.q_NU)
    units = None if activations.units_U is None else [int(u) for u in activations.units_U]
    scale = [float(f"{s:.4g}") for s in activations.scale_U]
    # Seven figures: what counts in a value is its deviation, which may be a thousandth of the centre.
    centre = None if activations.centre_U is None else [float(f"{c:.7g}") for c in activations.centre_U]
    return {"units": units, "scale": scale, "centre": centre, "signed": signed}, packed(nibbles(level_NU, signed))


def _page(title: str, meta: dict[str, Any], blocks: dict[str, str]) -> str:
    parts = {
        "TITLE": escape(title),
        "STYLE": _file("explorer.css"),
        "META": json.dumps(_finite(meta), default=_plain).replace("<", "\\u003c"),
        "BLOCKS": "\n".join(
            f'<script type="text/plain" id="{escape(key)}">{block}</script>' for key, block in blocks.items()
        ),
        "SCRIPTS": "\n".join(f"<script>\n{_file(name)}</script>" for name in SCRIPTS),
    }
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda found: parts[found[1]], _file("explorer.html"))


def _file(name: str) -> str:
    return resources.files("rnn_research.report.explorer").joinpath(name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    return _finite(value.tolist()) if hasattr(value, "tolist") else str(value)


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: None stands for both."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
