r"""Concepts of LaTeX by pattern: mathematics, environments, commands, comments.

Inside is what has been opened: from the first ``$`` or ``\[`` to before the last
character of what closes it. A blank line ends mathematics that was never closed.
"""

import re

import numpy as np

from rnn_research.concepts.concept import Concept, binary, count
from rnn_research.concepts.spans import covered, running, until_last

_SAME_PARAGRAPH = r"(?:\\[^\n]|[^\\$\n]|\\?\n(?![ \t]*\n))+?"
_PIECE = re.compile(
    rf"""
      (?P<comment>  %[^\n]* )
    | (?P<display>  \$\${_SAME_PARAGRAPH}\$\$ | \\\[(?:(?!\\\]|\n[ \t]*\n).)*\\\] )
    | (?P<inline>   \${_SAME_PARAGRAPH}\$ | \\\((?:(?!\\\)|\n[ \t]*\n).)*\\\) )
    | (?P<edge>     \\(?P<which>begin|end)[ ]*\{{(?P<name>[^{{}}\n]*)\}} )
    | (?P<command>  \\(?:[A-Za-z@]+\*?|.) )
    """,
    re.VERBOSE | re.DOTALL,
)
_MATH = frozenset({"equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "alignat", "flalign"})


def latex(text: str) -> list[Concept]:
    """All concepts of LaTeX."""
    N = len(text)
    spans: dict[str, list[tuple[int, int]]] = {"comment": [], "display": [], "inline": [], "command": []}
    positions, changes = [], []
    stack: list[tuple[str, int]] = []
    for found in _PIECE.finditer(text):
        if found.lastgroup != "edge" and found.group("which") is None:
            spans[found.lastgroup or ""].append(found.span())
            continue
        name, before = found.group("name"), len(stack)
        spans["command"].append((found.start(), found.start() + 1 + len(found.group("which"))))
        if found.group("which") == "begin":
            stack.append((name, found.end() - 1))
        elif name in [opened for opened, _ in stack]:
            start = -1
            while stack and start < 0:
                opened, at = stack.pop()
                start = at if opened == name else -1
            if name.rstrip("*") in _MATH:
                spans["display"].append((start, found.end()))
        positions.append(found.end() - 1)
        changes.append(len(stack) - before)
    depth_N = running(N, np.array(positions, np.int64), np.array(changes))
    return [
        binary("latex_inline_math", covered(N, until_last(spans["inline"])), r"Between $ and $ or \( and \)."),
        binary("latex_display_math", covered(N, until_last(spans["display"])), r"In $$, \[ or an environment."),
        count("latex_environment_depth", depth_N, r"Environments that are open, each from the } of its \begin on."),
        binary("latex_command", covered(N, spans["command"]), "Every character of a command's name and its backslash."),
        binary("latex_comment", covered(N, spans["comment"]), "From % to the end of the line."),
    ]
