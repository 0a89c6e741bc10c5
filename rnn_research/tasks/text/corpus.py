"""Text from where the user keeps it: the embedded corpus, files, gzip, folders.

The embedded corpus is the source of the running interpreter's own standard
library, its top-level ``.py`` files in order of name: about 4.7 million real
characters on every machine that has Python.
"""

import gzip
import hashlib
import sysconfig
import zlib
from pathlib import Path
from typing import NamedTuple

from rnn_research.errors import UserError

FLAG = "--config.task.path"


class Corpus(NamedTuple):
    """Documents in order.

    Attributes:
      names: one a document.
      documents: their bytes.
    """

    names: tuple[str, ...]
    documents: tuple[bytes, ...]

    @property
    def sha256(self) -> str:
        """Of all bytes in order."""
        digest = hashlib.sha256()
        for document in self.documents:
            digest.update(document)
        return digest.hexdigest()


def embedded() -> Corpus:
    """The standard library's top-level modules."""
    folder = Path(sysconfig.get_path("stdlib"))
    return _of_files(sorted(folder.glob("*.py")))


def inline(text: str) -> Corpus:
    """The text itself, as one document."""
    try:
        return Corpus(("inline",), (text.encode(),))
    except UnicodeEncodeError as error:
        raise UserError(
            f"--config.task.text={text!r} is not UTF-8: put it in a file and name it with {FLAG}"
        ) from error


def read(paths: str, pattern: str = "**/*", flag: str = FLAG) -> Corpus:
    """Reads files and folders.

    Args:
      paths: one path, or several with commas between; ``.gz`` files are unpacked.
      pattern: which files of a folder count, as a glob.
      flag: by which the user named them.

    Raises:
      UserError: for a path that is missing, unreadable or damaged, a pattern that
        matches nothing, or text that is empty.
    """
    files: list[Path] = []
    for name in paths.split(","):
        if not name.strip():
            raise UserError(f"{flag}={paths!r} has an empty path between its commas: leave out a comma")
        try:
            path = Path(name.strip()).expanduser()
            path.exists()
        except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, the home of nobody
            raise UserError(f"{flag}={name!r} cannot be a path ({error}): name a file or a folder") from error
        if path.is_dir():
            try:
                found = sorted(p for p in path.glob(pattern) if p.is_file())
            except (ValueError, NotImplementedError) as error:
                raise UserError(
                    f"--config.task.glob={pattern!r} is no pattern ({error}): use one like **/*.py"
                ) from error
            if not found:
                raise UserError(f"{flag}={path}: no file in this folder matches --config.task.glob={pattern!r}")
            files += found
        elif path.exists():
            files.append(path)
        else:
            raise UserError(f"{flag}={path}: no such file or folder: name one that exists")
    corpus = _of_files(files, flag)
    if not any(corpus.documents):
        raise UserError(f"{flag}={paths}: the text is empty: name a file that holds some")
    return corpus


def _of_files(files: list[Path], flag: str = FLAG) -> Corpus:
    return Corpus(tuple(str(f) for f in files), tuple(_bytes_of(f, flag) for f in files))


def _bytes_of(path: Path, flag: str) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{flag}={path}: cannot be read ({error})") from error
