"""A file of lines, read one by one: it needs the memory of its longest line."""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from io import BufferedReader

LONGEST_LINE = 16 * 1024 * 1024  # bytes; a longer one is left out


class LineStream:
    """The lines of a file as text, with their ends. Iterate once; then `digest` and `size` are those of the file.

    A line that is not UTF-8 is read as Latin-1, and `encoding` says so; one that is too long is empty and reported.
    """

    def __init__(self, content: BufferedReader, problem: Callable[[str], object]) -> None:
        self._content, self._problem, self._hash = content, problem, hashlib.sha256()
        self.size, self.encoding = 0, "utf-8"

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[str]:
        number = 0
        while line := self._piece():
            number += 1
            if number == 1 and line.startswith(codecs.BOM_UTF8):
                line, self.encoding = line[len(codecs.BOM_UTF8) :], "utf-8-sig"
            if len(line) > LONGEST_LINE:
                self._problem(f"line {number} has over {LONGEST_LINE} bytes and was left out")
                while not line.endswith(b"\n") and (line := self._piece()):
                    pass
                yield ""
            else:
                yield self._text(line)

    def _piece(self) -> bytes:
        """The next line, or as much of it as is kept in memory."""
        piece = self._content.readline(LONGEST_LINE + 1)
        self._hash.update(piece)
        self.size += len(piece)
        return piece

    def _text(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.encoding = "latin-1"
            return line.decode("latin-1")


def is_utf_16(beginning: bytes) -> bool:
    """Whether a file that begins so must be decoded as a whole: lines of UTF-16 don't end in a byte of their own."""
    return beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in beginning
