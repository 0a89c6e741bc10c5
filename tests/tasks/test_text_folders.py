"""Folders as systems leave them, files that are no files, bombs and byte order marks: nothing is taken silently."""

import codecs
import gzip
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text.corpus import Reading
from rnn_research.tasks.text.text_files import is_binary

LETTER = b"dear friend, the river froze last night\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "letters"
    (root / ".git").mkdir(parents=True)
    (root / "first.txt").write_bytes(LETTER)
    (root / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (root / ".git" / "packed").write_bytes(b"text in a hidden folder")
    (root / "cover.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    return root


def names(corpus, root):
    return [Path(name).relative_to(root).as_posix() for name in corpus.names]


def test_hidden_and_binary_files_are_left_out_and_named(folder):
    corpus = corpora.read(str(folder))
    assert names(corpus, folder) == ["first.txt"]
    assert corpus.notes == (f"left out of {folder}: 2 hidden (.DS_Store, .git/packed), 1 binary (cover.png)",)


def test_on_request_they_are_taken(folder):
    every = [".DS_Store", ".git/packed", "cover.png", "first.txt"]
    corpus = corpora.read(str(folder), Reading(all_files=True))
    assert (names(corpus, folder), corpus.notes) == (every, ())
    assert names(corpora.read(str(folder), Reading(".git/*")), folder) == [".git/packed"], "named with its dot"
    assert names(corpora.read(f"{folder}/cover.png"), folder) == ["cover.png"], "a file by name"


def test_a_folder_that_holds_no_text(folder):
    (folder / "first.txt").unlink()
    with pytest.raises(UserError, match=r"is text \(left out: 2 hidden .* 1 binary .*all_files=True takes them"):
        corpora.read(str(folder))


def test_links_and_pipes_in_a_folder(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "to file").symlink_to(folder / "first.txt")
    os.mkfifo(folder / "pipe")
    corpus = corpora.read(str(folder))
    assert names(corpus, folder) == ["first.txt", "to file"]
    (note,) = corpus.notes
    for words in ("1 links to folders (loop)", "1 broken links (itself)", "1 pipes or devices (pipe)"):
        assert words in note
    with pytest.raises(UserError, match=r"itself: no such file or folder .a link that leads nowhere."):
        corpora.read(str(folder / "itself"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", False),
        (LETTER, False),
        ("ἄνδρα μοι ἔννεπε".encode(), False),
        ("Straße, café, naïve façade".encode("latin-1"), False),
        ("Война и мир".encode("koi8-r"), False),
        (b"page one\fpage two\x1b[1mbold\x1b[0m", False),
        (LETTER + b"\0", True),
        (np.random.default_rng(0).integers(1, 256, 400, np.uint8).tobytes(), True),
    ],
)
def test_what_is_binary(text, expected):
    assert is_binary(text) is expected


def refusal(path, **reading):
    began = time.monotonic()
    with pytest.raises(UserError) as caught:
        corpora.read(str(path), Reading(**reading))
    assert time.monotonic() - began < 1
    (line,) = str(caught.value).splitlines()
    return line


def test_what_is_no_file_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert "socket is a socket, not a file: save the text" in refusal(tmp_path / "socket")
    assert f"task.path={tmp_path}/pipe is a pipe, not a file" in refusal(tmp_path / "pipe")
    for device in ("/dev/zero", "/dev/null", "/dev/random"):
        assert f"{device} is a device, not a file" in refusal(device)


def test_endless_files_and_bombs_are_refused_at_once(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(2**40)
    block = gzip.compress(b"\0" * 2**24)
    (tmp_path / "bomb").write_bytes(block * 1000)  # 16 MB that unpack to 16 GB
    for name in ("sparse", "bomb"):
        line = refusal(tmp_path / name, most=2**26)
        assert f"{name}: the text would have more than 67,108,864 bytes: name less, or allow more with" in line
        assert line.endswith("task.most_bytes (0: no limit)")


def test_the_bound_is_on_all_of_the_text(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 60)
    (tmp_path / "b").write_bytes(gzip.compress(b"y" * 60))
    both = f"{tmp_path}/a,{tmp_path}/b"
    assert sum(map(len, corpora.read(both, Reading(most=120)).documents)) == 120
    assert sum(map(len, corpora.read(both, Reading(most=0)).documents)) == 120
    assert f"{tmp_path}/b: the text would have more than 119 bytes" in refusal(both, most=119)


WORDS = "naïve ἄνδρα 😀\n"


@pytest.mark.parametrize(
    ("mark", "encoding", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", ""),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_is_no_symbol(tmp_path, mark, encoding, name, packed):
    raw = mark + WORDS.encode(encoding)
    (tmp_path / "text").write_bytes(gzip.compress(raw) if packed else raw)
    for path in (tmp_path, tmp_path / "text"):
        corpus = corpora.read(str(path))
        assert corpus.documents == (WORDS.encode(),)
        assert corpus.notes == ((f"{tmp_path}/text is read as {name}",) if name else ())
    assert corpora.read(f"{tmp_path}/text", Reading(keep_mark=True)).documents == (raw,)


def test_only_the_first_mark_of_a_document_is_one(tmp_path):
    (tmp_path / "text").write_bytes(codecs.BOM_UTF8 * 2 + b"a")
    assert corpora.read(f"{tmp_path}/text").documents == (codecs.BOM_UTF8 + b"a",)


def test_a_mark_of_an_encoding_that_it_is_not(tmp_path):
    (tmp_path / "text").write_bytes(codecs.BOM_UTF16_LE + b"odd")
    line = refusal(tmp_path / "text")
    assert "is not UTF-16: save it as UTF-8, or set task.keep_byte_order_mark=True" in line
    (tmp_path / "other").write_bytes(LETTER)
    assert corpora.read(str(tmp_path)).notes == (f"left out of {tmp_path}: 1 binary (text)",)


def test_names_with_commas(tmp_path):
    moon, plain = tmp_path / "Verne, Around the moon.txt", tmp_path / "b.txt"
    moon.write_bytes(LETTER)
    plain.write_bytes(b"second")
    assert corpora.read(str(moon)).documents == (LETTER,)
    assert corpora.read(f'{plain}, "{moon}"').documents == (b"second", LETTER)
    assert "stands in double quotes" in refusal(f"{plain},{moon}")
