"""Concepts of XML and HTML by pattern."""

import re

import numpy as np

from rnn_research.concepts.concept import Concept, binary, count
from rnn_research.concepts.spans import covered, running, until_last

_NAME = r"[^\W\d][\w.:-]*"
_MARKUP = re.compile(
    rf"""
      (?P<comment> <!--.*?--> )
    | (?P<data>    <!\[CDATA\[.*?\]\]> )
    | (?P<other>   <\?.*?\?> | <![A-Za-z][^<>]*> )
    | (?P<closing> </{_NAME}\s*> )
    | (?P<tag>     <{_NAME} (?: \s++ | [^\s<>"'/=]++ | = | "[^"<]*" | '[^'<]*' | /(?!>) )*+ (?P<empty>/)? > )
    """,
    re.VERBOSE | re.DOTALL,
)
_VALUE = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")
_WITHOUT_CONTENT = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_TAG_NAME = re.compile(rf"</?({_NAME})")


def xml(text: str) -> list[Concept]:
    """All concepts of XML; HTML's tags without content open nothing."""
    N = len(text)
    spans: dict[str, list[tuple[int, int]]] = {"tag": [], "value": [], "comment": []}
    positions, changes = [], []
    stack: list[str] = []
    for found in _MARKUP.finditer(text):
        kind = "empty" if found.group("empty") else found.lastgroup
        if kind == "comment":
            spans["comment"].append(found.span())
            continue
        if kind not in ("tag", "empty", "closing"):
            continue
        spans["tag"].append(found.span())
        values = _VALUE.finditer(text, found.start(), found.end())
        spans["value"] += [m.span(1) for m in values]
        name_found = _TAG_NAME.match(found.group())
        name = name_found.group(1) if name_found else ""
        before = len(stack)
        if kind == "tag" and name.lower() not in _WITHOUT_CONTENT:
            stack.append(name)
        elif kind == "closing" and name in stack:
            while stack.pop() != name:
                pass
        positions.append(found.end() - 1)
        changes.append(len(stack) - before)
    depth_N = running(N, np.array(positions, np.int64), np.array(changes))
    return [
        binary("tag", covered(N, until_last(spans["tag"])), "From a tag's < to before its >."),
        binary("value", covered(N, until_last(spans["value"])), "From an attribute's quote to before the last."),
        binary("comment", covered(N, until_last(spans["comment"])), "From <!-- to before the > of -->."),
        count("depth", depth_N, "How many elements are open; a tag counts from its > on."),
    ]
