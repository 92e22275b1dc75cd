"""Which code made a file: two runs of the same code on the same input give the same."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def code_version(package: str, *endings: str) -> str:
    """Digest of a package's files with these endings, those in its folders included; the package is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not a package.")
    folder = Path(spec.submodule_search_locations[0])
    found = sorted(path for path in folder.rglob("*") if path.name.endswith(endings))
    sources = [(path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")) for path in found]
    return hashlib.sha256(repr(sources).encode()).hexdigest()[:12]
