"""Words by Unicode's boundaries in many scripts, tokens that are there already, and the blanks put back."""

import json

import numpy as np
import pytest

from rnn_research.decoding.writing import unknown_words
from rnn_research.tasks.text.vocabulary import Vocabulary, build
from rnn_research.tasks.text.words import LINE_END, UNKNOWN, Joiner, words_of

# The first is the example of Unicode's standard annex 29, section 4, without its blanks.
BY_HAND = [
    (
        'The quick ("brown") fox can\'t jump 32.3 feet, right?',
        ["The", "quick", "(", '"', "brown", '"', ")", "fox", "can't", "jump", "32.3", "feet", ",", "right", "?"],
    ),
    ("क्षत्रिय नमस्ते दुनिया", ["क्षत्रिय", "नमस्ते", "दुनिया"]),  # marks of vowels and of none
    ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
    ("הַמֶּלֶךְ דָּוִד", ["הַמֶּלֶךְ", "דָּוִד"]),
    ("السَّلامُ عليكم", ["السَّلامُ", "عليكم"]),
    ("日本語のテキスト。", ["日", "本", "語", "の", "テキスト", "。"]),
    ("👩\u200d👩\u200d👧 ok 🇩🇪", ["👩\u200d👩\u200d👧", "ok", "🇩🇪"]),
    ("x_1\r\nb\n\n c", ["x_1", "\n", "b", "\n", "\n", "c"]),
    (" \t\u00a0 ", []),
]


@pytest.mark.parametrize(("text", "expected"), BY_HAND)
def test_words_by_hand(text, expected):
    assert words_of(text, "unicode") == expected


@pytest.mark.parametrize(
    "text",
    [
        'He said, “well-known (or not)?” It\'s "quoted", 50% of $3.14!\nSo «dit-il»: [sic]…',
        'He asked: "who?" and "why"; \'no\' one knew...\n"On a new line" all begins again.',
        "naïve cafe\u0301 Straße",
        "क्षत्रिय नमस्ते दुनिया।",
        "日本語のテキスト。もう一つ、ある！",  # noqa: RUF001
        "Привет, мир — нет.".replace(" — ", "—"),
        "one\n\n\ntwo",
    ],
)
def test_prose_comes_back_as_it_was(text):
    words = build([("", text.encode())], "words")
    symbols = words.encode(text.encode())
    assert words.decode(symbols).decode() == text
    for cut in range(len(symbols) + 1):  # in two pieces, too
        decode = words.decoder()
        assert (decode(symbols[:cut]) + decode(symbols[cut:])).decode() == text


@pytest.mark.parametrize(
    ("prime", "words", "expected"),
    [
        ("seven ships", ["sailed", "."], " sailed."),
        ("seven ships ", ["sailed"], "sailed"),
        ("seven ships\n", ["sailed"], "sailed"),
        ("seven (", ["ships", ")", "sailed"], "ships) sailed"),
        ('he said "', ["no", '"', "twice"], 'no" twice'),
        ("", ["sailed"], "sailed"),
    ],
)
def test_a_text_goes_on_from_its_prime(prime, words, expected):
    assert Joiner("unicode").after(prime).join(words) == expected


PENN = " aer <unk> N years \n no it was n't \n\n the <unk>"


def test_tokens_are_there_already():
    """As the Penn Treebank and WikiText are read everywhere: a line end is ``<eos>``, ``<unk>`` one token."""
    expected = []
    for line in PENN.split("\n"):
        expected += [*line.split(), LINE_END]
    assert words_of(PENN + "\n", "blanks") == expected
    tokens = build([("", PENN.encode())], "tokens")
    assert tokens.symbols.count(UNKNOWN) == 1
    symbols = tokens.encode(PENN.encode())
    assert [tokens.symbols[i] for i in symbols] == expected[:-1]
    assert tokens.decode(symbols) == b"aer <unk> N years\nno it was n't\n\nthe <unk>"
    np.testing.assert_array_equal(tokens.encode(b"unheard-of N"), [0, tokens.symbols.index("N")])
    assert tokens.decoder("no it")(tokens.encode(b"was")) == b" was"


def test_runs_of_before_tell_words_as_they_did():
    stored = {"level": "words", "symbols": [UNKNOWN, "don", "'", "t", "cafe", "\u0301"]}
    older = Vocabulary.from_json(stored)
    text = "don't cafe\u0301".encode()
    assert [older.symbols[i] for i in older.encode(text)] == ["don", "'", "t", "cafe", "\u0301"]
    again = build([("", text)], "words", rule=older.rule)
    assert (again.rule, set(again.symbols)) == (older.rule, set(older.symbols))
    newer = build([("", text)], "words")
    assert newer.symbols == (UNKNOWN, "cafe\u0301", "don't")
    assert "words told by 'unicode' instead of 'letters'" in older.difference(newer)
    assert Vocabulary.from_json(json.loads(json.dumps(newer.to_json()))) == newer


def test_words_of_a_prime_that_are_not_known_are_named():
    words = build([("", b"seven ships sailed")], "words")
    assert unknown_words(words, "seven whales, seven ships, whales") == ["whales", ","]
    assert unknown_words(build([("", b"<unk> N")], "tokens"), "<unk> N M") == ["M"]
    assert unknown_words(build([("", b"abc")], "bytes"), "abd") == []
