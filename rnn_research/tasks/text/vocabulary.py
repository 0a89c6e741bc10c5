"""Text to symbols and back: bytes, Unicode code points, words, or tokens that blanks part already."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import SupportsInt

import numpy as np

from rnn_research.errors import UserError, counted, one_of
from rnn_research.tasks.text.words import UNKNOWN, Joiner, words_of

LEVELS = ("bytes", "codepoints", "words", "tokens")
OF_WORDS = ("words", "tokens")
"""Levels whose symbols are counted in the training text; what is rarer is ``<unk>``."""

RULE = {"words": "unicode", "tokens": "blanks"}
OUTSIDE = -1  # the symbol of what is not in the vocabulary: read as all zeros, never scored


@dataclass(frozen=True)
class Vocabulary:
    """An ordered set of symbols.

    Attributes:
      level: one of ``LEVELS``.
      symbols: byte values (as one-character Latin-1 strings), characters, or words.
      rule: by which words are told, one of ``words.RULES``; ``""`` at the levels that need none.
    """

    level: str
    symbols: tuple[str, ...]
    rule: str = ""

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: bytes, source: str = "the text") -> np.ndarray:
        """``int32 [S]``; ``OUTSIDE`` for what is not in the vocabulary and has no ``<unk>``."""
        pieces = split(text, self.level, source, self.rule)
        index = {symbol: i for i, symbol in enumerate(self.symbols)}
        if self.level == "bytes":
            table = np.full(256, OUTSIDE, np.int32)
            for symbol, i in index.items():
                table[ord(symbol)] = i
            return table[np.frombuffer(text, np.uint8)]
        outside = index.get(UNKNOWN, OUTSIDE) if self.level in OF_WORDS else OUTSIDE
        return np.fromiter((index.get(piece, outside) for piece in pieces), np.int32)

    def outside(self, tokens: np.ndarray) -> int:
        """How many of the symbols from ``encode`` were not in the vocabulary, ``<unk>`` included."""
        missing = tokens == OUTSIDE
        if self.level in OF_WORDS and UNKNOWN in self.symbols:
            missing |= tokens == self.symbols.index(UNKNOWN)
        return int(missing.sum())

    def sizes(self) -> np.ndarray | None:
        """Of how many bytes of text each symbol is, ``[V]``.

        None where a text is more than its symbols: words leave out the blanks
        between them, and ``<unk>`` has no spelling.
        """
        if self.level == "bytes":
            return np.ones(len(self), np.int64)
        return np.array([len(s.encode()) for s in self.symbols], np.int64) if self.level == "codepoints" else None

    def decode(self, symbols: Iterable[SupportsInt]) -> bytes:
        """The text of ``symbols`` as bytes; words are joined as ``Joiner`` says."""
        pieces = [self.symbols[int(i)] for i in symbols]
        if self.level == "bytes":
            return "".join(pieces).encode("latin-1")
        if self.level == "codepoints":
            return "".join(pieces).encode()
        return Joiner(self.rule or RULE[self.level]).join(pieces).encode()

    def decoder(self, after: str = "") -> Callable[[Iterable[SupportsInt]], bytes]:
        """Decodes a text that is made piece by piece, and goes on from ``after``."""
        if self.level not in OF_WORDS:
            return self.decode
        joiner = Joiner(self.rule or RULE[self.level]).after(after)
        return lambda symbols: joiner.join(self.symbols[int(i)] for i in symbols).encode()

    def to_json(self) -> dict[str, object]:
        """Ready for ``json.dumps``."""
        rule = {"rule": self.rule} if self.rule else {}
        return {"level": self.level, "symbols": list(self.symbols), **rule}

    @classmethod
    def from_json(cls, stored: dict) -> "Vocabulary":
        """The inverse of ``to_json``; words of runs from before there were rules are told as they were."""
        before = "letters" if stored["level"] == "words" else ""
        return cls(stored["level"], tuple(stored["symbols"]), stored.get("rule", before))

    def difference(self, other: "Vocabulary") -> str:
        """One sentence on how ``other`` differs, or the empty string."""
        if self == other:
            return ""
        if self.level != other.level:
            return f"level {other.level!r} instead of {self.level!r}"
        if self.rule != other.rule:
            return f"words told by {other.rule!r} instead of {self.rule!r}"
        lacking = [s for s in self.symbols if s not in set(other.symbols)]
        extra = [s for s in other.symbols if s not in set(self.symbols)]
        parts = [f"{counted(len(other), 'symbol')} instead of {len(self):,}"]
        if lacking:
            parts.append(f"without {_some(lacking)}")
        if extra:
            parts.append(f"with {_some(extra)} added")
        return ", ".join(parts)


def _some(symbols: list[str], most: int = 5) -> str:
    shown = ", ".join(repr(s) for s in symbols[:most])
    return shown + (f" and {len(symbols) - most} more" if len(symbols) > most else "")


def split(text: bytes, level: str, source: str = "the text", rule: str = "") -> str | list[str]:
    """The pieces of ``text`` at this level, in order; words by ``rule``, or as new runs tell them.

    Raises:
      UserError: if code points or words are asked for and the text is not UTF-8.
    """
    if level == "bytes":
        return text.decode("latin-1")
    decoded = readable(text, source)
    return decoded if level == "codepoints" else words_of(decoded, rule or RULE[level])


def readable(text: bytes, source: str = "the text") -> str:
    """The characters of a whole document.

    Raises:
      UserError: if it is not UTF-8 or holds a NUL, with the offset in bytes.
    """
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise UserError(
            f"{source} is not UTF-8: byte 0x{text[error.start]:02x} at offset {error.start}; "
            f"read it with task.level=bytes"
        ) from error
    if "\0" in decoded:
        raise UserError(f"{source} is binary: a NUL at offset {text.index(0)}; read it with task.level=bytes")
    return decoded


def build(documents: Iterable[tuple[str, bytes]], level: str, min_count: int = 1, rule: str = "") -> Vocabulary:
    """The vocabulary of some documents, in order of symbol (words: of falling count).

    Args:
      documents: pairs of a name and its bytes.
      level: one of ``LEVELS``.
      min_count: words rarer than this become ``<unk>``.
      rule: by which words are told; ``""`` for that of new runs.
    """
    one_of("task.level", level, LEVELS)
    rule = rule or RULE.get(level, "")
    counts: Counter[str] = Counter()
    for name, text in documents:
        counts.update(split(text, level, name, rule))
    if level not in OF_WORDS:
        return Vocabulary(level, tuple(sorted(counts)))
    common = sorted((w for w, n in counts.items() if n >= min_count and w != UNKNOWN), key=lambda w: (-counts[w], w))
    return Vocabulary(level, (UNKNOWN, *common), rule)
