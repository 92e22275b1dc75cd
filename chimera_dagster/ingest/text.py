"""From bytes to text."""

import codecs
from typing import NamedTuple

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Decoded(NamedTuple):
    """A text, the encoding that gave it, and what is wrong where there is no text; then the text is empty."""

    text: str
    encoding: str | None
    problem: str = ""


def decode(raw: bytes) -> Decoded:
    """Decode UTF-8, UTF-16 with a byte order mark, else Latin-1."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            try:
                return Decoded(raw.decode(encoding), encoding)
            except UnicodeDecodeError as error:
                return Decoded("", encoding, f"byte {error.start}: marked as {encoding}, but {error.reason}")
    if b"\0" in raw:  # Latin-1 decodes anything, and a text holds no zero bytes
        return Decoded("", None, f"byte {raw.index(0)} is zero: binary data, or UTF-16 without its mark")
    try:
        return Decoded(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return Decoded(raw.decode("latin-1"), "latin-1")
