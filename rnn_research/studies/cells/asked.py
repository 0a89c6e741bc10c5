"""What is asked of a text: its first symbols, and the concepts that it contains, with a label for every symbol."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rnn_research.concepts import Concept, choose, decode, from_file, labels_of_documents, parted
from rnn_research.errors import UserError
from rnn_research.tasks.text.vocabulary import readable

Documents = Sequence[tuple[str, bytes]]
"""Names and contents."""


class Asked(NamedTuple):
    """A text and its concepts.

    Attributes:
      text: what is read.
      concepts: those that it contains, with one label a symbol.
      absent: names of the others: not in this text.
      why: who chose them, in a few words.
    """

    text: bytes
    concepts: list[Concept]
    absent: list[str]
    why: str


class Wanted(NamedTuple):
    """What the user wants to be asked.

    Attributes:
      names: groups and concepts; None for those that suit the text.
      language: of ``code``.
      patterns: regular expressions by name.
      files: of labels, by name.
    """

    names: Sequence[str] | None = None
    language: str = ""
    patterns: Mapping[str, str] = {}
    files: Mapping[str, str] = {}


def ask(documents: Documents, level: str, most: int, wanted: Wanted) -> Asked:
    """Labels the first ``most`` symbols of some documents, each document by itself and as a whole.

    Args:
      documents: in order.
      level: of the vocabulary, "bytes" or "codepoints".
      most: symbols.
      wanted: which concepts.

    Raises:
      UserError: for an unknown concept, labels that do not fit, or a text that contains none of what is asked for.
    """
    read: list[tuple[str, bytes]] = []
    left = most
    for name, content in documents:
        if left <= 0:
            break
        read.append((name, content))
        left -= len(content) if level == "bytes" else len(readable(content, name))
    text = b"".join(content for _, content in read)
    text = text[:most] if level == "bytes" else text.decode()[:most].encode()
    N = len(text) if level == "bytes" else len(text.decode())
    names, language, why = wanted.names, wanted.language, "named by --concepts"
    if not names:
        suited = choose([(name, decode(content)) for name, content in read])
        names, language, why = suited.names, language or suited.language, suited.why
    if wanted.language and not any(name.partition(".")[0] == "code" for name in names):
        raise UserError(
            f"--language={wanted.language} is of the concepts of code, and none is among {', '.join(names)} ({why}): "
            "add --concepts=code, or leave it out"
        )
    found = labels_of_documents(read, names, level=level, language=language, patterns=wanted.patterns)
    found = [concept._replace(labels_N=concept.labels_N[:N]) for concept in found]
    concepts, absent = parted(
        [*found, *(from_file(path, N, name, f"--labels={name}") for name, path in wanted.files.items())]
    )
    if not concepts:
        raise UserError(
            f"--concepts: this text contains nothing of what is asked for ({', '.join(absent)}): "
            "name other concepts, or another --text"
        )
    return Asked(text, concepts, absent, why)
