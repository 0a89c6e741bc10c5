"""What may have become of a file: cut off, replaced, nested without end, of another type, in the way."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def _written(content: bytes) -> Callable[[Path], None]:
    return lambda path: _with(path, content)


def _with(path: Path, content: bytes) -> None:
    """Another file of that name: the one before may be a hard link to what other cases share."""
    remove(path)
    path.write_bytes(content)


def remove(path: Path) -> None:
    """Whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def _replaced(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        remove(path)
        make(path)

    return damage


def _half(path: Path) -> None:
    content = path.read_bytes() if path.is_file() else b""
    _with(path, content[: len(content) // 2])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "folder": _replaced(Path.mkdir),
    "pipe": _replaced(os.mkfifo),
    "device": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "looped": _replaced(lambda path: path.symlink_to(path)),
    "dangling": _replaced(lambda path: path.symlink_to(path.with_name("nowhere"))),
    "empty": _written(b""),
    "blank": _written(b" \n"),
    "half": _half,
    "binary": _written(b"\xff\xfe\0\x80"),
    "zeros": _written(b"\0" * 100),
    "text": _written(b"hello\n"),
    "deep list": _written(b"[" * 100_000),
    "deep object": _written(b'{"a":' * 100_000),
    "long number": _written(b"1" * 10_000),
    "null": _written(b"null"),
    "number": _written(b"3"),
    "not a number": _written(b"NaN"),
    "list": _written(b'["a"]'),
    "empty object": _written(b"{}"),
    "strange object": _written(b'{"a": {"b": [1, null]}}'),
}
"""Each replaces what has that path, or makes it."""
BRIEF = {name: DAMAGES[name] for name in ("folder", "looped", "half", "binary", "deep list", "null", "empty object")}
"""One of each kind: for commands that read what another is tried with in full."""


def copied(source: Path, target: Path) -> Path:
    """A folder of hard links: only what is damaged is new."""
    return Path(shutil.copytree(source, target, copy_function=os.link))
