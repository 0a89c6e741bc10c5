"""Hand-labelled Python: each line of text has its labels under it."""

import keyword
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.concepts import labels
from rnn_research.concepts.python_lexer import lex
from tests.concepts.labelled import check


def test_strings_with_escapes_and_prefixes():
    check(
        "python.in_string",
        *(r"x = 'a\'b' + " + '"c"',
          "    #####    ##"),
        *("f(rb'a', '', u\"it's\", '#')",
          "    ##   #    #####   ##"),
    )  # fmt: skip


def test_triple_quotes_with_quotes_inside():
    check(
        "python.in_string",
        *("def f():",
          ""),
        *('    """Say "hi"" and \\""" go on',
          "    ############################"),
        *("    '''  \"\"\" + x",
          "###########"),
    )  # fmt: skip
    check(
        "python.in_triple_quotes",
        *("x = '''a ' \" ''b''' + 'c'",
          "      ############"),
    )  # fmt: skip


def test_an_f_string_is_a_string_from_quote_to_quote():
    check(
        "python.in_string",
        *("""x = f"{a['b']:>{w}} {{" + rf'{c!r}' + d""",
          """     #################      ######"""),
        *("""y = f"{z["k"]}" + f'''{'a'}''' + q""",
          """     #########     ##########"""),
    )  # fmt: skip
    check("python.in_braces", 'f"{x}" {1}', "       ## ")
    check(
        "python.in_string",
        *('x = f"{(1 +  # o',
          "     ############"),
        *('   2)}" + y',
          "######"),
    )  # fmt: skip


def test_comments_and_strings_do_not_hold_each_other():
    check(
        "python.in_comment",
        *("x = '#' # it's \"so\" '''",
          "        ###############"),
        *("y  # on",
          "   ####"),
    )  # fmt: skip
    check("python.in_string", "# it's", "", "x = 'a'", "    ## ")


def test_unterminated_strings_end_with_their_line():
    check(
        "python.in_string",
        *("x = 'abc",
          "    ####"),
        *("y = 'd'",
          "    ## "),
    )  # fmt: skip


def test_a_string_goes_on_after_a_backslash():
    check(
        "python.in_string",
        *("x = 'ab\\",
          "    #####"),
        *("cd' + y",
          "##"),
    )  # fmt: skip


def test_brackets():
    check(
        "python.nesting_depth",
        *("f(a[1:2], {'(': (x)}) # ((",
          " 1122221112222223321"),
        *("[",
          "11"),
        *("]",
          ""),
    )  # fmt: skip
    check("python.in_parentheses", "f(a[1], (b)) + c", " ##########")
    check("python.in_brackets", "f(a[1], [b][0])", "   ##   ## ## ")
    check("python.in_braces", "f({1: {2}}) + c", "  #######")


def test_brackets_that_do_not_match():
    check("python.nesting_depth", ") ([) x", "  12  ")
    check(
        "python.nesting_depth",
        *("x = (1, [2",
          "    1111222"),
        *("  def f():",
          "       1"),
    )  # fmt: skip


def test_words_and_numbers():
    check("python.keyword", "if is_x not in None: match = 'or'", "##      ### ## ####")
    check("python.identifier", "if is_x not in y: match = f'a'", "   ####        #  #####")
    check("python.number", "a1 = 0xFf + 1_0.5e-3j - .5 if 1.else x", "     ####   #########   ##    ##")


def test_token_classes_tell_the_eight_kinds_apart():
    (concept,) = labels("if x1==2: 'a' #b\n?", ["python.token"])
    named = [concept.classes[i] for i in concept.labels_N]
    expected = {"k": "keyword", " ": "blank", "i": "identifier", "o": "operator", "n": "number", "s": "string"}
    expected |= {"c": "comment", "?": "stray"}
    assert named == [expected[c] for c in "kk iioono sss cc ?"]


def test_if_headers():
    check(
        "python.in_if_header",
        *("if a[1:2] and {3: 4}: b = c if d else e",
          "####################"),
        *("elif (lambda: 1)() or lambda x: x: pass",
          "#################################"),
        *("else: x = [y for y in z if y]",
          ""),
        *("if (x := f(a,",
          "##############"),
        *("  b)): pass",
          "#####"),
        *("if a \\",
          "#######"),
        *("  or b:  # if",
          "######"),
    )  # fmt: skip


def test_def_headers():
    check(
        "python.in_def_header",
        *("@d(lambda: 0)",
          ""),
        *("async def f(a: int = {1: 2}, *, g=lambda: 0) -> dict[str, int]: x: int",
          "      ########################################################"),
        *("class A:",
          ""),
        *("    def g(self): return lambda: 1",
          "    ###########"),
    )  # fmt: skip


