"""Text to symbols and back, at each level."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_research.errors import UserError
from rnn_research.tasks.text.vocabulary import OUTSIDE, Vocabulary, build
from rnn_research.tasks.text.words import UNKNOWN, words_of

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def through_json(vocabulary: Vocabulary) -> Vocabulary:
    return Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1))
def test_bytes_round_trip(text):
    words = through_json(build([("", text)], "bytes"))
    symbols = words.encode(text)
    assert symbols.dtype == np.int32
    assert words.decode(symbols) == text
    assert [ord(s) for s in words.symbols] == sorted(set(text))


@settings(max_examples=50, deadline=None)
@given(ANY_TEXT)
def test_codepoints_round_trip(text):
    words = through_json(build([("", text.encode())], "codepoints"))
    symbols = words.encode(text.encode())
    assert len(symbols) == len(text)
    assert words.decode(symbols) == text.encode()
    assert words.symbols == tuple(sorted(set(text)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["war", "Krieg", "paix", "мир", "x_1", "7", ",", "“", "\n"]), min_size=1))
def test_words_round_trip(pieces):
    """Words, single punctuation marks and line breaks, whatever blanks lie between."""
    words = through_json(build([("", "  ".join(pieces).encode())], "words"))
    symbols = words.encode("\t".join(pieces).encode())
    assert [words.symbols[i] for i in symbols] == pieces
    assert words_of(words.decode(symbols).decode(), "unicode") == pieces


def test_words_are_in_order_of_falling_count_and_then_of_name():
    words = build([("", b"b b b a a c c"), ("", b"d")], "words")
    assert words.symbols == (UNKNOWN, "b", "a", "c", "d")


@pytest.mark.parametrize(("least", "kept"), [(1, ("c", "b", "a")), (2, ("c", "b")), (3, ("c",)), (4, ())])
def test_words_rarer_than_the_least_count_are_unknown(least, kept):
    text = b"c c c b b a"
    words = build([("", text)], "words", least)
    assert words.symbols == (UNKNOWN, *kept)
    assert [words.symbols[i] for i in words.encode(text)] == [
        w if w in kept else UNKNOWN for w in text.decode().split()
    ]


def test_the_unknown_word_cannot_be_written():
    words = build([("", b"<unk> <unk>")], "words")
    assert 0 not in words.encode(b"<unk>")


@pytest.mark.parametrize("level", ["bytes", "codepoints"])
def test_what_is_not_in_the_vocabulary_is_outside(level):
    words = build([("", b"hello")], level)
    np.testing.assert_array_equal(words.encode(b"hexe!"), [1, 0, OUTSIDE, 0, OUTSIDE])


def test_a_symbol_of_several_bytes_is_one_code_point_and_two_bytes():
    text = "né".encode()
    assert len(build([("", text)], "codepoints").encode(text)) == 2
    assert len(build([("", text)], "bytes").encode(text)) == 3


@pytest.mark.parametrize("level", ["codepoints", "words"])
def test_text_that_is_not_utf8_is_refused_with_the_offset(level):
    with pytest.raises(UserError, match=r"^latin.txt is not UTF-8: byte 0xe9 at offset 3; .*task.level=bytes"):
        build([("good.txt", b"abc"), ("latin.txt", b"caf\xe9 au lait")], level)


@pytest.mark.parametrize("level", ["codepoints", "words"])
def test_binary_is_refused_with_the_offset(level):
    with pytest.raises(UserError, match=r"^a.out is binary: a NUL at offset 4; .*task.level=bytes"):
        build([("a.out", "né\n".encode() + b"\0")], level)


def test_an_unknown_level_is_refused_with_the_list():
    with pytest.raises(
        UserError, match=r"task.level='byte' .*did you mean 'bytes'\?; known: bytes, codepoints, tokens, words"
    ):
        build([("", b"x")], "byte")


def test_no_difference_with_itself():
    words = build([("", b"hello")], "bytes")
    assert words.difference(through_json(words)) == ""


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (build([("", b"hello")], "codepoints"), "level 'codepoints' instead of 'bytes'"),
        (build([("", b"hell")], "bytes"), "3 symbols instead of 4, without 'o'"),
        (build([("", b"hello!")], "bytes"), "5 symbols instead of 4, with '!' added"),
        (build([("", b"jello")], "bytes"), "4 symbols instead of 4, without 'h', with 'j' added"),
        (
            build([("", b"hello1234567")], "bytes"),
            "11 symbols instead of 4, with '1', '2', '3', '4', '5' and 2 more added",
        ),
    ],
)
def test_the_difference_in_a_sentence(other, sentence):
    assert build([("", b"hello")], "bytes").difference(other) == sentence


def test_the_same_words_in_another_order_differ():
    words = build([("", b"a a b")], "words")
    assert words.difference(build([("", b"a b b")], "words")) != ""


def test_what_is_outside_is_counted_at_every_level():
    words = build([("", b"a a b b c")], "words", min_count=2)
    assert words.outside(words.encode(b"a c d b")) == 2
    characters = build([("", b"ab")], "codepoints")
    assert characters.outside(characters.encode("abé".encode())) == 1
