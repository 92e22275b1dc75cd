"""A Unix socket for a server in this process, in a folder that only this user can open."""

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "chimera-llama-"
_NAME = "llama.sock"  # llama.cpp takes an address for a path if it ends in .sock
_LONGEST_FOLDER = 69  # bytes: a socket's path has 103 on macOS and 107 on Linux, of which prefix and name take 34


class PrivateSocket:
    """The path of a socket that does not exist yet; `remove` deletes it with its folder."""

    def __init__(self) -> None:
        _remove_stale()
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_parent(), ignore_cleanup_errors=True)

    @property
    def path(self) -> Path:
        return Path(self._folder.name, _NAME)

    def remove(self) -> None:
        self._folder.cleanup()


def _parent() -> str:
    """The folder for temporary files, or /tmp if its path is too long for a socket."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= _LONGEST_FOLDER else "/tmp"


def _remove_stale() -> None:
    """Remove what killed processes of this user left: the sockets that refuse a connection."""
    for path in Path(_parent()).glob(f"{_PREFIX}*/{_NAME}"):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(path))
            except ConnectionRefusedError:
                shutil.rmtree(path.parent)
