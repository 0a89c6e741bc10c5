"""Text from where the user keeps it: the embedded corpus, files, gzip, folders.

The embedded corpus is the source of the running interpreter's own standard
library, its top-level ``.py`` files in order of name: about 4.7 million real
characters on every machine that has Python.
"""

import hashlib
import math
import sysconfig
from pathlib import Path
from typing import Any, NamedTuple

from rnn_research.errors import UserError
from rnn_research.quoting import listed
from rnn_research.tasks.text.encodings import MARK, WrongMark, without_mark
from rnn_research.tasks.text.folders import LeftOut, files_of
from rnn_research.tasks.text.text_files import Packed, TooLong, is_binary, read_file, unlike_its_name

FLAG = "task.path"
MOST_BYTES = 2**28
"""Of text, unpacked: more than enwik8, and less than a laptop's memory."""


class Corpus(NamedTuple):
    """Documents in order.

    Attributes:
      names: one a document.
      documents: their bytes.
      notes: what was left out of folders, or read in another encoding or not as its name says, a sentence each.
    """

    names: tuple[str, ...]
    documents: tuple[bytes, ...]
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of all bytes in order."""
        digest = hashlib.sha256()
        for document in self.documents:
            digest.update(document)
        return digest.hexdigest()


class Reading(NamedTuple):
    """How a user's text is read.

    Attributes:
      pattern: which files of a folder count, as a glob.
      all_files: hidden and binary files of a folder, too.
      keep_mark: byte order marks stay: every file is taken byte for byte.
      most: bytes of text in all, unpacked; 0 for any number.
      flag: by which the user named the text.
      most_flag: the flag that raises ``most``.
    """

    pattern: str = "**/*"
    all_files: bool = False
    keep_mark: bool = False
    most: int = MOST_BYTES
    flag: str = FLAG
    most_flag: str = "task.most_bytes"


def reading_of(task: Any) -> Reading:
    """As the task section of a config says."""
    return Reading(task.glob, task.all_files, task.keep_byte_order_mark, task.most_bytes)


def embedded() -> Corpus:
    """The standard library's top-level modules."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return Corpus(tuple(map(str, files)), tuple(read_file(path, FLAG) for path in files))


def inline(text: str, keep_mark: bool = False) -> Corpus:
    """The text itself, as one document.

    Args:
      text: as the config holds it.
      keep_mark: a byte order mark stays, as in ``Reading``.

    Raises:
      UserError: if it cannot be written as UTF-8, or is a mark alone.
    """
    try:
        content = (text if keep_mark else text.removeprefix(MARK)).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"task.text={text!r} is not UTF-8: put it in a file and name it with {FLAG}") from error
    if not content:
        raise UserError(f"task.text={text!r} is a byte order mark alone: give a text")
    return Corpus(("inline",), (content,))


def read(paths: str, reading: Reading = Reading()) -> Corpus:
    """Reads files and folders.

    A file by name is taken, or refused in words. Of a folder hidden files are left
    out (see ``files_of``), and binary ones (see ``is_binary``); ``notes`` names them.

    Args:
      paths: one path, or several with commas between, in double quotes where they hold one.
      reading: how.

    Raises:
      UserError: for a path that is missing, unreadable, damaged, a pipe or a device,
        a pattern that matches nothing, or text that is empty or too long.
    """
    names: list[str] = []
    documents: list[bytes] = []
    notes: list[str] = []
    room = reading.most or math.inf
    for path in _paths(paths, reading.flag):
        folder, before = path.is_dir(), len(names)
        left_out = LeftOut(path)
        files = files_of(path, reading.pattern, reading.all_files, left_out, reading.flag) if folder else [path]
        for file in files:
            try:
                document, encoding = _document(file, reading, room, folder)
            except TooLong as error:
                raise UserError(
                    f"{reading.flag}={file}: the text would have more than {reading.most:,} bytes: "
                    f"name less, or allow more with {reading.most_flag} (0: no limit)"
                ) from error
            except _Binary:
                left_out.add("binary", [file])
                continue
            if encoding:
                notes.append(f"{file} is read as {encoding}")
            if packer := unlike_its_name(file):
                notes.append(f"{file} is no {packer} by its content, whatever its name: it is read as it stands")
            names.append(str(file))
            documents.append(document)
            room -= len(document)
        if str(left_out):
            notes.append(f"left out of {path}: {left_out}")
        if folder and len(names) == before:
            text = f" and is text (left out: {left_out}; task.all_files=True takes them)" if str(left_out) else ""
            raise UserError(
                f"{reading.flag}={path}: no file in this folder matches task.glob={reading.pattern!r}{text}"
            )
    if not any(documents):
        raise UserError(f"{reading.flag}={paths}: the text is empty: name a file that holds some")
    return Corpus(tuple(names), tuple(documents), tuple(notes))


class _Binary(Exception):
    """A file of a folder is no text."""


def _document(path: Path, reading: Reading, room: float, of_folder: bool) -> tuple[bytes, str]:
    """The text of a file, and the encoding that its byte order mark told, if it is not UTF-8."""
    choosy = of_folder and not reading.all_files
    try:
        text, encoding = read_file(path, reading.flag, room), ""
        if not reading.keep_mark:
            source = f"{reading.flag}={path}"
            text, encoding = without_mark(text, source, "task.keep_byte_order_mark")
    except (Packed, WrongMark) as error:
        if choosy:
            raise _Binary from error
        raise
    if choosy and is_binary(text):
        raise _Binary
    return text, encoding


def _paths(given: str, flag: str) -> list[Path]:
    """Every path, which exists; a name that is there as it stands needs no quotes.

    Raises:
      UserError: for one that does not.
    """
    alone = _path(given.strip(), flag)
    if given.strip() and alone.exists():
        return [alone]
    found = []
    for name in listed(given):
        if not name:
            raise UserError(f"{flag}={given!r} has an empty path between its commas: leave out a comma")
        path = _path(name, flag)
        if not path.exists():
            loop = " (a link that leads nowhere)" if path.is_symlink() else ""
            comma = "; a name that holds a comma stands in double quotes" if "," in given else ""
            raise UserError(f"{flag}={path}: no such file or folder{loop}: name one that exists{comma}")
        found.append(path)
    return found


def _path(name: str, flag: str) -> Path:
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, the home of nobody
        raise UserError(f"{flag}={name!r} cannot be a path ({error}): name a file or a folder") from error
    return path
