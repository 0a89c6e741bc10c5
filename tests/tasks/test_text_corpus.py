"""Text from where the user keeps it, and every way in which it can be missing."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from rnn_research.errors import UserError
from rnn_research.tasks.text import corpus as corpora
from rnn_research.tasks.text import language_modelling
from rnn_research.tasks.text.corpus import Reading
from rnn_research.training.defaults import defaults


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b.txt").write_bytes(b"second")
    (tmp_path / "a.txt").write_bytes(b"first")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.txt").write_bytes(b"third")
    (tmp_path / "notes.md").write_bytes(b"# not text")
    return tmp_path


def test_the_embedded_corpus_is_this_pythons_standard_library():
    corpus = corpora.embedded()
    names = [Path(name).name for name in corpus.names]
    assert names == sorted(names)
    assert corpus.documents[names.index("os.py")] == Path(os.__file__).read_bytes()
    assert sum(map(len, corpus.documents)) > 4_000_000
    assert corpus.sha256 == hashlib.sha256(b"".join(corpus.documents)).hexdigest()


def test_inline_text_is_utf8():
    assert corpora.inline("né").documents == (b"n\xc3\xa9",)


def test_a_byte_order_mark_of_an_inline_text_is_no_symbol():
    assert corpora.inline("\ufeffa\ufeffb").documents == ("a\ufeffb".encode(),)
    assert corpora.inline("\ufeffab", keep_mark=True).documents == ("\ufeffab".encode(),)
    with pytest.raises(UserError, match=r"task.text='\\ufeff' is a byte order mark alone"):
        corpora.inline("\ufeff")


@pytest.mark.parametrize(("keep", "text"), [(False, b"ab"), (True, "\ufeffab".encode())])
def test_the_field_says_whether_the_mark_of_an_inline_text_stays(keep, text):
    config = defaults().task
    config.text, config.keep_byte_order_mark = "\ufeffab", keep
    assert language_modelling.load(config).documents == (text,)


def test_one_file_byte_for_byte(tmp_path):
    path = tmp_path / "any"
    path.write_bytes(bytes(range(256)) + b"\r\n")
    assert corpora.read(str(path)).documents == (bytes(range(256)) + b"\r\n",)


def test_several_files_in_the_order_given(folder):
    corpus = corpora.read(f"{folder}/b.txt, {folder}/a.txt")
    assert corpus.documents == (b"second", b"first")
    assert corpus.names == (f"{folder}/b.txt", f"{folder}/a.txt")


def test_home_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert corpora.read("~/a.txt").documents == (b"first",)


@pytest.mark.parametrize(
    ("pattern", "documents"),
    [
        ("*.txt", (b"first", b"second")),
        ("**/*.txt", (b"first", b"second", b"third")),
        ("deep/*", (b"third",)),
        ("**/*", (b"first", b"second", b"third", b"# not text")),
    ],
)
def test_a_folder_in_order_of_name(folder, pattern, documents):
    assert corpora.read(str(folder), Reading(pattern)).documents == documents


def test_gzip_is_unpacked(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"war and ") + gzip.compress(b"peace"))
    assert corpora.read(str(path)).documents == (b"war and peace",)


def test_gzip_counts_as_the_text_within(tmp_path):
    (tmp_path / "plain").write_bytes(b"the same")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"the same"))
    assert corpora.read(f"{tmp_path}/plain").sha256 == corpora.read(f"{tmp_path}/packed.gz").sha256


def test_gzip_is_told_by_its_content(tmp_path):
    (tmp_path / "plain.gz").write_bytes(b"never packed")
    (tmp_path / "packed.txt").write_bytes(gzip.compress(b"war and ") + gzip.compress(b"peace") + b"\0" * 512)
    assert corpora.read(f"{tmp_path}/plain.gz,{tmp_path}/packed.txt").documents == (b"never packed", b"war and peace")


PACKED = gzip.compress(b"war and peace " * 100)


@pytest.mark.parametrize(
    "damaged",
    [
        PACKED[:-20],
        PACKED[:5],
        PACKED[:12] + bytes([PACKED[12] ^ 255]) + PACKED[13:],
        PACKED + b"what is this?",
        PACKED[:-6] + bytes([PACKED[-6] ^ 255]) + PACKED[-5:],
    ],
    ids=["cut off", "cut in the header", "wrong data", "more behind it", "wrong checksum"],
)
def test_damaged_gzip(tmp_path, damaged):
    path = tmp_path / "text.gz"
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=f"task.path={path}: cannot be read"):
        corpora.read(str(path))


def test_missing(folder):
    with pytest.raises(UserError, match=f"task.path={folder}/z.txt: no such file or folder"):
        corpora.read(f"{folder}/a.txt,{folder}/z.txt")


def test_nothing_in_the_folder_matches(folder):
    with pytest.raises(UserError, match=r"no file in this folder matches task.glob='\*.tex'"):
        corpora.read(str(folder), Reading("*.tex"))


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["file", "gzip"])
def test_empty(tmp_path, content):
    path = tmp_path / ("empty.gz" if content else "empty")
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{path}: the text is empty"):
        corpora.read(str(path))


def test_an_error_names_the_flag_that_the_user_gave(tmp_path):
    with pytest.raises(UserError, match=f"^--text={tmp_path}/nowhere"):
        corpora.read(f"{tmp_path}/nowhere", Reading(flag="--text"))


def test_a_file_that_is_not_packed_as_its_name_says_is_read_with_a_note(tmp_path):
    """A file is told by its content; who names one .gz should know that it was not."""
    for name, content in (("a.gz", b"plain"), ("b.gz", gzip.compress(b"packed")), ("c.txt", b"text"), ("d.XZ", b"x")):
        (tmp_path / name).write_bytes(content)
    found = corpora.read(str(tmp_path), Reading())
    assert found.documents == (b"plain", b"packed", b"text", b"x")
    assert found.notes == (
        f"{tmp_path / 'a.gz'} is no gzip by its content, whatever its name: it is read as it stands",
        f"{tmp_path / 'd.XZ'} is no xz by its content, whatever its name: it is read as it stands",
    )
