"""The vocabulary that this process uses: the packaged one, with the names of the user's file if there is one."""

import hashlib
from pathlib import Path

from chimera_dagster.errors import SpecError
from chimera_dagster.files.opening import read_bytes
from chimera_dagster.ingest.packaged_vocabulary import Vocabulary, packaged
from chimera_dagster.ingest.remembered import forget, remembered
from chimera_dagster.ingest.user_vocabulary import extended, read_user_vocabulary
from chimera_dagster.spec.yaml_text import MOST_BYTES as MOST_YAML
from chimera_dagster.text.foreign import shown


@remembered()
def vocabulary() -> Vocabulary:
    """The packaged vocabulary, with the user's names in it."""
    return _user_file.words or packaged()


def use_file(path: Path | None) -> str:
    """From now on read names as this file of the user's says; returns its digest, empty without a file.

    Raises SpecError if it is not valid. What was derived from other names is forgotten.
    """
    try:
        content = read_bytes(path, MOST_YAML) if path else b""
    except OSError as error:
        raise SpecError(
            f"{shown(path)} can't be read: {error.strerror}.", hint="It is named as the vocabulary."
        ) from error
    if content != _user_file.content:
        words = extended(packaged(), read_user_vocabulary(path), path) if path else None
        _user_file.path, _user_file.words, _user_file.content = path, words, content
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
