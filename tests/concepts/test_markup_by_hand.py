"""Hand-labelled Markdown, XML, LaTeX and addresses: each line of text has its labels under it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.concepts import labels
from tests.concepts.labelled import check


def test_markdown_code():
    check("markup.markdown_code", "a `b *c*` and ``d ` e`` \\`f`", "  ######      ########")
    check(
        "markup.markdown_fence",
        *("```python",
          "##########"),
        *("`x` = *1*",
          "##########"),
        *("```",
          "##"),
        *("`y`",
          ""),
    )  # fmt: skip
    check("markup.markdown_code", "```", "", "`x`", "", "```", "", "`y`", "##")


def test_markdown_headings_links_and_emphasis():
    check("markup.markdown_heading", "# A", "###", "#b", "", " ## ", " ###")
    check("markup.markdown_link_text", "[a *b*](http://c) [d]", "######")
    check("markup.markdown_link_url", "[a *b*](http://c) [d]", "       #########")
    check("markup.markdown_emphasis", "a *b c* 2 * 3 **d** x_y_z _e_ `*f*`", "  ####        ####        ##")

    check("markup.markdown_emphasis", "[*a*](b*c*d)", " ##")


def test_xml():
    check("markup.xml_tag", "<a b='>' c>1 < 2</a><br/>", "##########      ### ####")
    check("markup.xml_value", "<a b='x>' c=\"y\">'z'</a>", "     ###    ##")
    check("markup.xml_comment", "a<!-- <b> -->c", " ###########")
    check("markup.xml_depth", "<a><br><b/><c>x</c></a>", "  11111111111222221111")
    check("markup.xml_depth", "</x><a><b></a>c", "      1112222")


def test_latex():
    check("markup.latex_inline_math", r"a $x_1 \$ y$ \$5 \(z\) w", "  #########      ####")
    check("markup.latex_display_math", r"a $$x$$ \[y\] % $$z$$", "  ####  ####")
    check("markup.latex_comment", r"50\% x % y $z$", "       #######")
    check("markup.latex_command", r"\emph{a} \% $\pi$", r"#####    ##")
    check(
        "markup.latex_environment_depth", r"\begin{a}x\begin{b}y\end{b}\end{a}z", " " * 8 + "1" * 10 + "2" * 8 + "1" * 7
    )
    check("markup.latex_display_math", r"\begin{align*}x\end{align*}", " " * 13 + "#" * 13)


def test_addresses_end_before_the_mark_that_ends_the_sentence():
    check("markup.url", "See https://a.org/b?c=1, or (www.d.org).", "    ###################      #########")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"`*_[]()<>$\\%\n/a='\"", "\\begin{a}", "\\end{a}", "```", "<a>", "</a>", "<!--"])))
def test_any_text_has_a_label_at_every_position(pieces):
    text = "".join(pieces)
    for concept in labels(text, ["markup"]):
        assert concept.labels_N.shape == (len(text),)
        assert concept.labels_N.min(initial=0) >= 0