def test_spaces_owed_are_those_still_to_write():
    check(
        "python.spaces_owed",
        *("if x:",
          "     4"),
        *("    y = '''",
          "321"),  # a line that begins in a string owes nothing
        *("      '''",
          ""),  # nor does a blank line
        *("    ",
          "    2"),
        *("  z",
          "1"),
    )  # fmt: skip
    check("python.spaces_owed", "   x", "21  |")  # three are due and one is written


def test_indentation_is_what_has_been_read_of_it():
    check(
        "python.indentation",
        *("if x:",
          ""),
        *("    yy = 1",
          "1234444444"),
        *("  \tz",
          "1288"),
        *("",
          ""),
    )  # fmt: skip


def test_carriage_returns():
    check("python.in_comment", "x # a", "  ###", "y", "", end="\r\n")
    check("python.in_string", "x = 'a", "    ##", "y = 'b'", "    ## ", end="\r\n")
    check("python.in_if_header", "if (a", "######", "): x", "#", end="\r\n")


def test_text_that_is_not_ascii():
    check("python.identifier", "größe = 'Ж' + ñ", "#####         #")
    check("python.in_string", "größe = 'Ж😀' + ñ", "        ### ")


def test_a_text_that_begins_inside_a_docstring():
    check(
        "python.in_string",
        *("rest of what it does, isn't it?",
          "################################"),
        *('    """',
          "###### "),
        *("    return x + 1",
          ""),
        *('def g():',
          ""),
        *('    """Does the other thing, too."""',
          "    ###############################"),
    )  # fmt: skip


def test_a_text_that_breaks_off_inside_a_docstring():
    check(
        "python.in_string",
        *("def g():",
          ""),
        *('    """Does the other thing,',
          "    #########################"),
        *("    and then it",
          "###############|"),
    )  # fmt: skip


BODY = '\n\ndef f(x):\n    """Return the sum of it all."""\n    return {"a": x}\n'


@pytest.mark.parametrize("quote", ['"""', "'''"])
def test_one_triple_quote_too_many_swallows_nothing(quote):
    """Its own line is lost; 200 functions after it have their labels as without it."""
    text = f"x = {quote}cut off\n"
    (after,) = labels(text + 200 * BODY, ["python.in_string"])
    (alone,) = labels(200 * BODY, ["python.in_string"])
    np.testing.assert_array_equal(after.labels_N[len(text) :], alone.labels_N)
    assert after.labels_N[4 : len(text) - 1].all()
    assert lex(text + 200 * BODY)[1] == 1


def test_a_text_cut_anywhere_has_its_labels_back_after_a_few_lines():
    text = 20 * (BODY + "\n\nclass A:\n    '''What we know of A.\n\n    More.\n    '''\n    y = [1, 2]\n")
    (whole,) = labels(text, ["python.in_triple_quotes"])
    for start in range(0, 160):
        (cut,) = labels(text[start:], ["python.in_triple_quotes"])
        wrong = np.flatnonzero(cut.labels_N != whole.labels_N[start:])
        assert not len(wrong) or wrong.max() < 60, start


def test_an_empty_text():
    for concept in labels("", ["python", "prose", "latex", "markdown", "xml"]):
        assert concept.labels_N.shape == (0,)


PIECES = ["'", '"', "'''", '"""', "\\", "\n", "\r\n", "{", "}", "f'", "(", "]", ":", "#", "if ", "def ", "lambda ", " "]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*PIECES, "a", "1", "é"]), max_size=60).map("".join)))
def test_any_text_has_a_label_at_every_position(text):
    for concept in labels(text, ["python"]):
        assert concept.labels_N.shape == (len(text),)
        assert concept.labels_N.min(initial=0) >= 0


def test_the_time_grows_with_the_length_of_the_text_also_where_nothing_closes():
    """Run apart, so that a lexer that goes back again and again is stopped and does not hang the tests."""
    code = """
from rnn_research.concepts import labels
pieces = ['\\\\"\\"\\"\\n', "f'''{", 'f"{f"{', "(", "'", "if (", "<a ", "$", "*a", "[", "`", "<!--", "x=<a b"]
pieces += [r"\\begin{a}", r"\\begin{verbatim}", r"\\verb|", r"\\(", "{", "“", "‘a s’ "]
for piece in pieces:
    labels(piece * 3000, ["python", "prose", "latex", "markdown", "xml"])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_keywords_are_the_same_under_every_version():
    assert len(keyword.kwlist) == 35
