"""What kind of text a document is, by its name's ending or else by its content, and which concepts suit it."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from pygments.lexers import find_lexer_class_for_filename

ENOUGH = 0.05
"""The share of lines that must show a kind's marks."""
LOOKED_AT = 200_000
"""Characters of a document by which its kind is told."""

SUITED = {
    "python": ("python", "prose.line_position"),
    "code": ("code", "prose.line_position"),
    "prose": ("prose",),
    "latex": ("latex", "prose"),
    "markdown": ("markdown", "prose"),
    "xml": ("xml", "prose.line_position"),
}
"""By a text's kind, the groups and concepts that are asked for where none are named."""
READS = {
    "python": ("python", "prose"),
    "latex": ("latex", "markdown", "prose"),
    "markdown": ("markdown", "prose"),
    "xml": ("xml", "markdown", "prose"),
}
"""By a group, the kinds of text that can hold it: * and _ are no emphasis in LaTeX. Groups that are not here: all."""

_BY_LEXER = {
    "python": "python",
    "tex": "latex",
    "markdown": "markdown",
    "xml": "xml",
    "html": "xml",
    "xslt": "xml",
    "rst": "prose",
    "restructuredtext": "prose",
}
_TELL_NOTHING = frozenset({"text", "output"})
_MARKS = {
    "python": re.compile(
        r"^[ \t]*(?:def \w+\(|class \w+[(:]|import \w|from [\w.]+ import |return\b|self\.|@\w|"
        r"(?:if|elif|for|while|with|try|except|else)\b[^\n]*:[ \t]*$)",
        re.MULTILINE,
    ),
    "latex": re.compile(
        r"\\(?:documentclass|usepackage|begin|end|(?:sub)*section|chapter|item|label|ref|cite|emph|textbf|textit)\b"
    ),
    "xml": re.compile(r"</[A-Za-z][\w:.-]*>|<[A-Za-z][\w:.-]*(?:\s[^<>]*)?/>"),
    "markdown": re.compile(r"^#{1,6} [^\n]+\n(?:[ \t]*\n|\Z)|^(?:```|~~~)|\[[^\]\n]+\]\([^)\s]+\)", re.MULTILINE),
}
_XML_BEGINS = re.compile(r"\s*<(?:\?xml|!doctype|html)\b", re.IGNORECASE)
_SHOWN_AS = {
    "python": "Python",
    "prose": "prose",
    "latex": "LaTeX",
    "markdown": "Markdown",
    "xml": "XML",
}


class Kind(NamedTuple):
    """What a document is.

    Attributes:
      group: of ``SUITED``; prose is what nothing else tells of.
      language: as Pygments calls it, where the name tells.
      ending: of the name, if that told.
    """

    group: str
    language: str = ""
    ending: str = ""


class Choice(NamedTuple):
    """The concepts for a text whose user named none.

    Attributes:
      names: groups and concepts.
      language: of ``code``.
      why: in a few words.
    """

    names: tuple[str, ...]
    language: str
    why: str


def kind_of(name: str, text: str) -> Kind:
    """The kind of a document.

    Args:
      name: of its file; an ending of packed files (.gz) is passed over.
      text: its characters.
    """
    path = PurePath(name.lower())
    found = _by_name(path.stem if path.suffix in (".gz", ".bz2", ".xz") else path.name)
    return found or Kind(_by_content(text[:LOOKED_AT].removeprefix("\ufeff")))


def choose(documents: Sequence[tuple[str, str]]) -> Choice:
    """The concepts that suit most of the text.

    Args:
      documents: names and texts.
    """
    kinds = [kind_of(*document) for document in documents]
    sizes: Counter[tuple[str, str]] = Counter()
    for kind, (_, text) in zip(kinds, documents, strict=True):
        sizes[kind.group, kind.language if kind.group == "code" else ""] += len(text)
    (group, language), size = sizes.most_common(1)[0]
    of_it = [k for k in kinds if k.group == group and language in ("", k.language)]
    share = "" if size == sizes.total() else f" ({size / sizes.total():.0%} of the characters)"
    shown = language if group == "code" else _SHOWN_AS[group]
    endings = sorted({k.ending for k in of_it if k.ending})
    if endings:
        named = sum(bool(k.ending) for k in of_it)
        why = f"{named} of {len(kinds)} file names end in {' or '.join(endings[:3])}"
    elif group == "prose":
        why = "neither names nor content tell of code or markup"
    else:
        why = f"at least {ENOUGH:.0%} of the lines look like it"
    return Choice(SUITED[group], language, f"the text is {shown}{share}: {why}")


@cache
def _by_name(name: str) -> Kind | None:
    lexer = find_lexer_class_for_filename(name)
    aliases = [] if lexer is None else lexer.aliases
    if not aliases or _TELL_NOTHING & set(aliases):
        return None
    group = next((_BY_LEXER[alias] for alias in aliases if alias in _BY_LEXER), "code")
    return Kind(group, aliases[0], PurePath(name).suffix or name)


def _by_content(text: str) -> str:
    if _XML_BEGINS.match(text):
        return "xml"
    lines = max(1, sum(bool(line.strip()) for line in text.splitlines()))
    shares = {group: len(marks.findall(text)) / lines for group, marks in _MARKS.items()}
    group = max(shares, key=lambda group: shares[group])
    return group if shares[group] >= ENOUGH else "prose"
