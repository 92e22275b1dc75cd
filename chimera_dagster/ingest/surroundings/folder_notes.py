"""What notes beside results say of the machine and the engine: a line `GPU: RTX 3090` in a README.

That holds for the files of its folder and the folders below. It is taken only if nothing contradicts it: the notes of a
folder name one graphics card and no other anywhere in their text, and no path below the folder names another one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from chimera_dagster.ingest.discover import FoundFile, Noted
from chimera_dagster.ingest.engine_names import is_engine_with_version
from chimera_dagster.ingest.surroundings.path_names import card_in_path, cards_in_text, engines_in_text
from chimera_dagster.ingest.text import decode

_MOST_BYTES = 256 * 1024
_NOTES = re.compile(
    r"(?:readme|notes?|hardware|setup|system|environment|machine|specs?|about|info|rig|methodology)(?:[-_ .].*)?",
    re.IGNORECASE,
)
_MARK = r"[*_` \t]{0,4}"
_LINE = re.compile(
    rf"^[ \t>*+|_`#-]{{0,12}}(?P<name>[A-Za-z][A-Za-z /]{{0,30}}[A-Za-z]){_MARK}[:=|\uff1a]{_MARK}"
    r"(?P<value>\S.{0,160})",
    re.MULTILINE,
)
_OF_GPU = frozenset(
    {
        "gpu",
        "graphics card",
        "hardware",
        "machine",
        "accelerator",
        "device",
        "chip",
        "soc",
        "test machine",
        "test system",
    }
    | {"system", "gpu model", "gpu name", "hardware platform", "test hardware", "platform", "graphics", "host"}
)
_OF_ENGINE = frozenset(
    {"engine", "inference engine", "backend", "inference backend", "runtime", "inference server", "server", "framework"}
    | {"serving engine", "inference runtime", "inference framework"}
)


_NOTHING = Noted()


def with_notes(found: Sequence[FoundFile]) -> list[FoundFile]:
    """The files with what the notes of the nearest folder say, for those whose folders have notes."""
    noted = _by_folder(found)
    if not noted:
        return [*found]
    return [file._replace(noted=_nearest(file.path, noted)) for file in found]


def digest_of_notes(found: Iterable[FoundFile]) -> str:
    """Equal if the notes of a folder's files say the same; empty if they say nothing."""
    said = sorted({(file.path.rpartition("/")[0], *file.noted) for file in found if file.noted != _NOTHING}, key=str)
    return repr(said) if said else ""


def _by_folder(found: Sequence[FoundFile]) -> dict[str, Noted]:
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in found:
        folder, _, name = file.path.rpartition("/")
        is_short = file.kind in ("markdown", "text") and not file.problem and file.size <= _MOST_BYTES
        if is_short and _NOTES.fullmatch(name.rpartition(".")[0]) and (text := _text_of(file.full)):
            texts[folder].append((file.path, text))
    noted = {folder: said for folder, notes in texts.items() if (said := _said(notes)) != _NOTHING}
    for folder in [folder for folder, said in noted.items() if said.gpu]:
        inside = (file.path for file in found if not folder or file.path.startswith(f"{folder}/"))
        others = {gpu for path in inside if (gpu := card_in_path(path)[0])}
        if others - {noted[folder].gpu} and not _is_one({*others, noted[folder].gpu or ""}):
            noted[folder] = noted[folder]._replace(gpu=None, gpu_source=None)
    return {folder: said for folder, said in noted.items() if said != _NOTHING}


def _is_one(cards: set[str]) -> bool:
    return len(cards_in_text(", ".join(sorted(cards)))) == 1


def _text_of(full: str) -> str:
    try:
        with open(full, "rb") as content:
            return decode(content.read(_MOST_BYTES)).text
    except OSError:
        return ""


def _said(notes: Sequence[tuple[str, str]]) -> Noted:
    """What the notes of one folder say together."""
    whole = "\n".join(text for _, text in notes)
    lines = [(path, *line) for path, text in notes for line in _lines(text)]
    cards, engines = cards_in_text(whole), engines_in_text(whole)
    gpu = gpu_source = backend = backend_source = None
    if len(cards) == 1:
        named = [(path, value) for path, name, value in lines if name in _OF_GPU and cards_in_text(value)]
        if named:
            gpu_source, value = named[0]
            gpu = next(iter(cards_in_text(value).values()))
    if len(engines) == 1:
        named = [
            (path, value.strip(" *`.|")) for path, name, value in lines if name in _OF_ENGINE and engines_in_text(value)
        ]
        if named and is_engine_with_version(named[0][1].partition("(")[0].partition(",")[0].strip()):
            backend_source, backend = named[0][0], next(iter(engines))
    return Noted(gpu, gpu_source, backend, backend_source)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for found in _LINE.finditer(text):
        yield " ".join(found["name"].casefold().split()), found["value"]


def _nearest(path: str, noted: dict[str, Noted]) -> Noted:
    folder = path.rpartition("/")[0]
    while True:
        if folder in noted:
            return noted[folder]
        if not folder:
            return _NOTHING
        folder = folder.rpartition("/")[0]
