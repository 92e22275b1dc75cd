"""The asset `brief`: what code says about the reports folder, as one HTML page and as Markdown."""

import os
from pathlib import Path
from urllib.parse import quote

from chimera_dagster.notes.brief import Brief
from chimera_dagster.records.pages import END_OF_MARKDOWN
from chimera_dagster.records.store import Store, write_text
from chimera_dagster.render.brief.evidence import EVIDENCE_TITLE
from chimera_dagster.render.brief.page import brief_page
from chimera_dagster.render.html_writer import to_html
from chimera_dagster.render.markdown_writer import to_markdown, without_links


def write_brief(store: Store, brief: Brief, reports: Path) -> Path:
    """Write brief.html and brief.md; returns the path of the latter."""
    page = brief_page(brief, address_of(reports, store.brief.parent))
    write_text(store.brief.with_suffix(".html"), to_html(page))
    return write_text(store.brief, to_markdown(page) + END_OF_MARKDOWN)


def preview_of(markdown: str) -> str:
    """brief.md up to its evidence, without links, for a place where they lead nowhere."""
    return without_links(markdown.partition(f"\n## {EVIDENCE_TITLE}\n")[0])


def address_of(reports: Path, folder: Path) -> str:
    """The relative address of the reports folder for a page in `folder`."""
    return quote(os.path.relpath(reports, folder).replace(os.sep, "/")) + "/"
