"""What kind a text is, which concepts suit it, and labels that stay within their document."""

import pytest

from rnn_research.concepts import choose, labels, labels_of_documents, parted
from rnn_research.concepts.kinds import kind_of
from rnn_research.errors import UserError

LATEX = "\\section{A}\nWe see $x_i$ and $y_j$ of *all* kinds.\n\\begin{align}a\\end{align}\n" * 5
PYTHON = "def f(x):\n    return '''(x'''\n\n" * 5


@pytest.mark.parametrize(
    ("name", "text", "group"),
    [
        ("a/b.py", "", "python"),
        ("b.tex.gz", "", "latex"),
        ("B.MD", "", "markdown"),
        ("b.html", "", "xml"),
        ("b.rst", "", "prose"),
        ("b.txt", PYTHON, "python"),
        ("inline", LATEX, "latex"),
        ("b.txt", "<?xml version='1.0'?><a/>", "xml"),
        ("b", "\ufeff# Title\n\nIt is *so*.\n\n## More\n\nSee [this](http://a.b).\n", "markdown"),
        ("b.txt", "He said that,\nfor all he knew, this is\nfrom a friend who\nwould return.\n" * 9, "prose"),
        ("b", "", "prose"),
    ],
)
def test_the_kind_of_a_document(name, text, group):
    assert kind_of(name, text).group == group


def test_code_is_told_with_its_language():
    assert kind_of("x.c", "")[:2] == ("code", "c")
    chosen = choose([("a.js", "x" * 90), ("b.txt", "y" * 10)])
    assert chosen.names == ("code", "prose.line_position")
    assert chosen.language == "javascript"
    assert chosen.why == "the text is javascript (90% of the characters): 1 of 2 file names end in .js"


def test_most_of_the_text_chooses():
    chosen = choose([("a", LATEX), ("b.py", "x = 1\n")])
    assert chosen.names == ("latex", "prose")
    assert "LaTeX" in chosen.why
    assert choose([("a.txt", "It was a dark night.\n")]).names == ("prose",)


def test_what_is_open_at_a_documents_end_is_closed_in_the_next():
    documents = [("a.txt", b"\xc3\xa9 (\xe2\x80\x9cone"), ("b.txt", b"two) \xe2\x80\x9d"), ("c.txt", b"")]
    for level, split in (("bytes", [10, 8]), ("codepoints", [7, 6])):
        for concept in labels_of_documents(documents, ["prose"], level=level):
            apart = [labels(content.decode(), [concept.name])[0].labels_N for _, content in documents]
            lengths = [len(content if level == "bytes" else content.decode()) for _, content in documents]
            assert lengths[:2] == split
            assert len(concept.labels_N) == sum(split)
            assert concept.labels_N[split[0] :].any() == apart[1].any()


def test_a_language_is_read_in_documents_of_its_own():
    (emphasis,) = labels(LATEX, ["markdown.emphasis"])
    assert emphasis.labels_N.any()  # by its marks alone
    held, absent = parted(labels_of_documents([("a.tex", LATEX.encode())], ["markdown", "latex.inline_math"]))
    assert [concept.name for concept in held] == ["latex.inline_math"]
    assert "markdown.emphasis" in absent
    both = labels_of_documents([("a.tex", b"'''"), ("b.py", b"'''a'''")], ["python.in_triple_quotes"])
    assert both[0].labels_N.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]


def test_what_holds_nowhere_or_everywhere_is_absent():
    held, absent = parted(labels("aaa", ["prose.digit", "prose.word_position"], patterns={"a": "a", "b": "b"}))
    assert [concept.name for concept in held] == ["prose.word_position"]
    assert absent == ["prose.digit", "a", "b"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("markup", "latex, markdown or xml"),
        ("markup.latex_comment", "latex.comment"),
        ("markup.markdown_link_url", "markdown.link_url"),
        ("markup.url", "prose.url"),
        ("markup.nothing", "latex, markdown or xml"),
    ],
)
def test_an_older_versions_names_are_said_anew(name, words):
    with pytest.raises(UserError, match=words):
        labels("", [name])
