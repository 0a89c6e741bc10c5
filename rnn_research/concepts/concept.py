"""A concept: a label for every position of a text, and its way from characters to bytes."""

from typing import NamedTuple

import numpy as np

KINDS = ("binary", "count", "categorical")


class Concept(NamedTuple):
    """What holds after each character of a text has been read.

    Attributes:
      name: unique within its group.
      kind: one of ``KINDS``.
      labels_N: one a position: ``bool`` (binary), ``int32`` (count) or ``int16``, an index into
        ``classes`` (categorical). Every position has one: where there is nothing to count, it is 0.
      classes: the names of a categorical concept's values, else empty.
      description: one line that says exactly what is labelled.
      ahead: the label speaks of characters that are still to come. Such a label is never looked for late: some
        symbols on it says what anybody has read.
    """

    name: str
    kind: str
    labels_N: np.ndarray
    classes: tuple[str, ...] = ()
    description: str = ""
    ahead: bool = False


def binary(name: str, labels_N: np.ndarray, description: str = "", ahead: bool = False) -> Concept:
    """A concept that holds or does not."""
    return Concept(name, "binary", np.asarray(labels_N, bool), (), description, ahead)


def count(name: str, labels_N: np.ndarray, description: str = "", ahead: bool = False) -> Concept:
    """A concept with a number."""
    return Concept(name, "count", np.asarray(labels_N, np.int32), (), description, ahead)


def categorical(name: str, labels_N: np.ndarray, classes: tuple[str, ...], description: str = "") -> Concept:
    """A concept with one of several values."""
    return Concept(name, "categorical", np.asarray(labels_N, np.int16), classes, description)


def decode(text: bytes) -> str:
    """The characters of any bytes: a byte that is not UTF-8 becomes one lone surrogate (PEP 383)."""
    return text.decode("utf-8", "surrogateescape")


def codes(text: str) -> np.ndarray:
    """The code point of every character, ``uint32 [N]``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def byte_lengths(text: str) -> np.ndarray:
    """How many bytes ``decode`` made each character of, ``int64 [N]``."""
    code_N = codes(text)
    escaped_N = (code_N >= 0xDC80) & (code_N <= 0xDCFF)
    lengths_N = 1 + sum((code_N >= least).astype(np.int64) for least in (0x80, 0x800, 0x10000))
    return np.where(escaped_N, 1, lengths_N)


def over_bytes(concept: Concept, text: str) -> Concept:
    """The concept with a label for every byte of ``text``: that of the byte's character."""
    return concept._replace(labels_N=np.repeat(concept.labels_N, byte_lengths(text)))
