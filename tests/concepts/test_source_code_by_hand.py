"""Hand-labelled source in other languages, and Pygments' reading of Python against our own."""

import inspect
import json

import pytest

from rnn_research.concepts import labels
from rnn_research.errors import UserError
from tests.concepts.labelled import check


def test_c():
    check("code.in_string", 'f("a\\"b", \'c\', x); // "d"', "  #####   ## ", language="c")
    check(
        "code.in_comment",
        *('x = "/*"; /* a "b"',
          "          #########"),
        *("*/ y; // c",
          "#     ####"),
        *("z;",
          ""),
        language="c",
    )  # fmt: skip
    check("code.nesting_depth", "int f(a[2]) { /* ( */ }", "     11221  1111111111", language="c")
    check("code.keyword", "return iffy;", "######", language="c")
    check("code.number", "x = 42 + 0x1F;", "    ##   ####", language="c")
    check("code.spaces_owed", "{", " 2", "  a;", "1   2", "  }", "1", language="c")


def test_json_and_html():
    check("code.in_string", '{"a": "b"}', " ##   ##", language="json")
    check("code.in_comment", "<!-- a --><b>", "#########", language="html")


def test_python_as_pygments_reads_it_is_python_as_we_read_it():
    """Comments and brackets; the words Pygments calls keywords differ by taste."""
    text = inspect.getsource(json.decoder)
    for name in ("in_comment", "in_parentheses", "in_brackets", "in_braces", "nesting_depth", "indentation"):
        ours, theirs = labels(text, [f"python.{name}", f"code.{name}"], language="python")
        assert (ours.labels_N == theirs.labels_N).all(), name
        assert ours.labels_N.any()


def test_unknown_or_missing_languages_are_named_in_one_line():
    with pytest.raises(UserError, match=r"^--language='pyton' is unknown to Pygments, did you mean .*$"):
        labels("x", ["code"], language="pyton")
    with pytest.raises(UserError, match=r"^--language is not given: .*$"):
        labels("x", ["code"])
