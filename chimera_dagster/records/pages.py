"""How a page ends, by which one is recognised that was cut off."""

from pathlib import Path

from chimera_dagster.errors import DamagedFileError
from chimera_dagster.records.reading import read_file

END_OF_MARKDOWN = "\n[//]: # (end of page)\n"  # which no viewer shows
_ENDS = {".html": b"</html>\n", ".md": END_OF_MARKDOWN.encode()}


def check_page(path: Path, fix: str) -> None:
    """Raises FileNotFoundError, and DamagedFileError if the page does not end as it should."""
    if not read_file(path, fix).endswith(_ENDS[path.suffix]):
        raise DamagedFileError(f"{path} is empty or damaged.", hint=fix)


def is_page(path: Path) -> bool:
    """Whether there is a whole page."""
    try:
        check_page(path, "")
    except (FileNotFoundError, DamagedFileError):
        return False
    return True
