"""Concepts of source code in any language that Pygments knows.

As in ``python.py``, an opening quote or bracket is inside and its closing one is not.
What counts as a string is the lexer's word: strings that touch with nothing between
them are read as one, and an expression that is interpolated in a string is outside of
it where the lexer tells the two apart.
"""

import numpy as np
from pygments.lexer import Lexer
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, _TokenType
from pygments.util import ClassNotFound

from rnn_research.concepts.brackets import Nesting
from rnn_research.concepts.concept import Concept, binary, categorical
from rnn_research.concepts.lines import indentation, spaces_owed
from rnn_research.concepts.spans import covered
from rnn_research.errors import UserError, nearest

CLASSES = ("other", "comment", "string", "number", "keyword", "identifier", "operator")
_OF_CLASS = (None, Comment, String, Number, Keyword, Name, None)
_PREPROCESSOR = (Comment.Preproc, Comment.PreprocFile)
_NO_INSIDE = (String.Affix, String.Symbol)
_QUOTES = ("'", '"')
_BLOCK_ENDS = ("*/", "-->", "*)", "-}", "#}", "%}", "|#", "]]", "=end")


def source_code(text: str, language: str) -> list[Concept]:
    """All concepts of source code.

    Args:
      text: the text.
      language: a name or alias that Pygments knows, say ``c`` or ``javascript``.

    Raises:
      UserError: for another language.
    """
    N = len(text)
    strings: list[tuple[int, int]] = []
    comments: list[tuple[int, int]] = []
    classes_N = np.zeros(N, np.int16)
    for start, kind, value in _lexer(language).get_tokens_unprocessed(text):
        end = start + len(value)
        classes_N[start:end] = _class_of(kind)
        # Some lexers call a quoted key, as in JSON, a name.
        quoted = kind in Name and value[:1] in _QUOTES
        if quoted or (kind in String and kind not in _NO_INSIDE):
            _extend(strings, start, end)
        elif kind in Comment and kind not in _PREPROCESSOR:
            if kind in Comment.Multiline:
                _extend(comments, start, end)
            else:
                comments.append((start, start + len(value.rstrip("\r\n"))))
    in_string_N = covered(N, [(start, end - 1) for start, end in strings])
    # After the last character of a block comment one is outside; a comment to the line's end ends before the break.
    in_comment_N = covered(N, [(start, end - text[start:end].endswith(_BLOCK_ENDS)) for start, end in comments])
    nesting = Nesting()
    read_as_code_N = np.isin(classes_N, [CLASSES.index("other"), CLASSES.index("operator")])
    for position in np.flatnonzero(read_as_code_N):
        character = text[position]
        if character in "([{":
            nesting.open(character, int(position))
        elif character in ")]}":
            nesting.close(character, int(position))
    return [
        binary("in_string", in_string_N, "From a string's first character after its prefix to before its last."),
        binary("in_comment", in_comment_N, "From a comment's first character to before its end."),
        *(
            binary(name, classes_N == CLASSES.index(name), f"Every character of a {name}.")
            for name in ("keyword", "identifier", "number")
        ),
        categorical("token", classes_N, CLASSES, "The kind of token that the character is part of."),
        *nesting.concepts(N),
        indentation(text),
        spaces_owed(text, in_string_N | in_comment_N),
    ]


def _lexer(language: str) -> Lexer:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound as error:
        aliases = [alias for _, names, _, _ in get_all_lexers() for alias in names]
        raise UserError(
            f"--language={language!r} is unknown to Pygments{nearest(language, aliases)}: "
            f"take a name from `pygmentize -L lexers`"
        ) from error


def _class_of(kind: _TokenType) -> int:
    if kind in _PREPROCESSOR:
        return 0
    for i, of_class in enumerate(_OF_CLASS):
        if of_class is not None and kind in of_class:
            return i
    return CLASSES.index("operator") if kind in Operator or kind in Punctuation else 0


def _extend(spans: list[tuple[int, int]], start: int, end: int) -> None:
    """Adds a span, to the last one if it touches it."""
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))
