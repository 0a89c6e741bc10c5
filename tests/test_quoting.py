"""Values with commas, against the csv module where both know the form."""

import csv

import pytest

from rnn_research.quoting import listed, parted


@pytest.mark.parametrize("text", ["a", "a,b", "a,", ",", '"a,b"', '"a,b",c', '"say ""hi"", now",z', 'a,"b,c"', '"",x'])
def test_as_the_csv_module(text):
    (expected,) = csv.reader([text])
    assert listed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        (' "a,b" , c ', ["a,b", "c"]),
        ('" a ", b ', [" a ", "b"]),
        ('"6" wide,b', ['"6" wide', "b"]),
        ('"never closed,b', ['"never closed', "b"]),
    ],
)
def test_blanks_and_quotes_that_are_none(text, expected):
    assert listed(text) == expected


def test_parts_keep_their_quotes():
    assert parted('task.path="a;b",c;seed=0:2', ";") == ['task.path="a;b",c', "seed=0:2"]
    assert parted("a;", ";") == ["a", ""]
    assert parted('x="open;b', ";") == ['x="open', "b"]
