"""The vocabulary that this process uses: the packaged one, with the names of the user's file if there is one."""

import hashlib
from pathlib import Path

from chimera_dagster.errors import SpecError
from chimera_dagster.ingest.packaged_vocabulary import Vocabulary, packaged
from chimera_dagster.ingest.remembered import forget, remembered
from chimera_dagster.ingest.user_vocabulary import extended, read_user_vocabulary


@remembered()
def vocabulary() -> Vocabulary:
    """The packaged vocabulary, with the user's names in it."""
    return _user_file.words or packaged()


def use_file(path: Path | None) -> str:
    """From now on read names as this file of the user's says; returns its digest, empty without a file.

    Raises SpecError if it is not valid. What was derived from other names is forgotten.
    """
    try:
        content = path.read_bytes() if path else b""
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"{path} can't be read: {why}.", hint="It is named as the vocabulary.") from error
    if content != _user_file.content:
        _user_file.path = path
        _user_file.words = extended(packaged(), read_user_vocabulary(path), path) if path else None
        _user_file.content = content
        forget()
    return hashlib.sha256(content).hexdigest()[:12] if path else ""


def file_in_use() -> Path | None:
    """The file that `use_file` named last."""
    return _user_file.path


class _UserFile:
    """The file that is in use in this process."""

    path: Path | None = None
    content = b""
    words: Vocabulary | None = None


_user_file = _UserFile()
