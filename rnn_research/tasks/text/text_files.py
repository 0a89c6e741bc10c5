"""The bytes of one file of the user's: packed or plain, never endless, never a pipe that blocks.

A file is told by its content. gzip is unpacked, whatever the name; what other
packers made is refused. A file that holds more than ``most`` bytes, or that unpacks
to more, is refused before it is read whole.
"""

import math
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from rnn_research.errors import UserError

BLOCK = 1 << 20
PACKERS = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7-zip",
}
GZIP = b"\x1f\x8b\x08"
"""The first bytes of a gzip member that is deflated, as all are (RFC 1952)."""

ENDINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip", ".7z": "7-zip"}
"""What a file is packed with by its name, if it is."""

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
CONTROLS = bytes(sorted({*range(32), 127} - set(b"\a\b\t\n\v\f\r\x1b")))
MOST_CONTROLS = 0.02


class TooLong(Exception):
    """A file has more text than there is room for."""


class Packed(UserError):
    """A file is packed in a way that is not unpacked here."""


def read_file(path: Path, flag: str, room: float = math.inf) -> bytes:
    """The text of a file.

    Args:
      path: of the file.
      flag: by which the user named it.
      room: bytes that the text may have, unpacked.

    Raises:
      UserError: for a pipe, a device, a file that cannot be read, is damaged or packed in another way.
      TooLong: if it has more than there is room for.
    """
    try:
        kind = os.stat(path).st_mode
        if name := next((name for of_kind, name in KINDS if of_kind(kind)), ""):
            raise UserError(f"{flag}={path} is {name}, not a file: save the text in a file and name that")
        # What opens at once may still block or have no end when read, as /proc/kmsg does.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = os.fstat(file).st_size
            begin = os.read(file, BLOCK)
            if packer := next((name for magic, name in PACKERS.items() if begin.startswith(magic)), ""):
                raise Packed(f"{flag}={path} is packed with {packer}: unpack it first, or pack it with gzip")
            unpacker = _Unpacker() if begin.startswith(GZIP) else None
            if unpacker is None and size > room:
                raise TooLong
            pieces, length = [], 0
            while begin:
                for piece in (begin,) if unpacker is None else unpacker.unpack(begin):
                    pieces.append(piece)
                    length += len(piece)
                    if length > room:
                        raise TooLong
                begin = os.read(file, BLOCK)
            if unpacker is not None:
                unpacker.close()
        finally:
            os.close(file)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{flag}={path}: cannot be read ({error})") from error
    return b"".join(pieces)


def unlike_its_name(path: Path) -> str:
    """What a file is packed with by its name alone; empty where that promises nothing, or it is gzip.

    Raises:
      OSError: if it cannot be read, which those who ask have done.
    """
    packer = ENDINGS.get(path.suffix.lower(), "")
    if not packer:
        return ""
    with open(path, "rb") as file:
        return "" if file.read(len(GZIP)) == GZIP else packer


def is_binary(text: bytes) -> bool:
    """Whether it is no text in any encoding: a NUL, or no UTF-8 and more than 2 in 100 control characters.

    Texts in Latin-1 and its like have no control characters; of bytes drawn at random a tenth are.
    """
    if b"\0" in text:
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return len(text) - len(text.translate(None, CONTROLS)) > MOST_CONTROLS * len(text)
    return False


class _Unpacker:
    """gzip members one after another, a bounded piece at a time."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """Pieces of at most ``BLOCK`` bytes of what is packed here.

        Raises:
          zlib.error: if it is damaged.
        """
        while packed:
            if self._member.eof:
                packed = packed.lstrip(b"\0")  # archives are filled up with zeros
                if not packed:
                    return
                self._member = zlib.decompressobj(wbits=31)
            yield self._member.decompress(packed, BLOCK)
            packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def close(self) -> None:
        """Raises EOFError if the last member is not whole."""
        if not self._member.eof:
            raise EOFError("it ends within the packed text")
