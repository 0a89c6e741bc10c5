"""One contiguous cut of the corpus into train, validation and test."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from rnn_research.errors import UserError
from rnn_research.tasks.text.corpus import Corpus
from rnn_research.tasks.text.cutting import cut


def section(level="bytes", validation=0.1, test=0.1):
    return ConfigDict({"level": level, "validation_fraction": validation, "test_fraction": test})


def corpus_of(documents):
    return Corpus(tuple(f"doc{i}" for i in range(len(documents))), tuple(documents))


def test_a_cut_by_hand():
    parts = cut(corpus_of([b"01234", b"56789abcde", b"fghij"]), section(validation=0.2, test=0.1))
    assert parts == {
        "train": [("doc0", b"01234"), ("doc1", b"56789abcd")],
        "validation": [("doc1", b"e"), ("doc2", b"fgh")],
        "test": [("doc2", b"ij")],
    }


FRACTIONS = {"validation": st.sampled_from([0.0, 0.05, 0.3]), "test": st.sampled_from([0.0, 0.1, 0.6])}


@settings(max_examples=40, deadline=None)
@given(documents=st.lists(st.binary(max_size=30), min_size=1, max_size=5), **FRACTIONS)
def test_nothing_is_lost_or_read_twice(documents, validation, test):
    total = sum(map(len, documents))
    parts = cut(corpus_of(documents), section("bytes", validation, test))
    assert list(parts) == ["train"] + ["validation"] * (validation > 0) + ["test"] * (test > 0)
    texts = {name: b"".join(text for _, text in pieces) for name, pieces in parts.items()}
    assert b"".join(texts.values()) == b"".join(documents)
    assert len(texts.get("validation", b"")) == int(total * validation)
    assert len(texts.get("test", b"")) == int(total * test)


@settings(max_examples=40, deadline=None)
@given(
    documents=st.lists(st.text(st.sampled_from("aé中😀"), max_size=8), min_size=1, max_size=5),
    level=st.sampled_from(["codepoints", "words"]),
    **FRACTIONS,
)
def test_no_character_is_cut_in_two(documents, level, validation, test):
    """Each part decodes on its own, and is at most a character off the fraction asked for."""
    encoded = [d.encode() for d in documents]
    parts = cut(corpus_of(encoded), section(level, validation, test))
    assert "".join(text.decode() for pieces in parts.values() for _, text in pieces) == "".join(documents)
    total = sum(map(len, encoded))
    for name, fraction in (("validation", validation), ("test", test)):
        size = sum(len(text) for _, text in parts.get(name, []))
        assert abs(size - int(total * fraction)) <= 3


@pytest.mark.parametrize(
    ("validation", "test"), [(-0.1, 0.1), (0.1, -0.1), (1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (float("nan"), 0.1)]
)
def test_fractions_that_leave_nothing_to_train_on(validation, test):
    with pytest.raises(UserError, match=f"task.validation_fraction={validation} and .*test_fraction={test}"):
        cut(corpus_of([b"0123456789"]), section("bytes", validation, test))
