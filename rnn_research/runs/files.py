"""The one reader of what a run, a sweep or a study has written: whatever is wrong with a file is one line that names it.

Missing, a folder or a pipe in its place, a link that leads to itself, unreadable, not UTF-8, not JSON, nested
without end, or another value than is expected there: each is a ``UserError``, whoever reads.
"""

import errno
import fnmatch
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnn_research.errors import UserError

ANYTHING = object
NUMBER = (int, float)
REMEDY = "restore it, or choose another directory"

Shape = Any
"""What a value must be: a type; several of them; ``[shape]``, a list of such; or ``{key: shape}``, an object that
has these keys (``key?``: may have it; ``prefix_*``: every key of that kind). Other keys may hold anything."""


def there(path: Path) -> bool:
    """Whether something has that name, be it a link that leads nowhere or to itself."""
    return os.path.lexists(path)


def folder_fault(path: Path) -> str:
    """What is wrong with something that stands where a folder should, or the empty string; nothing there is no fault."""
    return f"{path} is no folder: {REMEDY}" if there(path) and not path.is_dir() else ""


def read_bytes(path: Path) -> bytes:
    """What a file holds.

    Raises:
      UserError: if it is missing, no file, or cannot be read.
    """
    try:
        # A pipe would be waited for, and a device may have no end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            kind = "a folder" if os.path.isdir(path) else "no ordinary file"
            raise UserError(f"{path} is {kind}, a file is wanted there: {REMEDY}")
        return path.read_bytes()
    except FileNotFoundError as error:
        if there(path):
            raise UserError(f"{path} is a link that leads nowhere: {REMEDY}") from error
        raise UserError(f"{path} is missing: this run directory is not complete") from error
    except OSError as error:
        reason = "a link that leads to itself" if error.errno == errno.ELOOP else error.strerror or error
        raise UserError(f"{path} cannot be read ({reason}): {REMEDY}") from error
    except ValueError as error:  # a zero byte in its name
        raise UserError(f"{str(path)!r} cannot be a file ({error})") from error


def read_text(path: Path) -> str:
    """The text in a file.

    Raises:
      UserError: as ``read_bytes``, or if it is not UTF-8.
    """
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged, it is not UTF-8 ({_reason(error)}): {REMEDY}") from error


def read_json(path: Path, shape: Shape = ANYTHING) -> Any:
    """The value in a JSON file.

    Args:
      path: the file.
      shape: what the value must be.

    Raises:
      UserError: as ``read_bytes``, if it is not JSON, or is of another shape.
    """
    raw = read_bytes(path)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path} is damaged ({_reason(error)}): {REMEDY}") from error
    if wrong := misfit(value, shape):
        raise UserError(f"{path} is damaged, {wrong}: {REMEDY}")
    return value


def read_records(path: Path) -> tuple[list[dict[str, Any]], str]:
    """The whole records of a metrics.jsonl, and what is damaged before its last line.

    A torn last line is what a killed process leaves, and no damage; a file that is
    not there has no records.
    """
    if not there(path):
        return [], ""
    try:
        lines = [line for line in read_bytes(path).splitlines() if line.strip()]
    except UserError as error:
        return [], str(error)
    try:
        records = json.loads(b"[" + b",".join(lines) + b"]")  # all at once: twice as fast as one by one
        whole = len(records) == len(lines)
    except (ValueError, RecursionError, MemoryError):
        whole = False
    if whole and all(map(_is_record, records)):
        return records, ""
    records = list(_until_damage(lines))
    damaged = len(records) < len(lines) - 1
    return records, f"{path} is damaged from line {len(records) + 1} of {len(lines)} on: {REMEDY}" if damaged else ""


def misfit(value: Any, shape: Shape, name: str = "") -> str:
    """How a value differs from a shape, in words, or the empty string."""
    subject = f"{name} is" if name else "it holds"
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{subject} {_kind(value)}, not an object"
        return next(filter(None, _misfits(value, shape, f"{name}." if name else "")), "")
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{subject} {_kind(value)}, not a list"
        return next(filter(None, (misfit(v, shape[0], f"{name}[{i}]") for i, v in enumerate(value))), "")
    types = shape if isinstance(shape, tuple) else (shape,)
    fits = isinstance(value, types) and (bool in types or object in types or not isinstance(value, bool))
    return "" if fits else f"{subject} {_kind(value)}, not {' or '.join(_name(t) for t in types)}"


def _misfits(value: dict[str, Any], shape: dict[str, Shape], prefix: str) -> Iterator[str]:
    for key, wanted in shape.items():
        if "*" in key:
            for other in fnmatch.filter(value, key):
                yield misfit(value[other], wanted, prefix + other)
        elif key.rstrip("?") in value:
            yield misfit(value[key.rstrip("?")], wanted, prefix + key.rstrip("?"))
        elif not key.endswith("?"):
            yield f"{prefix}{key} is missing"


def _kind(value: Any) -> str:
    return _name(type(value))


def _name(kind: type) -> str:
    names = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number"}
    return {**names, bool: "true or false", type(None): "null"}.get(kind, kind.__name__)


def _reason(error: BaseException) -> str:
    """The first line, which may quote the damage itself and must not be long."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def _until_damage(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError, MemoryError):
            return
        if not _is_record(record):
            return
        yield record


def _is_record(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("step"), int):
        return False
    return isinstance(record.get("kind"), str) and all(
        isinstance(value, int | float) for name, value in record.items() if name != "kind"
    )
