"""The user's own concepts: named regular expressions, and files with a label for every character."""

import re
from pathlib import Path

import numpy as np

from rnn_research.concepts.concept import Concept, binary, categorical, count
from rnn_research.concepts.spans import covered, matches
from rnn_research.errors import UserError, counted


def by_pattern(text: str, name: str, pattern: str, flag: str = "--pattern") -> Concept:
    """Labels all matches of a regular expression, or of its group ``(?P<label>...)`` if it has one.

    Raises:
      UserError: if it is no regular expression, with the place of the fault.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(f"{flag}={name}={pattern!r} is no regular expression ({error}): correct it") from error
    group = "label" if "label" in compiled.groupindex else 0
    return binary(name, covered(len(text), matches(compiled, text, group)), f"Matches of {pattern}")


def from_file(path: str, N: int, name: str = "", flag: str = "--labels") -> Concept:
    """Reads one label for each of ``N`` characters.

    Args:
      path: ``.npy``, integers or booleans ``[N]``: binary if there are only 0 and 1, else
        counts. Any other file is UTF-8 text with one symbol a character: binary if there
        are only ``0`` and ``1``, else categorical with the symbols in order as classes. One
        line break at its end is passed over if it is one too many.
      N: how many characters the text has.
      name: of the concept; by default the file's name without its suffix.
      flag: by which the user named the file.

    Raises:
      UserError: if it cannot be read, holds something else, or has another length.
    """
    file = Path(path).expanduser()
    name = name or file.stem
    description = f"Labels from {file.name}"
    try:
        labels = np.load(file, allow_pickle=False) if file.suffix == ".npy" else _symbols(file, N)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{flag}={path} cannot be read ({error}): name a .npy file or a text in UTF-8") from error
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "biuU":
        raise UserError(f"{flag}={path} must hold one row of integers: save np.asarray(labels, int) of shape [{N}]")
    if len(labels) != N:
        raise UserError(
            f"{flag}={path} has {counted(len(labels), 'label')} for {counted(N, 'character')}: "
            "give exactly one a character"
        )
    if labels.dtype.kind == "U":
        symbols, index = np.unique(labels, return_inverse=True)
        if set(symbols) <= {"0", "1"}:
            return binary(name, labels == "1", description)
        return categorical(name, index, tuple(str(symbol) for symbol in symbols), description)
    if N and (labels.min() < 0 or labels.max() > np.iinfo(np.int32).max):
        raise UserError(f"{flag}={path} holds {labels.min()} to {labels.max()}: labels are from 0 to {2**31 - 1}")
    return binary(name, labels, description) if not N or labels.max() <= 1 else count(name, labels, description)


def _symbols(file: Path, N: int) -> np.ndarray:
    # Bytes, not text mode: that would turn a carriage return and a line feed into one symbol.
    text = file.read_bytes().decode()
    if len(text) == N + 1:
        text = text.removesuffix("\n")
    return np.array(list(text), dtype="U1")
