"""Text as words and back: by Unicode's word boundaries, by blanks, or as older runs split it.

words    (Unicode, UAX 29) "The naïve don't pay 3.14!" is The, naïve, don't, pay, 3.14, !; combining
         marks stay with their letter in every script; blanks are left out, a line end is a word
tokens   text that is split already, blanks between: the form of the Penn Treebank and of WikiText.
         A line end is <eos>, and <unk> one token like others
letters  what older runs of words have: runs of letters, digits and underscores, and single marks

Blanks are put back by rule (``Joiner``): ordinary prose comes back as it was.
"""

import re
import unicodedata
from collections.abc import Iterable

import regex

UNKNOWN = "<unk>"
LINE_END = "<eos>"

RULES = ("unicode", "letters", "blanks")

_SEGMENT = regex.compile(r"(?wsV1).+?\b")
_LETTERS = re.compile(r"\w+|[^\w\s]|\n")
_TOKEN = re.compile(r"\n|[^\s]+")

NO_BLANK_BEFORE = frozenset(".,;:!?%)]}…»”’›।،؛؟、。，！？；：）」』】")  # noqa: RUF001
NO_BLANK_AFTER = frozenset("([{«“‘‹¿¡„‚$£€#@（「『【、。，！？；：")  # noqa: RUF001
JOINING = frozenset("-—/\\_‐‑")  # noqa: RUF001
QUOTES = frozenset("\"'")
# Written without blanks between words; the first word of their characters' names.
SCRIPTS_WITHOUT_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


def words_of(text: str, rule: str) -> list[str]:
    """The words of a text in order, by one of ``RULES``."""
    if rule == "letters":
        return _LETTERS.findall(text)
    if rule == "blanks":
        return [LINE_END if token == "\n" else token for token in _TOKEN.findall(text)]
    found = (segment if not segment.isspace() else "\n" * segment.count("\n") for segment in _SEGMENT.findall(text))
    return [word for word in found if word]


class Joiner:
    """Puts words together again, a piece of a text at a time.

    By Unicode's rule a blank stands between two words unless the first opens
    something or the second closes it, a hyphen or a dash joins them, or their script
    has none; straight quotes open and close in turn within a line.
    """

    def __init__(self, rule: str):
        """Begins a text."""
        self._rule = rule
        self._last = ""
        self._blank = False  # whether one is there already
        self._open: set[str] = set()

    def after(self, text: str) -> "Joiner":
        """Itself, going on from a text that is written already."""
        self.join(words_of(text, self._rule))
        self._blank = text[-1:].isspace()
        return self

    def join(self, words: Iterable[str]) -> str:
        """The next words as text."""
        text = []
        for word in words:
            if word == (LINE_END if self._rule == "blanks" else "\n"):
                text.append("\n")
                self._last = ""
                self._open.clear()
            else:
                if self._last and not self._blank and self._apart(word):
                    text.append(" ")
                text.append(word)
                if word in QUOTES:
                    self._open ^= {word}
                self._last = word
            self._blank = False
        return "".join(text)

    def _apart(self, word: str) -> bool:
        """Whether a blank stands between the last word and this one."""
        last = self._last
        if self._rule != "unicode":
            return True
        if last in NO_BLANK_AFTER or word in NO_BLANK_BEFORE or last in JOINING or word in JOINING:
            return False
        if last in QUOTES and last in self._open:  # it has just opened
            return False
        if word in QUOTES and word in self._open:  # it closes
            return False
        return not (_without_blanks(last[-1]) and _without_blanks(word[0]))


def _without_blanks(character: str) -> bool:
    return unicodedata.name(character, "").startswith(SCRIPTS_WITHOUT_BLANKS)
