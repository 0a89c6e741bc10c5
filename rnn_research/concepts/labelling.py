"""The registry of concepts, and the labels of a text by their names."""

from collections.abc import Callable, Iterable, Mapping

from rnn_research.concepts.concept import Concept, decode, over_bytes
from rnn_research.concepts.custom import by_pattern
from rnn_research.concepts.latex import latex
from rnn_research.concepts.markdown import markdown
from rnn_research.concepts.prose import prose
from rnn_research.concepts.python import python
from rnn_research.concepts.source_code import source_code
from rnn_research.concepts.xml import xml
from rnn_research.errors import UserError, one_of

GROUPS: dict[str, Callable[..., list[Concept]]] = {
    "python": python,
    "code": source_code,
    "prose": prose,
    "latex": latex,
    "markdown": markdown,
    "xml": xml,
}
"""What labels a text with all concepts of a group at once; ``code`` takes the language too."""

CONCEPTS: dict[str, str] = {
    f"{group}.{concept.name}": concept.description
    for group, label in GROUPS.items()
    for concept in (label("", "text") if group == "code" else label(""))
}
"""Every concept by its full name, with its description."""


def labels(
    text: str, names: Iterable[str], *, language: str = "", patterns: Mapping[str, str] | None = None
) -> list[Concept]:
    """The labels of a text.

    Args:
      text: the text.
      names: full names as in ``CONCEPTS``, or groups, which stand for all that is in them.
      language: which language ``code`` is in, as Pygments calls it.
      patterns: regular expressions by name, for concepts beside the named ones.

    Returns:
      One concept a name in the order asked for, each under its full name, then the patterns.

    Raises:
      UserError: for an unknown name or language, a name that comes twice, or a bad pattern.
    """
    wanted: list[str] = []
    for name in names:
        if name in GROUPS:
            wanted += [full for full in CONCEPTS if full.startswith(f"{name}.")]
        elif name.split(".")[0] == "markup":
            raise UserError(f"--concepts={name!r} is an older version's: {_renamed(name)}")
        else:
            wanted.append(one_of("--concepts", name, [*GROUPS, *CONCEPTS]))
    patterns = patterns or {}
    twice = [name for i, name in enumerate([*wanted, *patterns]) if name in wanted[:i]]
    if twice:
        raise UserError(f"--concepts={twice[0]!r} comes twice: name each concept once, a group or what is in it")
    found: dict[str, Concept] = {}
    for group in dict.fromkeys(name.split(".")[0] for name in wanted):
        if group == "code" and not language:
            raise UserError("--language is not given: concepts of code need one, say --language=c")
        of_group = source_code(text, language) if group == "code" else GROUPS[group](text)
        found |= {f"{group}.{concept.name}": concept._replace(name=f"{group}.{concept.name}") for concept in of_group}
    return [found[name] for name in wanted] + [by_pattern(text, name, regex) for name, regex in patterns.items()]


def labels_of_bytes(
    text: bytes, names: Iterable[str], *, language: str = "", patterns: Mapping[str, str] | None = None
) -> list[Concept]:
    """As ``labels``, with a label for every byte: that of the character it belongs to.

    Bytes that are not UTF-8 are characters of their own, so that any file can be read.
    """
    decoded = decode(text)
    found = labels(decoded, names, language=language, patterns=patterns)
    return [over_bytes(concept, decoded) for concept in found]


def _renamed(name: str) -> str:
    """What an older version's ``markup`` and what was in it are called now."""
    group, _, rest = name.removeprefix("markup").removeprefix(".").partition("_")
    now = f"{group}.{rest}" if rest else f"prose.{group}"
    return f"name {now}" if now in CONCEPTS else "markup is three groups now, name latex, markdown or xml"
