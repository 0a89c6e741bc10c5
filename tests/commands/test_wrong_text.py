"""Text that cannot be trained on: one line that names it, exit status 2, and nothing is made."""

import gzip
import lzma
from pathlib import Path

import pytest
from processes import WarmPython, refused

TINY = "--config=configs/char_lm.py:tiny"
FILES = {
    "empty.txt": b"",
    "short.txt": b"too short",
    "latin.txt": b"caf\xe9 " * 2000,
    "binary.bin": b"plain text " * 100 + b"\0" + b"plain text " * 1000,
    "text.tar.xz": lzma.compress(b"plain text" * 1000),
    "zeros.gz": gzip.compress(b"\0" * 3_000_000),
    "torn.gz": gzip.compress(b"plain text" * 1000)[:-20],
    "good.txt": b"plain text that is long enough " * 300,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "nothing").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "more", "words"),
    [
        ("empty.txt", (), ("--config.task.path=", "empty.txt", "the text is empty")),
        ("short.txt", (), ("9 symbols", "3,232", "batch_size=32", "chunk_length=100", "lower one")),
        ("missing.txt", (), ("--config.task.path=", "missing.txt", "no such file")),
        ("good.txt,FOLDER/missing.txt", (), ("missing.txt", "no such file")),
        # An empty path would be the current folder, with all that is in it.
        ("good.txt,", (), ("good.txt,", "empty path", "comma")),
        ("nothing", (), ("nothing", "no file in this folder", "--config.task.glob='**/*'")),
        ("", ("--config.task.glob=*.zzz",), ("--config.task.glob='*.zzz'",)),
        ("", ("--config.task.glob=/abs/*",), ("--config.task.glob='/abs/*'", "no pattern")),
        ("", ("--config.task.glob=",), ("--config.task.glob=''", "no pattern")),
        ("x" * 5000, (), ("--config.task.path=", "cannot be")),
        ("text.tar.xz", (), ("text.tar.xz", "packed with xz", "unpack it first")),
        ("zeros.gz", ("--config.task.most_bytes=1000000",), ("zeros.gz", "1,000,000", "--config.task.most_bytes")),
        ("short.txt", ("--config.task.most_bytes=-1",), ("--config.task.most_bytes=-1", "at least 0")),
        ("torn.gz", (), ("torn.gz", "cannot be read")),
        (
            "latin.txt",
            ("--config.task.level=codepoints",),
            ("latin.txt", "not UTF-8", "0xe9", "offset 3", "level=bytes"),
        ),
        ("latin.txt", ("--config.task.level=words",), ("latin.txt", "not UTF-8", "level=bytes")),
        ("binary.bin", ("--config.task.level=codepoints",), ("binary.bin", "offset 1100", "level=bytes")),
        ("good.txt", ("--config.task.text=hello",), ("--config.task.path", "--config.task.text", "leave one")),
        (
            "good.txt",
            ("--config.task.validation_fraction=0.6", "--config.task.test_fraction=0.4"),
            ("validation_fraction=0.6", "test_fraction=0.4", "leave something to train on"),
        ),
        ("good.txt", ("--config.task.test_fraction=0.0001",), ("test", "0 symbols", "test_fraction")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_text_that_cannot_be_read(
    call: WarmPython, folder: Path, path: str, more: tuple[str, ...], words: tuple[str, ...]
):
    where = f"{folder}/{path}".replace("FOLDER", str(folder))
    refused(call("train", TINY, f"--workdir={folder}/run", f"--config.task.path={where}", *more), *words)
    assert not (folder / "run").exists()
