"""Hand-labelled prose: each line of text has its labels under it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.concepts import labels, labels_of_bytes
from tests.concepts.labelled import check


def test_quotes_open_and_close_and_apostrophes_do_neither():
    check("prose.in_quotes", "He said, \"It's so,\" and 'no'.", "         #########")
    check("prose.in_quotes", "“Was ‘it’?” he asked. ”", "##########")

    check("prose.in_quotes", "“a “b” c", "#####")


def test_quotes_go_on_over_a_line_and_start_anew_at_a_blank_one():
    check(
        "prose.in_quotes",
        *('She: "one',
          "     #####"),
        *("two",
          "####"),
        *("  ",
          "##"),  # at the next line break the line is known to be blank
        *('three "four"',
          "      #####"),
    )  # fmt: skip


def test_single_quotes_are_told_from_apostrophes():
    check(
        "prose.in_quotes",
        "‘It’s the boys’ room,’ she said, ‘not yours’.",
        "#####################            ##########",
    )
    check("prose.in_quotes", "the ‘dogs’ of war and ‘cats’ too", "    #####             #####")
    check("prose.in_quotes", "rock ’n’ roll, the ’90s, ‘yes’ ‘tis", "                         ####")
    check("prose.in_quotes", "“He said, ‘don’t’.” ‘Em", "##################")
    check("prose.in_quotes", "‘One", "#####", "", "", "‘Two’ ‘three", "####")


def test_quotes_of_other_languages():
    check("prose.in_quotes", "„Ja“, sagte er, „aber ‚nein‘ auch.“ Gut.", "###             ##################")
    check("prose.in_quotes", "»Ja«, sagte er, »aber ›nein‹ auch.« Gut.", "###             ##################")
    check("prose.in_quotes", "« Oui », dit l’« ami » : «non».", "######         ######    ####")
    check("prose.in_quotes", "« a « b » c » d ‹e› f", "############    ##")
    check("prose.in_quotes", "”Ja”, sade hon. »Nej», sade han.", "###             ####")
    check("prose.in_quotes", "„Tak”, mówi. „A ‚b’ c”", "####         ########")
    check("prose.in_quotes", "Он «сказал „нет“ ему» да", "   #################")
    check("prose.in_quotes", '„Halb" so', "#####")
    check("prose.in_quotes", "他说“你好”。", "  ###")
    (quotes,) = labels("彼は「はい『いい』」と。", ["prose.in_quotes"])
    assert quotes.labels_N.nonzero()[0].tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_marks_that_close_nothing_open_nothing():
    check("prose.in_quotes", "so” und so“ und so« und so»; ’ ›", "")
    check("prose.in_quotes", "»Ja, sagte er", "##############", "", "", "und »so«.", "    ###")


def test_parentheses_start_anew_at_a_blank_line():
    check(
        "prose.in_parentheses",
        *(") a (b (c) d) e",
          "    ########"),
        *("x (y",
          "  ###"),
        *("",
          ""),
        *("z) (w",
          "   ###"),
    )  # fmt: skip


def test_places_in_the_line_and_since_its_break():
    check("prose.line_position", "ab c", "12345", "", "1", "d", "1|")
    check("prose.since_line_break", "ab c", "1234 ", "", " ", "d", "1|")
    check("prose.line_position", "ab", "123", "c", "12")


def test_places_in_the_word():
    check("prose.word_position", "Don't  x_y 'tis-so 42é", "12345  1 1  123 12 123")


def test_places_in_the_sentence():
    check("prose.sentence_position", 'Is it?" No. 3.5 m', "1234567 123 123456")
    check("prose.sentence_position", "Oui. « Non. » Er. »Ja.« Ok", "1234 12345678 123 12345 123")
    check("prose.sentence_position", "A b", "1234", "c", "5 ", "", "", " d.", " 12")


def test_capitals_and_digits():
    check("prose.capitalised_word", "The tHE ÉTÉ O'Hara 3D", "###     ### ######   ")
    check("prose.digit", "In 1812, no. 7", "   ####      #")


def test_a_line_break_is_near():
    check("prose.line_break_near", "abcdefgh", "   ######", "ij", "###", "", " ")
    check("prose.line_break_near", "abc", "   |")


def test_every_byte_has_the_label_of_its_character():
    text = "é“ж😀”".encode() + b"\xff(\xe2\x82"  # one byte that is none of UTF-8, and a character cut off
    quotes, brackets = labels_of_bytes(text, ["prose.in_quotes", "prose.in_parentheses"])
    assert quotes.labels_N.tolist() == [0] * 2 + [1] * (3 + 2 + 4) + [0] * (3 + 1 + 1 + 2)
    assert brackets.labels_N.tolist() == [0] * 15 + [1] * 3


@settings(max_examples=50, deadline=None)
@given(
    st.one_of(st.text(), st.lists(st.sampled_from([*'"“”„‘’‚«»‹›「」', "(", ")", "\n", ". ", "a", "1"])).map("".join))
)
def test_any_text_has_a_label_at_every_position(text):
    for concept in labels(text, ["prose"]):
        assert concept.labels_N.shape == (len(text),)
        assert concept.labels_N.min(initial=0) >= 0


@settings(max_examples=50, deadline=None)
@given(st.binary())
def test_any_bytes_have_a_label_each(text):
    (concept,) = labels_of_bytes(text, ["prose.word_position"])
    assert concept.labels_N.shape == (len(text),)
    assert concept.labels_N.dtype == np.int32
