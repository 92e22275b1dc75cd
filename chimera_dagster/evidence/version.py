"""Which code computed a folder's facts."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def evidence_version() -> str:
    """Digest of this package: equal where the same measurements give the same facts."""
    folder = Path(__file__).parent
    sources = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(repr(sources).encode()).hexdigest()[:12]
