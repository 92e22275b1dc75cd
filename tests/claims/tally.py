"""How `chimera check` judges sentences that its author did not write.

`tests/data/claims/*.csv` has one file a writer: sentences about the folders `samples` and `served` beside them, and
whether each is true. Half of them, chosen by a hash, were looked at while the checker was written; the others were not.
"""

import csv
import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from chimera_dagster.grounding.folder import Folder
from chimera_dagster.grounding.outcome import OUTCOMES, CheckedSentence, Outcome, check_document
from chimera_dagster.ingest.folder import read_in_memory

DATA = Path(__file__).parents[1] / "data" / "claims"
Half = Literal["seen", "unseen"]


class Written(NamedTuple):
    """A sentence, the writer's name for what is false in it, and whether it is true."""

    writer: str
    folder: str
    text: str
    is_true: bool
    kind: str

    @property
    def half(self) -> Half:
        return "seen" if hashlib.sha256(self.text.encode()).digest()[0] % 2 else "unseen"


def written() -> list[Written]:
    found: list[Written] = []
    for path in sorted(DATA.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found += [
            Written(path.stem, row["folder"], row["sentence"], row["truth"] == "true", row["kind"]) for row in rows
        ]
    return found


@cache
def folder_of(name: str) -> Folder:
    read = read_in_memory(DATA / name)
    return Folder(read.files, read.measurements)


def worst(checked: list[CheckedSentence]) -> Outcome:
    """The outcome of a text of several sentences: contradicted before unread before supported."""
    found = {each.outcome for each in checked} or {"could not be read"}
    return next(outcome for outcome in ("contradicted", "could not be read", "supported") if outcome in found)


def tally(half: Half) -> Counter[tuple[bool, Outcome]]:
    """Counts by truth and outcome of one half."""
    chosen = [each for each in written() if each.half == half]
    return Counter((each.is_true, worst(check_document(each.text, folder_of(each.folder)))) for each in chosen)


def table() -> str:
    """Both halves as Markdown."""
    lines = [f"| half | sentences | {' | '.join(OUTCOMES)} |", f"|---|---:|{'---:|' * len(OUTCOMES)}"]
    for half in ("seen", "unseen"):
        counts = tally(half)
        for is_true in (True, False):
            total = sum(count for (truth, _), count in counts.items() if truth is is_true)
            cells = [f"{counts[is_true, outcome]} ({counts[is_true, outcome] / total:.0%})" for outcome in OUTCOMES]
            lines.append(f"| {half} | {total} {str(is_true).lower()} | {' | '.join(cells)} |")
    return "\n".join(lines)


def in_words() -> str:
    """What the help of `chimera check` says of the half that was not seen."""
    counts = tally("unseen")
    total = {
        is_true: sum(count for (truth, _), count in counts.items() if truth is is_true) for is_true in (True, False)
    }
    share = {key: f"{count / total[key[0]]:.0%}" for key, count in counts.items()}
    return (
        f"Measured on {total[False]} false and {total[True]} true sentences by three other writers, which were not "
        f"looked at while it was written: of the false ones {share[False, 'contradicted']} were contradicted and "
        f"{share[False, 'supported']} supported, of the true ones {share[True, 'supported']} were supported and "
        f"{share[True, 'contradicted']} contradicted. The others could not be read."
    )
