"""Byte order marks: what they say of a file's encoding is heeded, and they are no symbols of the text."""

import codecs

from rnn_research.errors import UserError

MARK = "\ufeff"
"""A byte order mark in a text that is decoded already."""

# UTF-32 first: its mark begins with that of UTF-16.
WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


class WrongMark(UserError):
    """A byte order mark of an encoding that the text is not in."""


def without_mark(text: bytes, source: str, keep_flag: str) -> tuple[bytes, str]:
    """A document in UTF-8, or in whatever it is without a mark, and the encoding that its mark told, or ``""``.

    Args:
      text: the whole document.
      source: what it is called, for errors.
      keep_flag: the field that keeps marks, for errors.

    Raises:
      WrongMark: if the mark is that of an encoding which the text is not in.
    """
    if text.startswith(codecs.BOM_UTF8):
        return text[len(codecs.BOM_UTF8) :], ""
    marked = [(encoding, name) for mark, encoding, name in WIDE if text.startswith(mark)]
    for encoding, name in marked:
        try:
            return text.decode(encoding).encode(), name
        except UnicodeDecodeError:
            continue
    if marked:
        raise WrongMark(
            f"{source} begins with the byte order mark of {marked[-1][1]} and is not {marked[-1][1]}: "
            f"save it as UTF-8, or set {keep_flag}=True to read its bytes as they are"
        )
    return text, ""
