"""The index: the brief, and all trials with their reports."""

from typing import NamedTuple

from chimera_dagster.compare.comparison import Comparison
from chimera_dagster.compare.regression import regress
from chimera_dagster.errors import DamagedFileError, InputError, NotIngestedError
from chimera_dagster.notes.brief import Brief
from chimera_dagster.records.documents import IngestRecord
from chimera_dagster.records.pages import END_OF_MARKDOWN
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.index.index_page import build_index
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.steps.evidence import Evidence, is_evidence_current
from chimera_dagster.steps.sweep_comparison import read_baseline


class Published(NamedTuple):
    """How many reports the index shows, and how many trials have none yet."""

    published: int
    waiting: int


def write_index(store: Store, comparison: Comparison) -> Published:
    """Write index.html and index.md beside the trials' folders; against the saved baseline, if there is one.

    If the baseline can't be read, because it is of an older version for example, the page says so.
    """
    shown = sum(trial.href is not None for trial in comparison.trials)
    try:
        baseline = read_baseline(store, None)
    except InputError as error:
        against = str(error)
    else:
        against = regress(baseline[1], comparison, baseline[0]) if baseline else None
    page = build_index(read_brief(store), comparison, against)
    write_text(store.index, to_html(page))
    write_text(store.index.with_suffix(".md"), to_markdown(page) + END_OF_MARKDOWN)
    return Published(shown, len(comparison.trials) - shown)


def read_brief(store: Store) -> Brief | None:
    """The brief of the tables, as in brief.html; None if that was not written from them by this version."""
    try:
        record = store.read_json("ingest", IngestRecord)
        if not store.brief.is_file() or not is_evidence_current(store, record.digest):
            return None
        files, measurements = store.read_table("benchmark_files"), store.read_table("measurements", categories=True)
    except (NotIngestedError, DamagedFileError):
        return None
    return Evidence(files, measurements).brief
