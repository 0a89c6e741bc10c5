"""The error breakdown, against a short text whose errors are sorted by hand."""

import numpy as np
import pytest

from rnn_research.analysis.error_breakdown import (
    BEFORE_WORDS,
    count_words,
    error_breakdown,
    follows,
    memory_reach,
    training_count,
    words_of,
)

#                0         1         2         3         4
#                0123456789012345678901234567890123456789012
TEXT = b'Mary met Zed, and "Mary" saw\r\nZed don\'t go.'
TRAINING = b"and and met go. saw saw saw saw saw saw don't"
# Nothing is sure but what is not named here.
ERRORS = {
    1: 0.10,  # M[a]ry, the first time: rare (never in training)
    5: 0.20,  # [m]et: an n-gram model of 1 has it
    7: 0.49,  # me[t]: one of 2 has it
    9: 0.10,  # [Z]ed: rare
    12: 0.10,  # Zed[,]: punctuation
    13: 0.15,  # the space after it: a boost of 0.4
    14: 0.10,  # [a]nd: twice in training, so rare before it is the first of a word
    18: 0.10,  # the quote that opens: follows a space
    20: 0.10,  # M[a]ry the second time: in memory
    25: 0.10,  # [s]aw: six times in training, first of a word
    26: 0.45,  # s[a]w: a boost of 0.1
    28: 0.05,  # the carriage return: a boost of 0.5
    29: 0.40,  # the line feed: a boost of 0.1
    32: 0.10,  # Ze[d] the second time: in memory
    34: 0.10,  # [d]on't: once in training
    38: 0.10,  # don'[t]: the same word
    40: 0.10,  # [g]o: once in training
}
EXPECTED = {
    ("n-gram", 1): 1,
    ("n-gram", 2): 1,
    ("dynamic memory", 100): 2,
    ("rare words", 0): 2,
    ("rare words", 1): 3,
    ("rare words", 2): 1,
    ("word model", None): 2,
    ("punctuation", None): 1,
    ("boost", 0.1): 2,
    ("boost", 0.4): 1,
    ("boost", 0.5): 1,
}


@pytest.fixture(scope="module")
def breakdown():
    p_N = np.full(len(TEXT), 0.9)
    p_N[list(ERRORS)] = list(ERRORS.values())
    p_ngram_ON = np.full((2, len(TEXT)), 0.3)
    p_ngram_ON[:, 5] = 0.5
    p_ngram_ON[1, [7, 8]] = 0.9  # 8 is no error
    return error_breakdown(p_N, TEXT, p_ngram_ON, count_words(TRAINING))


def test_each_oracle_takes_what_was_sorted_by_hand(breakdown):
    assert breakdown.characters == 43
    assert breakdown.errors == len(ERRORS) == 17
    assert {(part.oracle, part.setting): part.errors for part in breakdown.removed if part.errors} == EXPECTED


def test_the_order_and_what_is_left(breakdown):
    names = list(dict.fromkeys(part.oracle for part in breakdown.removed))
    assert names == ["n-gram", "dynamic memory", "rare words", "word model", "punctuation", "boost"]
    left = 17
    for part in breakdown.removed:
        left -= part.errors
        assert part.left == left
        assert part.share == pytest.approx(part.errors / 17)
    assert left == 0


def test_settings_add_up(breakdown):
    whole = breakdown.by_oracle()
    assert {name: part.errors for name, part in whole.items()} == {
        "n-gram": 2,
        "dynamic memory": 2,
        "rare words": 6,
        "word model": 2,
        "punctuation": 1,
        "boost": 4,
    }
    assert whole["rare words"].left == 7
    assert sum(part.share for part in whole.values()) == pytest.approx(1)


def test_memory_counts_back_from_the_word_to_where_it_stood():
    """``then``: inside ``lengthen``, 8 characters before its own first one; ``he`` is not found in itself."""
    text = b"lengthen, a then he"
    reach_N = memory_reach(text, words_of(text), 100)
    assert reach_N[:8].tolist() == [np.inf] * 8
    assert reach_N[12:16].tolist() == [np.inf, 8, 8, 8]
    assert reach_N[17:].tolist() == [np.inf, 4]
    shorter_N = memory_reach(text, words_of(text), 7)
    assert shorter_N[12:16].tolist() == [np.inf] * 4
    assert shorter_N[18] == 4


def test_the_longest_memories_take_what_is_farther_back():
    text = b"Mary " + b"- " * 300 + b"Mary"
    p_N = np.full(len(text), 0.9)
    p_N[-3:] = 0.1  # 605 characters after
    parts = error_breakdown(p_N, text, np.zeros((1, len(text))), {b"Mary": 9}).removed
    assert {part.setting: part.errors for part in parts if part.oracle == "dynamic memory"} == {
        100: 0,
        500: 0,
        1000: 3,
        5000: 0,
    }


def test_words():
    text = "It's 'so' caf\u00e9-like, isn't''a it' 42".encode()
    words = words_of(text)
    assert [word.decode() for word in words.bytes_W] == ["It's", "so", "café", "like", "isn't", "a", "it", "42"]
    assert [text[start:end] for start, end in zip(words.start_W, words.end_W)] == words.bytes_W
    counts = training_count(words_of(b"a bb, a"), count_words(b"a a A bb"), 7)
    assert counts.tolist() == [2, np.inf, 1, 1, np.inf, np.inf, 2]


def test_the_first_of_a_word_follows_a_space_a_quote_or_a_newline():
    text_N = np.frombuffer(b"ab c\"d'e\r\nf-g,h\ti", np.uint8)
    assert bytes(text_N[follows(text_N, BEFORE_WORDS)]) == b"cdef"


def test_nothing_wrong_and_nothing_at_all():
    sure = error_breakdown(np.ones(5), b"right", np.zeros((9, 5)), {})
    empty = error_breakdown(np.ones(0), b"", np.zeros((9, 0)), {})
    for found in (sure, empty):
        assert found.errors == 0
        assert all(part.errors == 0 and part.share == 0 for part in found.removed)


def test_exactly_one_half_is_right():
    assert error_breakdown(np.array([0.5, 0.4999999]), b"ab", np.zeros((1, 2)), {}).errors == 1


@pytest.mark.parametrize(
    ("p_N", "p_ngram_ON", "message"),
    [
        (np.ones(3), np.ones((1, 2)), "do not fit"),
        (np.ones(2), np.ones((1, 3)), "do not fit"),
        (np.log([0.5, 0.5]), np.ones((1, 2)), "logarithms"),
        (np.array([0.5, np.nan]), np.ones((1, 2)), "logarithms"),
    ],
)
def test_arrays_that_cannot_be_meant_are_refused(p_N, p_ngram_ON, message):
    with pytest.raises(ValueError, match=message):
        error_breakdown(p_N, b"ab", p_ngram_ON, {})
