"""Tables whose metric only their caption names."""

import re
from collections.abc import Sequence

from chimera_dagster.ingest.meanings import meaning
from chimera_dagster.ingest.quantities import quantity_in
from chimera_dagster.ingest.remembered import remembered
from chimera_dagster.ingest.tables.heading import Heading
from chimera_dagster.ingest.tables.parts import Row, is_known, is_setting
from chimera_dagster.ingest.tables.subjects import is_change, names_model, subject_of
from chimera_dagster.ingest.units import is_unit

_UNIT_IN_CAPTION = re.compile(r"[(\[](?:unit:|in)?+\s*+(?P<unit>[^()\[\]]{1,40})[)\]]", re.IGNORECASE)
_LONGEST_CAPTION, _LONGEST_NAME = 200, 4  # characters, words


def matrix_of(found: Heading, body: Sequence[Row], caption: str) -> Heading | None:
    """The header of a table with a column for each model, quantization or GPU and the metric only in its caption.

    None if the table or its caption is another one.
    """
    first, *others = found.names
    if len({*others}) < len(others) or not others or found.subjects or found.units or not is_setting(first):
        return None
    subjects = [name for name in others if not is_change(name)]
    if not subjects or not all(map(_says_subject, subjects)) or not (said := metric_in(caption)):
        return None
    cells = [cell for row in body for cell in row[1:] if quantity_in(cell.partition("±")[0]) is not None]
    if len({row[0] for row in body}) < len(body) or 3 * len(cells) < len(body) * len(others):
        return None
    name, unit = said
    return Heading((first, *[name] * len(others)), (None, *[unit] * len(others)), found.rows, ("", *others))


def _says_subject(name: str) -> bool:
    return not is_known(name) and (subject_of(name)[0] in ("quantization", "gpu") or names_model(name))


@remembered(maxsize=1_024)
def metric_in(caption: str) -> tuple[str, str] | None:
    """The name of a metric in a caption such as `Average decode speed (tok/s) on one GPU`, and its unit."""
    for found in _UNIT_IN_CAPTION.finditer(caption[:_LONGEST_CAPTION]):
        unit = found["unit"].replace(" ", "")
        words = re.findall(r"[\w/%-]+", caption[: found.start()])
        for count in range(min(_LONGEST_NAME, len(words)), 0, -1):
            name = " ".join(words[-count:])
            if is_unit(unit) and meaning(name, unit).unit:
                return name, unit
    return None
