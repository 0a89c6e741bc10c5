"""Labels of real source against readings of others: ``tokenize`` for tokens and brackets, ``ast`` for headers."""

import ast
import io
import re
import sys
import sysconfig
import tokenize
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rnn_research.concepts.concept import Concept, decode
from rnn_research.concepts.python import CLASSES, python
from rnn_research.concepts.python_lexer import KEYWORDS, lex

FOLDER = Path(sysconfig.get_path("stdlib"))
# Every eighth of the top-level modules: they tokenize cleanly, being part of the running interpreter.
MODULES = sorted(FOLDER.glob("*.py"))[::8]
OPERATORS = CLASSES.index("operator")


def source(path: Path) -> str:
    with tokenize.open(path) as file:
        return file.read()


@cache
def concepts(path: Path) -> dict[str, Concept]:
    return {c.name: c for c in python(source(path))}


class Lines:
    """From a row and a column, as others count, to a position."""

    def __init__(self, text: str):
        self.lines = text.splitlines(keepends=True) if "\f" not in text else re.split(r"(?<=\n)", text)
        self.starts = np.concatenate([[0], np.cumsum([len(line) for line in self.lines])])

    def position(self, row: int, column: int) -> int:
        return int(self.starts[row - 1]) + column

    def of_byte(self, row: int, column: int) -> int:
        return self.position(row, len(self.lines[row - 1].encode()[:column].decode()))


def tokens(text: str) -> list[tuple[str, int, int, str]]:
    """Class, start, end and string of each token of ``tokenize``; an f-string of Python 3.12 is made one again."""
    lines, found, open_at = Lines(text), [], []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        start, end = lines.position(*token.start), lines.position(*token.end)
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":
            open_at.append(start)
        elif name == "FSTRING_END":
            begin = open_at.pop()
            if not open_at:
                found.append(("string", begin, end, text[begin:end]))
        elif open_at:
            continue
        elif name == "NAME":
            found.append(("keyword" if token.string in KEYWORDS else "identifier", start, end, token.string))
        elif name in ("OP", "COMMENT", "STRING", "NUMBER"):
            found.append(("operator" if name == "OP" else name.lower(), start, end, token.string))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_tokens_and_brackets_are_those_of_tokenize(path):
    text, mine = source(path), concepts(path)
    N = len(text)
    classes_N, string_N, triple_N, depth_N = (np.zeros(N, int) for _ in range(4))
    for kind, start, end, string in tokens(text):
        classes_N[start:end] = CLASSES.index(kind)
        if kind == "string":
            prefix = len(string) - len(string.lstrip("rRbBfFuU"))
            string_N[start + prefix : end - 1] = 1
            if string[prefix : prefix + 3] in ('"""', "'''"):
                triple_N[start + prefix + 2 : end - 1] = 1
        if kind == "operator" and string in "([{":
            depth_N[start:] += 1
        if kind == "operator" and string in ")]}":
            depth_N[start:] -= 1
    np.testing.assert_array_equal(mine["token"].labels_N, classes_N)
    np.testing.assert_array_equal(mine["in_string"].labels_N, string_N)
    np.testing.assert_array_equal(mine["in_triple_quotes"].labels_N, triple_N)
    np.testing.assert_array_equal(mine["nesting_depth"].labels_N, depth_N)
    for name in ("comment", "keyword", "identifier", "number"):
        of_name = mine["in_comment" if name == "comment" else name].labels_N
        np.testing.assert_array_equal(of_name, classes_N == CLASSES.index(name))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_if_headers_are_those_of_ast(path):
    text, lines = source(path), Lines(source(path))
    inside_N = np.zeros(len(text), bool)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.If):
            assert node.test.end_lineno is not None
            assert node.test.end_col_offset is not None
            after_test = lines.of_byte(node.test.end_lineno, node.test.end_col_offset)
            # Between the test and the colon stand closing brackets, blanks and comments.
            rest = re.sub(r"#[^\n]*", lambda m: " " * len(m.group()), text[after_test : after_test + 1000])
            inside_N[lines.of_byte(node.lineno, node.col_offset) : after_test + rest.index(":")] = True
    np.testing.assert_array_equal(concepts(path)["in_if_header"].labels_N, inside_N)


def test_def_headers_are_as_many_as_in_ast():
    for path in MODULES:
        nodes = ast.walk(ast.parse(source(path)))
        found = sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)
        inside_N = concepts(path)["in_def_header"].labels_N.astype(int)
        assert (np.diff(inside_N, prepend=0) == 1).sum() == found


def test_spaces_owed_are_the_indentation_that_ast_tells():
    """After the line break before a statement, as many are due as its column says."""
    for path in MODULES:
        text, lines = source(path), Lines(source(path))
        owed_N = concepts(path)["spaces_owed"].labels_N
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Return | ast.Assign) and node.lineno > 1:
                start = int(lines.starts[node.lineno - 1])
                if text[start : start + node.col_offset].isspace() or not node.col_offset:
                    assert owed_N[start - 1] == node.col_offset


def whole_library() -> str:
    return decode(b"".join(path.read_bytes() for path in MODULES))


def test_whole_files_need_no_repair():
    tokens, given_up = lex(whole_library())
    assert given_up == 0
    assert not [t for t in tokens if t.kind == "stray" or not t.closed]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 is the first to tell these apart")
def test_strings_of_the_same_quote_within_an_f_string():
    text = """a = f"{x["k"]:{w["n"]}} {y!r}" + 'b'\n"""
    string = [t for t in tokens(text) if t[0] == "string"]
    assert [text[t.start : t.end] for t in lex(text)[0] if t.kind == "string"] == [s[3] for s in string]
