"""The stretch of text that a cell study shows, as it lies in the study's directory: all that its pages need beside results.json.

arrays/shown.npz    text, ``p_NV``, ``layer1.h`` and its like, ``label.NAME``
arrays/shown.json   the symbols of the vocabulary, what kind each label is, and what the explorer says of itself
"""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory, write_json, written_whole
from rnn_research.runs.files import REMEDY, read_bytes, read_json, there

FACTS = {"symbols": [str], "labels": {"*": {"kind": str, "classes": [str]}}, "facts": {"network": str}}
LARGEST = float(np.finfo(np.float16).max)


class Labels(NamedTuple):
    """One concept's label of each character.

    Attributes:
      kind: ``binary``, ``count`` or ``categorical``.
      values_N: 0 or 1, a number, or an index into ``classes``.
      classes: the names of a categorical concept's values.
    """

    kind: str
    values_N: np.ndarray
    classes: Sequence[str] = ()


class Shown(NamedTuple):
    """A part of the text with everything that the network held while it read it.

    Attributes:
      text: N characters, one for each symbol; a byte that is no character is a lone surrogate (PEP 383).
      activations: by layer, counted from 0, and quantity, ``[N, H]``.
      p_NV: the network's distribution over the next symbol.
      labels: by the concept's name.
      symbols: of the vocabulary, one character each, V of them.
      facts: what the explorer says of itself; ``network`` at the least.
    """

    text: str
    activations: Mapping[tuple[int, str], np.ndarray]
    p_NV: np.ndarray
    labels: Mapping[str, Labels]
    symbols: Sequence[str]
    facts: Mapping[str, Any]


def arrays_file(directory: RunDirectory) -> Path:
    """Where the arrays lie."""
    return directory.path / "arrays" / "shown.npz"


def facts_file(directory: RunDirectory) -> Path:
    """Where the rest lies."""
    return directory.path / "arrays" / "shown.json"


def write(directory: RunDirectory, shown: Shown) -> None:
    """Writes both files; activations and probabilities as ``float16``."""
    # Beyond the largest there is infinity, of which no page can make a colour.
    half = lambda a: np.clip(a, -LARGEST, LARGEST).astype(np.float16)  # noqa: E731
    arrays: dict[str, Any] = {f"layer{layer + 1}.{name}": half(a_NH) for (layer, name), a_NH in shown.activations.items()}
    labels: dict[str, Any] = {f"label.{name}": np.asarray(of.values_N) for name, of in shown.labels.items()}
    text = np.frombuffer(shown.text.encode("utf-8", "surrogatepass"), np.uint8)
    with written_whole(arrays_file(directory)) as part:
        np.savez_compressed(part, text=text, p_NV=half(shown.p_NV), **arrays, **labels)
    kinds = {name: {"kind": of.kind, "classes": list(of.classes)} for name, of in shown.labels.items()}
    write_json(
        facts_file(directory), {"symbols": list(shown.symbols), "labels": kinds, "facts": dict(shown.facts)}
    )


def read(directory: RunDirectory) -> Shown:
    """What ``write`` has left.

    Raises:
      UserError: if a file is missing, with the command that makes it, or damaged.
    """
    for path in (arrays_file(directory), facts_file(directory)):
        if not there(path):
            command = read_json(directory.provenance, {"command": str})["command"]
            raise UserError(f"{path} is missing, and the pages are made from it: {command} makes it")
    said = read_json(facts_file(directory), FACTS)
    path = arrays_file(directory)
    raw = read_bytes(path)
    try:
        with np.load(io.BytesIO(raw)) as found:
            arrays = {name: found[name] for name in found.files}
        text = arrays.pop("text").tobytes().decode("utf-8", "surrogatepass")
        return Shown(
            text=text,
            activations={_place(name): a for name, a in arrays.items() if name.startswith("layer")},
            p_NV=arrays["p_NV"],
            labels={
                name: Labels(of["kind"], arrays[f"label.{name}"], tuple(of["classes"]))
                for name, of in said["labels"].items()
            },
            symbols=said["symbols"],
            facts=said["facts"],
        )
    except (OSError, EOFError, KeyError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged ({' '.join(str(error).split())[:160]}): {REMEDY}") from error


def _place(name: str) -> tuple[int, str]:
    """``(0, "h")`` of ``layer1.h``."""
    layer, _, quantity = name.partition(".")
    return int(layer.removeprefix("layer")) - 1, quantity
