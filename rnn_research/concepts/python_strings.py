"""Where a Python string ends: escapes, and f-strings with strings of the same quote inside their braces (PEP 701).

Both are pure functions of the text, the same under every version of Python.
"""

import re

PREFIX = r"(?:[bB][rR]?|[rR][bBfF]?|[fF][rR]?|[uU])?"
_ESCAPE = r"\\(?:\r\n|.)"
_OPENING = re.compile(rf"({PREFIX})(\"\"\"|'''|\"|')")
_BODY = {
    quote: re.compile(
        rf"[^\\{quote[0]}]*(?:(?:{_ESCAPE}|{quote[0]}(?!{quote[1:]}))[^\\{quote[0]}]*)*{quote}"
        if len(quote) == 3
        else rf"[^\\\r\n{quote}]*(?:{_ESCAPE}[^\\\r\n{quote}]*)*{quote}",
        re.DOTALL,
    )
    for quote in ('"""', "'''", '"', "'")
}
# A backslash does not hide a brace, but \N{DASH} is one character.
_LITERAL = {
    quote: re.compile(rf"\\N\{{[^{{}}'\"\r\n]*\}}|\\(?:\r\n|[^{{}}])|{quote}|\{{\{{|[{{}}\r\n]", re.DOTALL)
    for quote in _BODY
}
_EXPRESSION = re.compile(rf"[(\[{{)\]}}:#\r\n]|!=|{_OPENING.pattern}")
_DEEPEST = 20


def string_end(text: str, start: int) -> int | None:
    """The position after the string literal that begins at ``start``, prefix included; None if it is not closed."""
    opening = _OPENING.match(text, start)
    if opening is None:
        return None
    prefix, quote = opening.groups()
    body = _BODY[quote].match(text, opening.end())
    end = body.end() if body else None
    if "f" not in prefix.lower():
        return end
    over_lines = len(quote) == 3
    of_f_string = _literal(text, opening.end(), quote, 0, over_lines)
    if of_f_string is None and end is None and not over_lines:  # braces may hold line breaks, but seldom do
        of_f_string = _literal(text, opening.end(), quote, 0, over_lines=True)
    return end if of_f_string is None else of_f_string


def _literal(
    text: str, position: int, quote: str, depth: int, over_lines: bool, specification: bool = False
) -> int | None:
    """Reads an f-string to its closing quote, or a format specification to its closing brace.

    ``over_lines`` allows line breaks in braces.
    """
    while piece := _LITERAL[quote].search(text, position):
        symbol, position = piece.group(), piece.end()
        if symbol == quote:
            return None if specification else position
        if symbol in "\r\n" and len(quote) == 1:
            return None
        if symbol == "}" and specification:
            return position
        if symbol == "{":
            end = _expression(text, position, quote, depth + 1, over_lines)
            if end is None:
                return None
            position = end
    return None


def _expression(text: str, position: int, quote: str, depth: int, over_lines: bool) -> int | None:
    """Reads what stands in an f-string's braces, from after the opening to after the closing one."""
    nested = 0
    while depth <= _DEEPEST and (piece := _EXPRESSION.search(text, position)):
        symbol, position = piece.group(), piece.end()
        if symbol in "([{":
            nested += 1
        elif symbol in ")]}":
            if not nested:
                return position if symbol == "}" else None
            nested -= 1
        elif symbol == ":":
            if not nested:
                return _literal(text, position, quote, depth, over_lines, specification=True)
        elif symbol in "#\r\n":
            if not over_lines:
                return None
            if symbol == "#":
                position = _line_end(text, position)
        elif piece.group(2):
            end = _nested_string(text, piece, depth, over_lines)
            if end is None:
                return None
            position = end
    return None


def _nested_string(text: str, opening: re.Match[str], depth: int, over_lines: bool) -> int | None:
    # No second reading as a plain string here: with it the time would double at every level.
    prefix, quote = opening.groups()
    if "f" in prefix.lower():
        return _literal(text, opening.end(), quote, depth, over_lines)
    body = _BODY[quote].match(text, opening.end())
    return body.end() if body else None


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
