"""The risk of numbers and files that were not read and might matter."""

from collections.abc import Iterator

import pandas as pd

from chimera_dagster.evidence.findings.finding import WHOLE_FILE
from chimera_dagster.evidence.runs import MOST_SOURCES
from chimera_dagster.notes.advice import Basis, risk
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.notes.naming import files_in_words
from chimera_dagster.notes.note import Note, Scope
from chimera_dagster.notes.phrase import Phrase, count, phrase, setting, share
from chimera_dagster.notes.rules.unknown_numbers import TEACH
from chimera_dagster.schemas import UNREAD_STATUSES

_WEIGHT = 95.0
_LEAST_SHARE = 0.05


def unread_data(data: NoteContext) -> Iterator[Note]:
    """A note of files that could not be read, and one if a twentieth of all numbers has unknown names."""
    files = data.data.files
    broken = files[files["status"].isin(UNREAD_STATUSES).to_numpy()]
    if len(broken):
        parts: dict[str, str | Phrase] = {
            "names": files_in_words(sorted(str(path) for path in broken["path"])),
            "was": "was" if len(broken) == 1 else "were",
            "it": "it holds" if len(broken) == 1 else "they hold",
        }
        yield risk(
            "unread_data",
            _WEIGHT + 10,
            (
                phrase("{names} {was} not read in full, and what {it} may change the picture.", **parts),
                phrase("What {it} may change the picture: {names} {was} not read in full.", **parts),
            ),
            phrase("Repair or export the {file} again.", file="file" if len(broken) == 1 else "files"),
            Basis(Scope(n=len(broken), files=len(broken)), _whole(broken["path"])),
        )
    total, covered = int(files["numbers"].sum()), int(files["covered"].sum())
    if total - covered > _LEAST_SHARE * total:
        rows = files[(files["covered"] < files["numbers"]).to_numpy()]
        some = phrase("{p} of {n}", p=share((total - covered) / total), n=count(total, "number"))
        yield risk(
            "unread_data",
            _WEIGHT,
            (
                phrase("{some} have names that nothing here knows; one of them may be what you look for.", some=some),
                phrase("Nothing here uses {some}, as it does not know their names; some may matter.", some=some),
            ),
            phrase("Look through them with {teach} and name those that matter.", teach=setting(TEACH)),
            Basis(Scope(n=total - covered, files=len(rows)), _whole(rows["path"])),
        )


def _whole(paths: "pd.Series[str]") -> list[tuple[str, str]]:
    return [(str(path), WHOLE_FILE) for path in paths][:MOST_SOURCES]
