"""Concepts of Python source: tokens, strings, brackets, indentation, headers.

What one stands inside of changes with the character that is read: an opening quote or
bracket is inside, its closing one is not. An f-string is a string from quote to quote,
the expressions in its braces included. A prefix as in ``rb"x"`` is not yet inside.
Whether a word is a keyword shows at its end only: there every character has the label
of the whole token.
"""

import numpy as np

from rnn_research.concepts.brackets import Nesting
from rnn_research.concepts.concept import Concept, binary, categorical
from rnn_research.concepts.lines import indentation, spaces_owed
from rnn_research.concepts.python_lexer import Token, lex
from rnn_research.concepts.spans import covered

CLASSES = ("blank", "comment", "string", "number", "keyword", "identifier", "operator", "stray")
_CLASS = {"triple": "string", "name": "identifier", "newline": "blank", "opening": "operator"}
_CLASS |= {"closing": "operator", "colon": "operator"}
# No statement lies inside brackets: at one of these an open bracket was left unclosed.
_STATEMENTS = frozenset(
    {"assert", "break", "class", "continue", "def", "del", "except", "finally", "global", "import"}
    | {"nonlocal", "pass", "raise", "return", "try", "while", "with"}
)
_HEADERS = {"if": "if", "elif": "if", "def": "def"}


def python(text: str) -> list[Concept]:
    """All concepts of Python source."""
    tokens, _ = lex(text)
    N = len(text)
    in_string_N = covered(N, _insides(tokens, ("string", "triple"), 1))
    nesting, headers = _statements(text, tokens)

    def tokens_of(kind: str) -> np.ndarray:
        return covered(N, [(token.start, token.end) for token in tokens if token.kind == kind])

    return [
        binary("in_string", in_string_N, "From a string's opening quote to before the last of its closing quotes."),
        binary(
            "in_triple_quotes",
            covered(N, _insides(tokens, ("triple",), 3)),
            "From the third opening quote to before the third closing one.",
        ),
        binary("in_comment", tokens_of("comment"), "From the # to the end of the line, without the line break."),
        binary("keyword", tokens_of("keyword"), "Every character of a keyword; match, case and type are none."),
        binary("identifier", tokens_of("name"), "Every character of a name that is no keyword."),
        binary("number", tokens_of("number"), "Every character of a number, without its sign."),
        categorical("token", _token_classes(N, tokens), CLASSES, "The kind of token that the character is part of."),
        *nesting.concepts(N),
        binary("in_if_header", covered(N, headers["if"]), "From a statement's if or elif to before its colon."),
        binary("in_def_header", covered(N, headers["def"]), "From def to before the colon that ends the header."),
        indentation(text),
        spaces_owed(text, in_string_N),
    ]


def _insides(tokens: list[Token], kinds: tuple[str, ...], quotes_read: int) -> list[tuple[int, int]]:
    """From the given one of the opening quotes to before the last closing one, or to the end where there is none."""
    found = [token for token in tokens if token.kind in kinds]
    return [(max(token.quote + quotes_read - 1, 0), token.end - token.closed) for token in found]


def _token_classes(N: int, tokens: list[Token]) -> np.ndarray:
    classes_N = np.zeros(N, np.int16)
    index = {name: i for i, name in enumerate(CLASSES)}
    for token in tokens:
        classes_N[token.start : token.end] = index[_CLASS.get(token.kind, token.kind)]
    return classes_N


def _statements(text: str, tokens: list[Token]) -> tuple[Nesting, dict[str, list[tuple[int, int]]]]:
    """Brackets, and the spans of the headers."""
    nesting = Nesting()
    headers: dict[str, list[tuple[int, int]]] = {"if": [], "def": []}
    header: tuple[str, int] | None = None
    lambdas = 0  # of the header, outside of brackets: each has a colon of its own
    begins_statement = begins_line = True
    line_start = 0

    def end_header(position: int) -> None:
        nonlocal header
        if header:
            headers[header[0]].append((header[1], position))
            header = None

    for kind, start, end, *_ in tokens:
        if kind == "newline":
            if not nesting.stack:
                end_header(start)
                begins_statement = True
            begins_line, line_start = True, end
            continue
        if kind == "comment":
            continue
        begins_next = False
        if kind == "keyword":
            word = text[start:end]
            if word in _STATEMENTS and nesting.stack:
                unclosed_until = line_start if begins_line else start
                end_header(unclosed_until)
                nesting.clear(unclosed_until)
                begins_statement = begins_line
            if begins_statement and word in _HEADERS:
                header, lambdas = (_HEADERS[word], start), 0
            elif word == "lambda" and not nesting.stack:
                lambdas += 1
            begins_next = begins_statement and word == "async"
        elif kind == "opening":
            nesting.open(text[start], start)
        elif kind == "closing":
            nesting.close(text[start], start)
        elif kind == "colon" and not nesting.stack:
            if lambdas:
                lambdas -= 1
            else:
                end_header(start)
        begins_statement, begins_line = begins_next, False
    end_header(len(text))
    return nesting, headers
