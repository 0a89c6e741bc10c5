"""Concepts of prose in any language: quotes, parentheses, addresses, the place in line, word and sentence.

An opening quote or parenthesis is inside, its closing one is not. Both start anew at a
blank line, so that one that is never closed, as at the paragraphs of a long speech,
does not turn the rest of the text inside out. Which marks are quotes: ``quotations``.
"""

import re

import numpy as np

from rnn_research.concepts.concept import Concept, binary, count
from rnn_research.concepts.lines import line_break_near, line_position, since_line_break
from rnn_research.concepts.quotations import BLANK_LINE, quotations
from rnn_research.concepts.spans import covered, matches, place_within, running
from rnn_research.concepts.url import url

_PARENTHESIS = re.compile(rf"[()]|{BLANK_LINE}")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_DIGITS = re.compile(r"[0-9]+")
# A mark of the end with the quotes and brackets that close after it, before white space; a full stop of
# Chinese and Japanese; or a blank line. French puts a space before a closing guillemet.
_SENTENCE_END = re.compile(
    rf"[.!?…]+(?:[\"'”’“‘»«›‹)\]]|[\u00a0\u202f ][»›])*(?=\s|\Z)|[。！？]+[”’」』）]*|{BLANK_LINE}"
)
_WHITE_SPACE = re.compile(r"\s*")


def prose(text: str) -> list[Concept]:
    """All concepts of prose."""
    N = len(text)
    words = matches(_WORD, text)
    capitalised = [(start, end) for start, end in words if text[start].isupper()]
    return [
        binary("in_quotes", covered(N, quotations(text)), "A quotation is open, of any language's marks."),
        binary("in_parentheses", _parentheses(text) > 0, "A ( is open, counted from the last blank line."),
        line_position(text),
        since_line_break(text),
        count("word_position", place_within(N, words), "Place in the word, from 1; inner apostrophes count."),
        count(
            "sentence_position",
            place_within(N, _sentences(text)),
            "Place in the sentence, from 1; it ends at . ! ? … before white space, or at a blank line.",
        ),
        binary("capitalised_word", covered(N, capitalised), "Every character of a word that begins with a capital."),
        binary("digit", covered(N, matches(_DIGITS, text)), "A digit from 0 to 9."),
        line_break_near(text),
        *url(text),
    ]


def _parentheses(text: str) -> np.ndarray:
    positions, changes, depth = [], [], 0
    for found in _PARENTHESIS.finditer(text):
        symbol = found.group()
        change = {"(": 1, ")": -1 if depth else 0}.get(symbol, -depth)
        positions.append(found.start() if symbol in "()" else found.end() - 1)
        changes.append(change)
        depth += change
    return running(len(text), np.array(positions, np.int64), np.array(changes))


def _sentences(text: str) -> list[tuple[int, int]]:
    """From each sentence's first character to after its last mark; white space between sentences is in none."""
    spans = []
    start = _after_white_space(text, 0)
    for found in _SENTENCE_END.finditer(text):
        if found.start() >= start:
            end = found.end() if not found.group().isspace() else found.start()
            spans.append((start, end))
            start = _after_white_space(text, found.end())
    return [*spans, (start, len(text))] if start < len(text) else spans


def _after_white_space(text: str, position: int) -> int:
    blank = _WHITE_SPACE.match(text, position)
    return blank.end() if blank else position
