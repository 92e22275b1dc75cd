"""From bytes to text."""

import codecs
from typing import NamedTuple

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# UTF-16's mark as some tools write it: its two bytes taken for Latin-1 and written as UTF-8
_MANGLED_MARKS = (codecs.BOM_UTF16_LE.decode("latin-1").encode(), codecs.BOM_UTF16_BE.decode("latin-1").encode())


class Decoded(NamedTuple):
    """A text and the encoding that gave it; if the bytes can't be decoded, an empty text and the problem."""

    text: str
    encoding: str | None
    problem: str = ""


def decode(raw: bytes, *, cut: bool = False) -> Decoded:
    """Decode UTF-8, UTF-16 with or without its byte order mark, else Latin-1.

    With `cut` the end may be half a character.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw, encoding, cut=cut)
    if b"\0" in raw:  # Latin-1 decodes anything, and a text holds no zero bytes
        return _unmarked_utf16(raw) or Decoded("", None, f"byte {raw.index(0)} is zero: binary data")
    decoded = _decoded(raw, "utf-8", cut=cut)
    return Decoded(raw.decode("latin-1"), "latin-1") if decoded.problem else decoded


def _decoded(raw: bytes, encoding: str, *, cut: bool) -> Decoded:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(raw) if cut else raw.decode(encoding)
        return Decoded(text, encoding)
    except UnicodeDecodeError as error:
        return Decoded("", encoding, f"byte {error.start}: marked as {encoding}, but {error.reason}")


def _unmarked_utf16(raw: bytes) -> Decoded | None:
    """UTF-16 of a text that is mostly Latin has a zero byte in nearly every pair, always on the same side."""
    body = next((raw.removeprefix(mark) for mark in _MANGLED_MARKS if raw.startswith(mark)), raw)
    body = body[: len(body) // 2 * 2]
    low, high = body[::2].count(0), body[1::2].count(0)
    if 4 * max(low, high) < len(body) or min(low, high) * 10 > max(low, high):
        return None
    encoding = "utf-16-le" if high > low else "utf-16-be"
    decoded = _decoded(body, encoding, cut=True)
    return None if decoded.problem or "\0" in decoded.text else decoded
