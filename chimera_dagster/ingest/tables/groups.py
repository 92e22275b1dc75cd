"""Tables with a group of columns for each model, or another subject, in a row."""

from collections.abc import Iterator
from typing import NamedTuple

from chimera_dagster.ingest.tables.heading import Heading
from chimera_dagster.ingest.tables.parts import Part, Row
from chimera_dagster.ingest.tables.subjects import is_change, subject_of


class Groups(NamedTuple):
    """A table with a group of columns for each model, or another subject, in a row."""

    heading: Heading

    def parts(self, row: Row) -> Iterator[Part]:
        """A record for each group: its columns and those that are in none."""
        names, units, _, subjects, about, _ = self.heading
        common = [place for place, subject in enumerate(subjects) if not subject]
        for subject in dict.fromkeys(filter(None, subjects)):
            own = [place for place, other in enumerate(subjects) if other == subject]
            if not about and is_change(subject):  # compares the others
                compared = tuple(f"{names[place]} {subject}" for place in own)
                yield Part(compared, [row[place] for place in own], (None,) * len(own), own[0])
                continue
            name, value = (about, subject) if about else subject_of(subject)
            places = [*common, *own]
            yield Part(
                (*(names[place] for place in places), name),
                [*(row[place] for place in places), value],
                (*(units[place] if units else None for place in places), None),
                own[0],
            )
