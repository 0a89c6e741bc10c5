r"""Concepts of LaTeX by pattern: mathematics, braces, environments, commands, comments, verbatim text, quotes.

Inside is what has been opened: from the first ``$``, or from the ``}`` of a ``\begin``, to before the last
character of what closes it. In verbatim text (``\verb``, listings, addresses) and after a ``%`` nothing else is
read; ``\%`` and ``\$`` are commands. What is never closed, mathematics in its own paragraph, was never opened; but
a quote goes on to the end of its paragraph.
"""

import re

from rnn_research.concepts.concept import Concept, binary
from rnn_research.concepts.latex_structure import Environments, Mathematics, Quotes
from rnn_research.concepts.spans import covered, until_last

_LISTINGS = frozenset(
    {
        *("verbatim", "Verbatim", "BVerbatim", "LVerbatim", "spverbatim", "filecontents"),
        *("lstlisting", "minted", "comment"),
    }
)
_BRACED = r"\{(?:[^{}\n]|\{[^{}\n]*\})*\}"
_OPTIONS = r"(?![A-Za-z])(?:\[[^\]\n]*\])?"
_PIECE = re.compile(
    rf"""
      (?P<comment>     %[^\n]* )
    | (?P<verb>        \\verb(?![A-Za-z])\*?(?P<a>(?P<mark>[^\sA-Za-z*])[^\n]*?(?P=mark)) )
    | (?P<code>        \\lstinline{_OPTIONS}(?P<b>{_BRACED}|(?P<fence>[^\sA-Za-z\\{{\[])[^\n]*?(?P=fence)) )
    | (?P<minted>      \\mintinline{_OPTIONS}{_BRACED}(?P<c>{_BRACED}|(?P<edge>[^\sA-Za-z\\{{])[^\n]*?(?P=edge)) )
    | (?P<address>     \\(?:url|path|nolinkurl|href)(?![A-Za-z])[ ]*(?P<d>{_BRACED}) )
    | (?P<environment> \\(?P<which>begin|end)[ ]*(?P<braces>\{{(?P<name>[^{{}}\n]*)\}}) )
    | (?P<bracket>     \\[\[\]()] )
    | (?P<command>     \\(?:[A-Za-z@]+\*?|.) )
    | (?P<dollar>      \$\$? )
    | (?P<brace>       [{{}}] )
    | (?P<quote>       "`|"'|"|`+|'+ )
    | (?P<blank>       \n(?:[ \t\r]*\n)+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_WITHIN = {"verb": "a", "code": "b", "minted": "c", "address": "d"}
_COMMAND = re.compile(r"\\[A-Za-z@]+\*?")


def latex(text: str) -> list[Concept]:
    """All concepts of LaTeX."""
    N = len(text)
    comments, commands, verbatim, braces = [], [], [], []
    open_braces: list[int] = []
    environments, mathematics, quotes = Environments(text), Mathematics(), Quotes(text)
    position = 0
    while found := _PIECE.search(text, position):
        kind, (start, end) = str(found.lastgroup), found.span()
        position = end
        if kind == "comment":
            comments.append((start, end))
        elif kind in _WITHIN:
            commands.append(_command(text, start))
            first, last = found.span(_WITHIN[kind])
            verbatim.append((first, last - 1))
            if kind == "address":
                braces.append((first, last - 1))
        elif kind == "environment":
            commands.append((start, start + 1 + len(found["which"])))
            braces.append((found.start("braces"), end - 1))
            name = found["name"]
            if found["which"] == "end":
                environments.end(name, end)
            elif environments.begin(name, end) and name.rstrip("*") in _LISTINGS:
                position = environments.next_end(name, end)
                (comments if name == "comment" else verbatim).append((end - 1, text.index("}", position)))
            mathematics.within(environments.displayed)
        elif kind == "bracket":
            commands.append((start, end))
            mathematics.bracket(found.group()[1], start)
        elif kind == "command":
            commands.append((start, end))
        elif kind == "dollar":
            mathematics.dollar(start, end)
        elif found.group() == "{":
            open_braces.append(start)
        elif found.group() == "}":
            if open_braces:
                braces.append((open_braces.pop(), start))
        elif kind == "quote" and not mathematics.open:
            quotes.read(found.group(), start)
        elif kind == "blank":
            mathematics.paragraph()
            quotes.paragraph(end - 1)
    quotes.paragraph(N)
    displays = mathematics.displays + environments.displays
    return [
        binary("inline_math", covered(N, until_last(mathematics.inlines)), r"Between $ and $ or \( and \)."),
        binary("display_math", covered(N, until_last(displays)), r"In $$, \[ or an environment such as equation."),
        environments.depth(N),
        binary("in_braces", covered(N, braces), r"A { is open, of an argument or a group; \{ is none."),
        binary("in_quotes", covered(N, until_last(quotes.spans)), 'A ``, a ` or a "` is open.'),
        binary("verbatim", covered(N, verbatim), r"In \verb, a listing or an address: between its marks."),
        binary("command", covered(N, commands), "Every character of a command's name and its backslash."),
        binary("comment", covered(N, comments), "From % to the end of the line, or in a comment environment."),
    ]


def _command(text: str, start: int) -> tuple[int, int]:
    name = _COMMAND.match(text, start)
    assert name is not None
    return name.span()
