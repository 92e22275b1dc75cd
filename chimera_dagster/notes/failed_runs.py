"""Runs that failed, by model and setup: failures of one load say more than a share over all."""

from typing import NamedTuple

from chimera_dagster.evidence.findings.cells import placed
from chimera_dagster.evidence.findings.failures import FailedRuns
from chimera_dagster.evidence.setups import Setup, canonical
from chimera_dagster.notes.context import NoteContext
from chimera_dagster.schemas import FAILED

_MOST_OF_ALL = 0.5  # of the failures, for one setup to be named


class FailedAt(NamedTuple):
    """Of `runs` runs of a model under one setup `failed` ones failed."""

    model: str
    setup: Setup
    failed: int
    runs: int

    @property
    def key(self) -> tuple[str, str]:
        return self.model, canonical(self.setup)


def failed_at(data: NoteContext) -> dict[tuple[str, str], FailedAt]:
    """By model and canonical setup, of files in which other runs worked; records that name no model are left out."""
    files = [each.about.file for each in data.found("failed_runs_of_files", FailedRuns) if not each.about.whole]
    table = data.data.table
    files = [file for file in files if file not in data.data.duplicates]
    rows = table[((table["metric"] == FAILED) & table["file"].isin(files)).to_numpy()]
    broken = placed(rows.drop_duplicates(["file", "record"]))
    if not len(broken.frame):
        return {}
    good = placed(data.data.runs)
    worked = {(model, good.keys[setup]): len(places) for model, setup, places in good.groups()}
    found: dict[tuple[str, str], FailedAt] = {}
    for model, setup, places in broken.groups():
        runs = len(places) + worked.get((model, broken.keys[setup]), 0)
        found[model, broken.keys[setup]] = FailedAt(model, broken.setups[setup], len(places), runs)
    return found


def most_failed(data: NoteContext, failures: int) -> FailedAt | None:
    """The model and setup of most of so many failures, if there are several and other setups of the model have runs."""
    found = failed_at(data)
    top = max(found.values(), key=lambda each: each.failed, default=None)
    if top is None or top.failed < 2 or top.failed <= _MOST_OF_ALL * failures:
        return None
    good = placed(data.data.runs)
    others = any(model == top.model and good.keys[setup] != top.key[1] for model, setup, _ in good.groups())
    return top if others else None
