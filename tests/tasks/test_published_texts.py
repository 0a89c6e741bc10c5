"""The published texts have the sizes and alphabets that the papers give. Skipped where they are not on the machine."""

import os
from pathlib import Path

import pytest

from configs.war_and_peace import get_config
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text.vocabulary import build

FOLDER = Path(os.environ.get("RNN_RESEARCH_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")


def published(name: str, keep_mark: bool = False) -> bytes:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: set RNN_RESEARCH_DATA to the folder that holds it")
    return corpora.read(str(path), corpora.Reading(keep_mark=keep_mark)).documents[0]


def test_war_and_peace():
    """Karpathy, Johnson and Li 2015, section 4.1: 3,258,246 characters, 87 of them distinct."""
    text = published("warpeace/warpeace_input.txt.gz", get_config().task.keep_byte_order_mark)
    assert len(text) == 3_258_246
    assert len(build([("", text)], "bytes")) == 87
    assert len(build([("", published("warpeace/warpeace_input.txt.gz"))], "bytes")) == 84, "three are of the mark"


def test_tiny_shakespeare():
    text = published("tinyshakespeare/input.txt")
    assert len(text) == 1_115_394
    words = build([("", text)], "codepoints")
    assert len(words) == 65
    assert words.decode(words.encode(text)) == text
