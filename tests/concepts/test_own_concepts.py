"""Concepts of the user's own, the registry, and the text with its labels under it."""

import numpy as np
import pytest

from rnn_research.concepts import CONCEPTS, GROUPS, by_pattern, from_file, labels, show_labels
from rnn_research.errors import UserError


def test_a_pattern_labels_its_matches_or_its_group():
    text = "id=7, id=42"
    assert by_pattern(text, "n", r"\d+").labels_N.tolist() == [c.isdigit() for c in text]
    (group,) = labels(text, [], patterns={"key": r"(?P<label>id)=4"})
    assert np.flatnonzero(group.labels_N).tolist() == [6, 7]
    assert (group.name, group.kind) == ("key", "binary")


def test_a_bad_pattern_is_named_in_one_line():
    with pytest.raises(UserError, match=r"^--pattern=n='\(' is no regular expression \(missing \), .* 0\): .*$"):
        by_pattern("x", "n", "(")


def test_a_text_of_symbols(tmp_path):
    file = tmp_path / "mood.txt"
    file.write_bytes(b"aab\r\n\n")
    concept = from_file(str(file), 5)  # one line break too many at the end
    assert (concept.name, concept.kind, concept.classes) == ("mood", "categorical", ("\n", "\r", "a", "b"))
    assert concept.labels_N.tolist() == [2, 2, 3, 1, 0]
    file.write_text("0110")
    assert from_file(str(file), 4).kind == "binary"
    assert from_file(str(file), 4).labels_N.tolist() == [False, True, True, False]


def test_an_array_of_integers(tmp_path):
    file = tmp_path / "depth.npy"
    np.save(file, [0, 2, 1])
    assert from_file(str(file), 3).kind == "count"
    assert from_file(str(file), 3).labels_N.tolist() == [0, 2, 1]
    np.save(file, [False, True])
    assert from_file(str(file), 2).kind == "binary"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([0, 1], "has 2 labels for 3 characters"),
        ([0.5, 1, 2], "must hold one row of integers"),
        ([[0], [1], [2]], "must hold one row of integers"),
        ([-1, 0, 1], "holds -1 to 1"),
        ([[], {}, None], "cannot be read"),
    ],
)
def test_a_file_that_does_not_fit_is_named_in_one_line(tmp_path, stored, message):
    file = tmp_path / "a.npy"
    np.save(file, np.array(stored, dtype=object if None in stored else None), allow_pickle=True)
    with pytest.raises(UserError, match=rf"^--labels={file} {message}.*: .*$"):
        from_file(str(file), 3)


def test_a_missing_file_and_one_that_is_not_utf_8(tmp_path):
    with pytest.raises(UserError, match=r"^--labels=.* cannot be read \(.*No such file.*\): .*$"):
        from_file(str(tmp_path / "none.txt"), 3)
    (tmp_path / "a.txt").write_bytes(b"\xff12")
    with pytest.raises(UserError, match=r"^--labels=.* cannot be read \(.*utf-8.*\): .*$"):
        from_file(str(tmp_path / "a.txt"), 3)


def test_names_and_groups():
    found = labels("(a)", ["prose.in_parentheses", "python.in_parentheses", "latex"])
    assert [c.name for c in found[:2]] == ["prose.in_parentheses", "python.in_parentheses"]
    assert [c.name for c in found[2:]] == [name for name in CONCEPTS if name.startswith("latex.")]
    assert all(CONCEPTS.values())
    assert {name.split(".")[0] for name in CONCEPTS} == set(GROUPS)


def test_unknown_names_and_names_that_come_twice():
    with pytest.raises(UserError, match=r"^--concepts='prose.quotes' is unknown, did you mean 'prose.in_quotes'"):
        labels("x", ["prose.quotes"])
    with pytest.raises(UserError, match=r"^--concepts='pyton' is unknown, did you mean 'python'\?; known: code, "):
        labels("", ["pyton"])
    with pytest.raises(UserError, match=r"^--concepts='prose.digit' comes twice: .*$"):
        labels("x", ["prose", "prose.digit"])


def test_labels_are_shown_under_the_text():
    (strings,) = labels("x = 'é'\n\ty\r\n漢'", ["python.in_string"])
    shown = show_labels("x = 'é'\n\ty\r\n漢'", strings, width=5).splitlines()
    assert shown[1:] == ["x = '", "    #", "é'↵", "#", "→y␍↵", "", "漢'", "  #"]


def test_counts_and_categories_are_shown_as_digits():
    text = "a" * 40 + "."
    word, token = labels(text, ["prose.word_position", "python.token"])
    assert show_labels(text, word).splitlines()[2] == "123456789abcdefghijklmnopqrstuvwxyz+++++"
    rows = show_labels("if a", labels("if a", ["python.token"])[0]).splitlines()
    assert rows[1].startswith("0=blank 1=comment 2=string")
    assert rows[3] == "4405"
    with pytest.raises(ValueError, match="41 labels for 1 characters"):
        show_labels("x", token)
