"""The errors of a character model, taken away oracle by oracle.

After Karpathy, Johnson and Li 2015 (arXiv:1506.02078), section 4.4. An error is a character
whose probability was below 0.5. The oracles act in the paper's order, and each sees only the
errors that those before it left:

1. n-gram: an n-gram model gave the right character 0.5 or more; n grows.
2. dynamic memory: the character belongs to a word, is not its first, and the word stands, as a
   word or inside another, wholly in the n characters before it; n = 100, 500, 1000, 5000.
3. rare words: the character belongs to a word that the training text has at most n times; n = 0 to 5.
4. word model: the character follows a space, a quote or a newline.
5. punctuation: the character is a punctuation mark of ASCII.
6. boost: its probability and b together are 0.5 or more; b = 0.1 to 0.5. The last one takes all that is left.

What the paper leaves open, and what is done here: a word is a run of letters, digits and bytes
above 127, with apostrophes inside (``don't``); the first word of the text sees nothing before it;
a rare word loses the errors of all of its characters; quotes are ``"`` and ``'``; at exactly
0.5 a character is right.
"""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

RIGHT = 0.5
WORD = re.compile(rb"[0-9A-Za-z\x80-\xff]+(?:'[0-9A-Za-z\x80-\xff]+)*")
BEFORE_WORDS = b" \"'\n"
MEMORIES = (100, 500, 1000, 5000)
RARE = (0, 1, 2, 3, 4, 5)
BOOSTS = (0.1, 0.2, 0.3, 0.4, 0.5)


class Removed(NamedTuple):
    """What one oracle took away, after all before it.

    Attributes:
      oracle: ``n-gram``, ``dynamic memory``, ``rare words``, ``word model``, ``punctuation`` or ``boost``.
      setting: its n or b; None where it has none.
      errors: how many it took away.
      share: of all errors; 0 where there are none.
      left: errors still there.
    """

    oracle: str
    setting: float | None
    errors: int
    share: float
    left: int


class Breakdown(NamedTuple):
    """A whole text.

    Attributes:
      characters: its length.
      errors: characters below 0.5.
      removed: every oracle and setting, in order.
    """

    characters: int
    errors: int
    removed: tuple[Removed, ...]

    def by_oracle(self) -> dict[str, Removed]:
        """One entry an oracle, its settings added up; ``setting`` is the last one."""
        whole: dict[str, Removed] = {}
        for part in self.removed:
            before = whole.get(part.oracle)
            if before is not None:
                part = part._replace(errors=part.errors + before.errors, share=part.share + before.share)
            whole[part.oracle] = part
        return whole


def error_breakdown(
    p_N: np.ndarray,
    text: bytes,
    p_ngram_ON: np.ndarray,
    training_words: Mapping[bytes, int],
    *,
    contexts: Sequence[int] | None = None,
) -> Breakdown:
    """Takes the errors away, oracle by oracle.

    Args:
      p_N: the model's probability of every character of the text, given those before it.
      text: N bytes.
      p_ngram_ON: the same of the n-gram models, the shortest first. The paper's n = 1 to 9 are the characters
        of context: grams of 2 to 10.
      training_words: how often each word occurs in the training text, of ``count_words``.
      contexts: the n of each n-gram model, for the names; None for 1 to O.

    Raises:
      ValueError: where the lengths differ, or a probability is not one.
    """
    p_N, p_ngram_ON = np.asarray(p_N, np.float64), np.asarray(p_ngram_ON)
    N, O = len(text), len(p_ngram_ON)
    if p_N.shape != (N,) or p_ngram_ON.shape != (O, N):
        raise ValueError(f"probabilities {p_N.shape} and {p_ngram_ON.shape} do not fit a text of {N} bytes")
    for p in (p_N, p_ngram_ON):
        if not np.all((p >= 0) & (p <= 1 + 1e-6)):
            raise ValueError("probabilities must be from 0 to 1: are these logarithms?")
    contexts = range(1, O + 1) if contexts is None else contexts
    words = words_of(text)
    text_N = np.frombuffer(text, np.uint8)

    oracles: list[tuple[str, float | None, np.ndarray]] = []
    oracles += [("n-gram", n, p_n >= RIGHT) for n, p_n in zip(contexts, p_ngram_ON, strict=True)]
    reach_N = memory_reach(text, words, max(MEMORIES))
    oracles += [("dynamic memory", n, reach_N <= n) for n in MEMORIES]
    count_N = training_count(words, training_words, N)
    oracles += [("rare words", n, count_N <= n) for n in RARE]
    oracles += [("word model", None, follows(text_N, BEFORE_WORDS))]
    oracles += [("punctuation", None, is_one_of(text_N, string.punctuation.encode()))]
    oracles += [("boost", b, p_N + b >= RIGHT) for b in BOOSTS]

    left_N = p_N < RIGHT
    errors = int(left_N.sum())
    removed = []
    for oracle, setting, hit_N in oracles:
        taken = int((left_N & hit_N).sum())
        left_N = left_N & ~hit_N
        removed.append(Removed(oracle, setting, taken, taken / max(errors, 1), int(left_N.sum())))
    return Breakdown(N, errors, tuple(removed))


class Words(NamedTuple):
    """The words of a text, W of them: their bytes, where they begin and where they end (exclusive)."""

    bytes_W: list[bytes]
    start_W: np.ndarray
    end_W: np.ndarray


def words_of(text: bytes) -> Words:
    """Finds the words of a text."""
    found = list(WORD.finditer(text))
    spans = np.array([match.span() for match in found], np.int64).reshape(-1, 2)
    return Words([match.group() for match in found], spans[:, 0], spans[:, 1])


def count_words(text: bytes) -> Counter[bytes]:
    """How often each word occurs; a word of another case is another word."""
    return Counter(WORD.findall(text))


def memory_reach(text: bytes, words: Words, longest: int) -> np.ndarray:
    """The fewest characters before a word that hold it, ``[N]``, at all of its characters but the first.

    Infinite at other characters, and where more than ``longest`` would be needed.
    """
    places = zip(words.bytes_W, words.start_W.tolist(), strict=True)
    found_W = np.array([text.rfind(word, max(0, start - longest), start) for word, start in places], np.int64)
    reach_W = np.where(found_W < 0, np.inf, words.start_W - found_W)
    return _over_words(reach_W, words.start_W + 1, words.end_W, len(text))


def training_count(words: Words, training_words: Mapping[bytes, int], N: int) -> np.ndarray:
    """How often the training text has a character's word, ``[N]``; infinite outside of words."""
    count_W = np.array([training_words.get(word, 0) for word in words.bytes_W], np.float64)
    return _over_words(count_W, words.start_W, words.end_W, N)


def follows(text_N: np.ndarray, before: bytes) -> np.ndarray:
    """Whether the character before is one of these, ``[N]``; the first follows none."""
    return np.concatenate([np.zeros(min(1, len(text_N)), bool), is_one_of(text_N[:-1], before)])


def is_one_of(text_N: np.ndarray, characters: bytes) -> np.ndarray:
    """Whether each byte is one of these, ``[N]``."""
    return np.isin(text_N, np.frombuffer(characters, np.uint8))


def _over_words(value_W: np.ndarray, start_W: np.ndarray, end_W: np.ndarray, N: int) -> np.ndarray:
    """A word's value at its places from start to end, infinite elsewhere."""
    value_N = np.full(N, np.inf)
    size_W = end_W - start_W
    place = np.arange(size_W.sum()) + np.repeat(start_W - np.cumsum(size_W) + size_W, size_W)
    value_N[place] = np.repeat(value_W, size_W)
    return value_N
