"""Hand-labelled Markdown, XML and addresses: each line of text has its labels under it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.concepts import labels
from tests.concepts.labelled import check


def test_markdown_code():
    check("markdown.code", "a `b *c*` and ``d ` e`` \\`f`", "  ######      ########")
    check(
        "markdown.fence",
        *("```python",
          "##########"),
        *("`x` = *1*",
          "##########"),
        *("```",
          "##"),
        *("`y`",
          ""),
    )  # fmt: skip
    check("markdown.code", "```", "", "`x`", "", "```", "", "`y`", "##")


def test_markdown_headings_links_and_emphasis():
    check("markdown.heading", "# A", "###", "#b", "", " ## ", " ###")
    check("markdown.link_text", "[a *b*](http://c) [d]", "######")
    check("markdown.link_url", "[a *b*](http://c) [d]", "       #########")
    check("markdown.emphasis", "a *b c* 2 * 3 **d** x_y_z _e_ `*f*`", "  ####        ####        ##")

    check("markdown.emphasis", "[*a*](b*c*d)", " ##")


def test_xml():
    check("xml.tag", "<a b='>' c>1 < 2</a><br/>", "##########      ### ####")
    check("xml.value", "<a b='x>' c=\"y\">'z'</a>", "     ###    ##")
    check("xml.comment", "a<!-- <b> -->c", " ###########")
    check("xml.depth", "<a><br><b/><c>x</c></a>", "  11111111111222221111")
    check("xml.depth", "</x><a><b></a>c", "      1112222")


def test_addresses_end_before_the_mark_that_ends_the_sentence():
    check("prose.url", "See https://a.org/b?c=1, or (www.d.org).", "    ###################      #########")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"`*_[]()<>$\\%\n/a='\"", "\\begin{a}", "\\end{a}", "```", "<a>", "</a>", "<!--"])))
def test_any_text_has_a_label_at_every_position(pieces):
    text = "".join(pieces)
    for concept in labels(text, ["latex", "markdown", "xml"]):
        assert concept.labels_N.shape == (len(text),)
        assert concept.labels_N.min(initial=0) >= 0
