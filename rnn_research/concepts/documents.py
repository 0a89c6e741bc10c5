"""Labels of a text in several documents: each is read by itself, so that nothing open crosses into the next."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rnn_research.concepts.concept import Concept, decode, over_bytes
from rnn_research.concepts.kinds import READS, kind_of
from rnn_research.concepts.labelling import labels


def labels_of_documents(
    documents: Sequence[tuple[str, bytes]],
    names: Iterable[str],
    *,
    level: str = "bytes",
    language: str = "",
    patterns: Mapping[str, str] | None = None,
) -> list[Concept]:
    """As ``labels``, over all documents in a row.

    A group of one language (``kinds.READS``) holds nowhere in a document that is of another.

    Args:
      documents: names and contents.
      names, language, patterns: of ``labels``.
      level: "bytes" gives every byte the label of its character, "codepoints" one label a character.

    Raises:
      UserError: as ``labels``.
    """
    names = list(names)
    pieces: list[list[Concept]] = []
    for name, content in documents:
        text = decode(content)
        found = labels(text, names, language=language, patterns=patterns)
        kind = kind_of(name, text).group
        found = [concept if _can_hold(concept, kind) else _nowhere(concept) for concept in found]
        pieces.append([over_bytes(concept, text) for concept in found] if level == "bytes" else found)
    return [
        parts[0]._replace(labels_N=np.concatenate([part.labels_N for part in parts]))
        for parts in zip(*pieces, strict=True)
    ]


def parted(concepts: Iterable[Concept]) -> tuple[list[Concept], list[str]]:
    """Those that the text contains, and the names of those whose label is everywhere the same."""
    held, absent = [], []
    for concept in concepts:
        if len(concept.labels_N) and concept.labels_N.min() < concept.labels_N.max():
            held.append(concept)
        else:
            absent.append(concept.name)
    return held, absent


def _can_hold(concept: Concept, kind: str) -> bool:
    group, dot, _ = concept.name.partition(".")
    return not dot or kind in READS.get(group, (kind,))


def _nowhere(concept: Concept) -> Concept:
    return concept._replace(labels_N=np.zeros_like(concept.labels_N))
