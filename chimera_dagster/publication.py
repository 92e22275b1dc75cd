"""Which reports are published: the index over every trial, written from the documents that the trials left."""

from typing import NamedTuple
from urllib.parse import quote

from chimera_dagster.recorded import read_metrics
from chimera_dagster.render.html import to_html
from chimera_dagster.render.index import Entry, build_index
from chimera_dagster.render.markdown_writer import to_markdown
from chimera_dagster.store import Store, write_text


class Published(NamedTuple):
    """How many reports the index shows, keeps out, and waits for."""

    published: int
    withheld: int
    waiting: int


def write_index(store: Store) -> Published:
    """Write index.html and index.md beside the trials' folders. A trial without a report is counted, not listed."""
    entries: list[Entry] = []
    plans = store.plans()
    for plan in plans:
        folder, metrics = store.folder_of(plan.trial), read_metrics(store, plan.trial)
        if metrics is None or not folder.page.exists():
            continue
        href = quote(folder.page.relative_to(store.runs).as_posix(), safe="/@+")
        entries.append(Entry(metrics, href, "" if metrics.grounding.is_published else metrics.grounding.said))
    page = build_index(entries, len(plans) - len(entries))
    write_text(store.index, to_html(page))
    write_text(store.index.with_suffix(".md"), to_markdown(page))
    withheld = sum(bool(entry.withheld) for entry in entries)
    return Published(len(entries) - withheld, withheld, len(plans) - len(entries))
