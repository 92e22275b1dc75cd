"""What a known format is: how its files are recognised, and how they are read.

A tool that measures is a condition of its records: each defines its load and its clock in its own way. A format
`of_engine` holds what an engine says of its own calls, to which that does not apply.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from chimera_dagster.ingest.formats.document import Document
from chimera_dagster.ingest.formats.grid import Grid
from chimera_dagster.ingest.formats.lines import Lines


class NotThisFormatError(Exception):
    """What looked like a known format is not one, or is a version that can't be read; the message says what is wrong.

    Nothing that its reader has added so far is kept.
    """


class DocumentFormat(NamedTuple):
    """A JSON object with all `keys` at its top; `matches` looks closer if the keys alone are not enough."""

    name: str
    keys: frozenset[str]
    read: Callable[[Document], None]
    matches: Callable[[Mapping[str, Any]], bool] = lambda _: True
    of_engine: bool = False


class TableFormat(NamedTuple):
    """A table whose header has all `columns`, in lower case; `matches` gets the header as written.

    `under` gets the headings above a table of a Markdown page, the nearest one first; of a CSV file, none.
    """

    name: str
    columns: frozenset[str]
    read: Callable[[Grid], None]
    matches: Callable[[tuple[str, ...]], bool] = lambda _: True
    under: Callable[[Sequence[str]], bool] = lambda _: True
    of_engine: bool = False


class TextFormat(NamedTuple):
    """Lines of text, one of which matches `sign`.

    It is searched for in lines and in whole texts: it must take linear time, and needs `(?m)` if it has `^` or `$`.
    `within` is a part of all that it matches, which is looked for first: that takes a tenth of the time.
    """

    name: str
    sign: re.Pattern[str]
    read: Callable[[Lines], None]
    within: str = ""
    of_engine: bool = False
