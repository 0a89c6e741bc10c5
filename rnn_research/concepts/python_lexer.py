"""A lexer for Python that any text survives, also one that begins or breaks off in the middle of a string.

On text that ``tokenize`` reads, its tokens are those of ``tokenize``: tests hold it to
that on the standard library. ``tokenize`` itself stops at the first error, and its
errors and its f-strings differ between versions of Python.

Triple quotes are where a cut text goes wrong: if one is missing, all that follows has
strings and code exchanged. So code is read with an eye on faults, that is, on what no
code holds but prose does: two words in a row, a ``?``, an apostrophe that opens nothing.
A string over several lines is given up if the code after it has more faults than its
own lines read as code, and reading goes on at its second line.
"""

import keyword
import re
from typing import NamedTuple

from rnn_research.concepts.python_strings import PREFIX, string_end

KEYWORDS = frozenset(keyword.kwlist)
_MAY_PRECEDE_A_NAME = frozenset({"match", "case", "type", "print", "exec"})  # soft keywords, and Python 2
_TOKENS_PER_FAULT = 50
BEFORE_THE_TEXT = -3  # an opening triple quote that is cut off
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""
      (?P<blank>     [ \t\f\ufeff]+ | \\(?:\r\n|\r|\n) )
    | (?P<newline>   \r\n | \r | \n )
    | (?P<comment>   \#[^\r\n]* )
    | (?P<triple>    {PREFIX} (?: \"\"\" | ''' ) )
    | (?P<string>    {PREFIX} ["'] )
    | (?P<number>    0[xX](?:_?[0-9a-fA-F])+ | 0[oO](?:_?[0-7])+ | 0[bB](?:_?[01])+
                   | (?: {_DIGITS} (?:\.(?:{_DIGITS})?)? | \.{_DIGITS} ) (?:[eE][-+]?{_DIGITS})? [jJ]? )
    | (?P<name>      \w+ )
    | (?P<opening>   [(\[{{] )
    | (?P<closing>   [)\]}}] )
    | (?P<colon>     :(?!=) )
    | (?P<operator>  := | != | [-+*/%@&|^~<>=.,;] )
    | (?P<stray>     . )
    """,
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED = re.compile(rf"{PREFIX}[\"'](?:(?!\"\"\"|''')[^\r\n])*")
_REST_OF_LINE = re.compile(r"[^\r\n]*")


class Token(NamedTuple):
    """One token; blanks have none.

    Attributes:
      kind: newline, comment, string, triple, number, name, keyword, opening, closing, colon, operator or stray.
      start: its first position.
      end: the position after its last.
      quote: for strings, where the opening quote stands, after the prefix.
      closed: for strings, whether the closing quote is there.
    """

    kind: str
    start: int
    end: int
    quote: int = 0
    closed: bool = True


class _Code(NamedTuple):
    """Code from one triple quote to the next."""

    tokens: list[Token]
    faults: int
    opening: re.Match[str] | None


class _Doubt(NamedTuple):
    """A string that may be none: its place among the tokens, and its opening quote."""

    place: int
    opening: re.Match[str]


def lex(text: str) -> tuple[list[Token], int]:
    """All tokens in order, and how many strings were given up for want of their other end."""
    tokens: list[Token] = []
    given_up, position = 0, 0
    last: _Doubt | None = None
    unclosed: dict[str, _Doubt] = {}
    faults_before = 0
    while True:
        code = _code(text, position)
        if code.faults and position == 0 and code.opening:
            after = _code(text, code.opening.end())
            if after.faults < code.faults:  # the text begins inside this string
                tokens.append(Token("triple", 0, code.opening.end(), BEFORE_THE_TEXT))
                given_up += 1
                code = after
        elif code.faults and last and _code(text, last.opening.end()).faults < code.faults:
            del tokens[last.place :]
            code = _code(text, _give_up(text, last.opening, tokens))
            given_up += 1
        tokens += code.tokens
        if code.opening is None:
            break
        faults_before += code.faults
        quote = code.opening.group()[-3:]
        end = None if quote in unclosed else string_end(text, code.opening.start())
        if end is None:
            unclosed[quote] = _Doubt(len(tokens), code.opening)
            if len(unclosed) == 1:
                faults_before = 0
            last, position = None, _give_up(text, code.opening, tokens)
        else:
            over_lines = "\n" in text[code.opening.end() : end]
            last = _Doubt(len(tokens), code.opening) if over_lines else None
            tokens.append(Token("triple", code.opening.start(), end, code.opening.end() - 3))
            position = end
    if unclosed:
        first = next(iter(unclosed.values()))
        faults = faults_before + code.faults
        if len(tokens) - first.place <= _TOKENS_PER_FAULT * (faults + 1):  # does not read as code: the text breaks off
            tokens[first.place :] = [
                Token("triple", first.opening.start(), len(text), first.opening.end() - 3, closed=False)
            ]
        else:
            given_up += len(unclosed)
    return tokens, given_up


def _give_up(text: str, opening: re.Match[str], tokens: list[Token]) -> int:
    """Reads an opening quote as a string that ends with its line; returns where code goes on."""
    rest = _REST_OF_LINE.match(text, opening.end())
    end = rest.end() if rest else opening.end()
    tokens.append(Token("triple", opening.start(), end, opening.end() - 3, closed=False))
    return end


def _code(text: str, position: int) -> _Code:
    """Reads code up to the next triple quote or the end of the text."""
    tokens: list[Token] = []
    faults = 0
    after_word = False
    while match := _TOKEN.match(text, position):
        kind = match.lastgroup or ""
        start, position = position, match.end()
        if kind == "blank":
            continue
        if kind == "triple":
            return _Code(tokens, faults, match)
        quote, closed, word = 0, True, False
        if kind == "name":
            name = match.group()
            if name in KEYWORDS:
                kind = "keyword"
            else:
                faults += after_word
                word = name not in _MAY_PRECEDE_A_NAME
        elif kind == "number":
            faults += after_word
            word = True
        elif kind == "string":
            quote, end = position - 1, string_end(text, start)
            if end is None:
                unclosed = _UNCLOSED.match(text, start)
                end, closed = unclosed.end() if unclosed else position, False
                faults += 1
            position = end
        elif kind == "stray":
            faults += 1
        after_word = word
        tokens.append(Token(kind, start, position, quote, closed))
    return _Code(tokens, faults, None)
