"""Concepts of Markdown by pattern (CommonMark's common forms: no indented code, no references, no nesting).

Code comes first: nothing within it is emphasis, link or heading.
"""

import re

from rnn_research.concepts.concept import Concept, binary
from rnn_research.concepts.spans import covered, matches, until_last

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})[^\n`]*\n(?:.*?^ {0,3}(?P=mark)[`~]*[ \t]*\r?$|.*\Z)", re.M | re.S)
_CODE = re.compile(r"(?<![`\\])(?P<mark>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=mark)(?!`)", re.S)
_HEADING = re.compile(r"^ {0,3}(?P<label>#{1,6}(?:[ \t][^\r\n]*)?)\r?$", re.M)
_EMPHASIS = re.compile(
    r"(?<![\\*])(?P<star>\*{1,3})(?![\s*])(?:[^*\n]|\n(?![ \t]*\n))+(?<![\s\\])(?P=star)(?!\*)"
    r"|(?<![\\\w])(?P<line>_{1,3})(?![\s_])(?:[^_\n]|(?<=\w)_(?=\w)|\n(?![ \t]*\n))+(?<![\s\\])(?P=line)(?!\w)"
)
_LINK = re.compile(r"(?<!\\)\[(?P<text>(?:[^\[\]\n\\]|\\.)*)\]\((?P<url>(?:[^()\n\\]|\\.|\([^()\n]*\))*)\)")


def markdown(text: str) -> list[Concept]:
    """All concepts of Markdown."""
    N = len(text)
    fences = matches(_FENCE, text)
    rest = _hidden(text, fences)
    spans = matches(_CODE, rest)
    rest = _hidden(rest, spans)
    links = list(_LINK.finditer(rest))
    shown = _hidden(rest, [m.span("url") for m in links])
    emphasis = matches(_EMPHASIS, shown)
    of_links = [(m.start("url") - 1, m.end("url")) for m in links]
    return [
        binary("fence", covered(N, until_last(fences)), "From a code fence's first mark to before its last."),
        binary("code", covered(N, until_last(spans)), "A code span, from its first mark to before its last."),
        binary("heading", covered(N, matches(_HEADING, rest, "label")), "A heading's line from its # on."),
        binary("emphasis", covered(N, until_last(emphasis)), "In * or _, all but the last mark."),
        binary("link_text", covered(N, [(m.start(), m.end("text")) for m in links]), "From [ to before ]( ."),
        binary("link_url", covered(N, of_links), "From ( to before its )."),
    ]


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with the spans overwritten, line breaks kept, so that no pattern finds anything there."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], re.sub(r"[^\n]", "\0", text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])
